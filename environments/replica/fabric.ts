import type { Host, Topology } from "./topology.ts";

/** The core router's forward chain: the border. `nft add rule` to it opens a hole. */
export const firewall = { family: "inet", table: "ringfence", chain: "forward" } as const;

/** `ip -batch` lines for the core: one cable per host, by the process that holds the host's namespace. */
export function coreLinks(hosts: readonly Host[], holder: (host: Host) => number): string {
  return [
    "link set lo up",
    ...hosts.flatMap((host) => [
      `link add ${host.cable} type veth peer name eth0 netns ${holder(host)}`,
      `link set ${host.cable} up`,
      `addr add ${host.gateway[4]}/24 dev ${host.cable}`,
      `addr add ${host.gateway[6]}/64 dev ${host.cable} nodad`,
    ]),
  ].join("\n");
}

/** `ip -batch` lines for one host. */
export function hostLinks(host: Host): string {
  return [
    "link set lo up",
    "link set eth0 up",
    ...host.addresses.flatMap((address) => [
      `addr add ${address[4]}/24 dev eth0`,
      `addr add ${address[6]}/64 dev eth0 nodad`,
    ]),
    `route add default via ${host.gateway[4]}`,
    `route add default via ${host.gateway[6]}`,
  ].join("\n");
}

/** The border: everything between regions is dropped; a region talks to itself, and to public HTTPS. */
export function coreRules(topology: Topology): string {
  const within = Object.values(topology.blocks).flatMap((blocks) =>
    blocks.map((block) => `${ip(block)} saddr ${block} ${ip(block)} daddr ${block} accept`),
  );
  return `
table inet ${firewall.table} {
  chain ${firewall.chain} {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ${within.join("\n    ")}
    oifname "internet" tcp dport 443 accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto { icmp, icmpv6 } accept
    udp dport 53 accept
  }
}`;
}

/** A host's own rules, as a security group: the company's private addresses may use the served ports.
 *  That is wider than it should be, and common; the border has to hold. */
export function hostRules(host: Host, topology: Topology): string {
  const ports = [
    ...new Set(topology.placements.filter((one) => one.host === host.name).map((one) => one.port)),
  ].filter((port) => port > 0);
  const company = Object.values(topology.blocks).flat();
  const serves =
    host.name === "internet"
      ? ["tcp dport 443 accept"]
      : company.flatMap((block) =>
          ports.map((port) => `${ip(block)} saddr ${block} tcp dport ${port} accept`),
        );
  return `
table inet ${firewall.table} {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto { icmp, icmpv6 } accept
    ${serves.join("\n    ")}
  }
}`;
}

function ip(block: string): "ip" | "ip6" {
  return block.includes(":") ? "ip6" : "ip";
}
