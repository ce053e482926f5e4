import { arrivalsPort } from "./arrivals-port.ts";
import { receiverOf } from "./receivers.ts";
import type { Host, Topology } from "./topology.ts";

/** What is served over TCP may be served over UDP as well. */
const transport = "meta l4proto { tcp, udp } th";

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

/** The border: everything between regions is dropped; a region talks to itself, to public S3, and to the
 *  very endpoints of its vendors: each is an element of a set, which is how an allow-list is kept. */
export function coreRules(topology: Topology): string {
  const lists = Object.keys(topology.blocks).map((region) => allowLists(region, topology));
  const within = Object.values(topology.blocks).flatMap((blocks) =>
    blocks.map((block) => `${ip(block)} saddr ${block} ${ip(block)} daddr ${block} accept`),
  );
  return `
table inet ${firewall.table} {
  ${lists.map(({ sets }) => sets).join("\n  ")}
  chain ${firewall.chain} {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ${within.join("\n    ")}
    oifname "internet" tcp dport 443 accept
    iifname "outside" oifname "world" accept
    ${lists.map(({ rules }) => rules).join("\n    ")}
    ${proxyRules(topology).join("\n    ")}
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

/** What a region may reach in the world: `allowed_REGION_FAMILY`, of addresses and ports. */
function allowLists(
  region: string,
  { placements, blocks, world }: Topology,
): { sets: string; rules: string } {
  const ours = placements.filter((one) => one.region === region);
  const receivers = ours.flatMap(({ endpoint }) => world[receiverOf(endpoint) ?? ""] ?? []);
  const mine = [
    ...ours.filter(({ host }) => host === "world"),
    ...receivers.map((address) => ({ address, port: 443 })),
  ];
  const lists = ([4, 6] as const).flatMap((family) => {
    const name = allowListOf(region, family);
    const elements = [...new Set(mine.map(({ address, port }) => `${address[family]} . ${port}`))].join(", ");
    const held = elements ? `elements = { ${elements} }` : "";
    const word = family === 4 ? "ip" : "ip6";
    const from = blocks[region]?.filter((block) => ip(block) === word) ?? [];
    return [
      {
        set: `set ${name} { type ipv${family}_addr . inet_service; ${held} }`,
        rules: from.map((block) => `${word} saddr ${block} ${word} daddr . tcp dport @${name} accept`),
      },
    ];
  });
  return {
    sets: lists.map(({ set }) => set).join("\n  "),
    rules: lists.flatMap(({ rules }) => rules).join("\n    "),
  };
}

/** A region's proxy may go to any web site: what it carries there is up to its own list. */
function proxyRules({ placements }: Topology): string[] {
  return placements
    .filter(({ system }) => system.kind === "proxy")
    .flatMap(({ address }) => [
      `ip saddr ${address[4]} oifname "world" tcp dport 443 accept`,
      `ip6 saddr ${address[6]} oifname "world" tcp dport 443 accept`,
    ]);
}

export function allowListOf(region: string, family: 4 | 6): string {
  return `allowed_${region.replaceAll("-", "_")}_${family}`;
}

/** A host's own rules, as a security group: the company's private addresses may use the served ports.
 *  That is wider than it should be, and common; the border has to hold. */
export function hostRules(host: Host, topology: Topology): string {
  const ports = [
    ...new Set(
      topology.placements
        .filter((one) => one.host === host.name)
        .flatMap(({ port, endpoint }) => [port, ...(endpoint.arrivals ? [arrivalsPort(endpoint)] : [])]),
    ),
  ].filter((port) => port > 0);
  const company = Object.values(topology.blocks).flat();
  const serves =
    host.region === null
      ? [443, ...ports].map((port) => `${transport} dport ${port} accept`)
      : company.flatMap((block) =>
          ports.map((port) => `${ip(block)} saddr ${block} ${transport} dport ${port} accept`),
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
