import { isIPv6 } from "node:net";
import { parseCidr } from "../../core/addresses.ts";
import { RingfenceError } from "../../core/errors.ts";
import { endpointOf, homesOf, type ResidencyMap, type System } from "../../core/residency-map.ts";

/** One address of each family. */
export interface Addresses {
  4: string;
  6: string;
}

export interface Host {
  name: string;
  region: string | null;
  /** Name of the core router's side of the cable. */
  cable: string;
  gateway: Addresses;
  addresses: Addresses[];
}

/** One system in one of its home regions, and where the replica serves it. */
export interface Placement {
  system: System;
  region: string;
  endpoint: Record<string, unknown>;
  address: Addresses;
  /** 0 where nobody listens. */
  port: number;
  /** The name of the host that serves it. */
  host: string;
}

export interface Topology {
  hosts: Host[];
  placements: Placement[];
  /** Region → its private blocks, as the map declares them. */
  blocks: Record<string, string[]>;
}

/** Hosts and addresses of the replica, from the map alone: in each region's blocks, subnet 1 is the
 *  app host's and subnet 2 the data host's, with one address per host name of the map; public endpoints are in
 *  TEST-NET-2 (RFC 5737) and in the documentation prefix (RFC 3849). */
export function layOut(map: ResidencyMap): Topology {
  const regions = Object.keys(map.regions);
  const placements: Placement[] = [];
  const hosts: Host[] = [{ ...internetHost, addresses: regions.map((_, index) => publicAddress(index)) }];
  for (const [index, region] of regions.entries()) {
    const subnet = subnetsOf(region, map.regions[region]?.addresses ?? []);
    const homed = map.systems.filter((system) => homesOf(system, map).includes(region));
    const data: Addresses[] = [];
    for (const system of homed) {
      const endpoint = endpointOf(system, region);
      const host = hostOf(system, region);
      const beside = placements.find((one) => one.region === region && one.endpoint.host === endpoint.host);
      const fixed = { internet: publicAddress(index), [`${region}/app`]: subnet(1, 10) }[host];
      const address = fixed ?? beside?.address ?? subnet(2, 10 + data.length);
      if (!fixed && !beside) data.push(address);
      placements.push({ system, region, endpoint, address, port: Number(endpoint.port ?? 0), host });
    }
    hosts.push(
      {
        name: `${region}/app`,
        region,
        cable: `r${index}app`,
        gateway: subnet(1, 1),
        addresses: [subnet(1, 10)],
      },
      {
        name: `${region}/data`,
        region,
        cable: `r${index}data`,
        gateway: subnet(2, 1),
        addresses: data.length > 0 ? data : [subnet(2, 10)],
      },
    );
  }
  const blocks = Object.fromEntries(regions.map((region) => [region, map.regions[region]?.addresses ?? []]));
  return { hosts, placements, blocks };
}

/** S3 is on the internet, where its policies have to stop everybody, unless the map keeps it private. A
 *  workload's settings are where the workload is. */
function hostOf({ kind, stopBy }: System, region: string): string {
  if (kind === "settings") return `${region}/app`;
  return kind === "s3" && stopBy !== "network" ? "internet" : `${region}/data`;
}

const internetHost = {
  name: "internet",
  region: null,
  cable: "internet",
  gateway: { 4: "198.51.100.1", 6: "2001:db8:100::1" },
};

function publicAddress(index: number): Addresses {
  return { 4: `198.51.100.${10 + index}`, 6: `2001:db8:100::${(0x10 + index).toString(16)}` };
}

function subnetsOf(region: string, blocks: readonly string[]): (subnet: number, host: number) => Addresses {
  const v4 = blocks.map(parseCidr).find((block) => block?.version === 4 && block.prefix <= 20);
  const v6 = blocks.map(parseCidr).find((block) => block?.version === 6 && block.prefix <= 60);
  if (!v4 || !v6) {
    throw new RingfenceError(
      "REPLICA_UNSUPPORTED",
      `the replica cannot lay out ${region}: it needs one IPv4 block of /20 or larger and one IPv6 block of /60 or larger`,
      {
        fix: `declare both under regions.${region}.addresses`,
      },
    );
  }
  const [a, b, c] = v4.address.split(".").map(Number);
  const prefix = v6.address.replace(/:*$/, "").split(":");
  while (prefix.length < 3) prefix.push("0");
  return (subnet, host) => ({
    4: `${a}.${b}.${(c ?? 0) + subnet}.${host}`,
    6: shorten(`${prefix.slice(0, 3).join(":")}:${subnet.toString(16)}::${host.toString(16)}`),
  });
}

function shorten(address: string): string {
  if (!isIPv6(address)) throw new TypeError(`not an IPv6 address: ${address}`);
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
