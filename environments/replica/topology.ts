import { isIPv6 } from "node:net";
import { parseCidr } from "../../core/addresses.ts";
import { RingfenceError } from "../../core/errors.ts";
import { endpointOf, homesOf, outside, type ResidencyMap, type System } from "../../core/residency-map.ts";

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
  port: number;
  /** The name of the host that serves it. */
  host: string;
}

export interface Topology {
  hosts: Host[];
  placements: Placement[];
  /** Everything else that has a name on the Internet, such as the other endpoints of the map's vendors. */
  world: Record<string, Addresses>;
  /** Region → its private blocks, as the map declares them. */
  blocks: Record<string, string[]>;
}

/** Hosts and addresses of the replica, from the map and the names on the Internet that it speaks of: in each region's blocks, subnet 1 is the
 *  app host's and subnet 2 the data host's, with one address per host name of the map; public endpoints are in
 *  TEST-NET-2 (RFC 5737) and in the documentation prefix (RFC 3849). */
export function layOut(map: ResidencyMap, names: readonly string[]): Topology {
  const regions = Object.keys(map.regions);
  const placements: Placement[] = [];
  const hosts: Host[] = [];
  const inWorld = worldAddresses();
  const world = Object.fromEntries(names.map((name) => [name, inWorld(name)]));
  for (const [index, region] of regions.entries()) {
    const subnet = subnetsOf(region, map.regions[region]?.addresses ?? []);
    const homed = map.systems.filter((system) => homesOf(system, map).includes(region));
    const data: Addresses[] = [];
    for (const system of homed) {
      const endpoint = endpointOf(system, region);
      const host = hostOf(system, region);
      const beside = placements.find((one) => one.region === region && one.endpoint.host === endpoint.host);
      const placed = {
        internet: () => publicAddress(index),
        world: () => inWorld(String(endpoint.host)),
      }[host];
      const address = beside?.address ?? placed?.() ?? subnet(2, 10 + data.length);
      if (!placed && !beside) data.push(address);
      placements.push({ system, region, endpoint, address, port: Number(endpoint.port), host });
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
  for (const system of map.systems.filter(({ home }) => home === outside)) {
    const endpoint = endpointOf(system, outside);
    const address = inWorld(String(endpoint.host));
    placements.push({
      system,
      region: outside,
      endpoint,
      address,
      port: Number(endpoint.port),
      host: "world",
    });
  }
  hosts.push(
    { ...internetHost, addresses: regions.map((_, index) => publicAddress(index)) },
    { ...worldHost, addresses: inWorld.all() },
    outsideHost,
  );
  const blocks = Object.fromEntries(regions.map((region) => [region, map.regions[region]?.addresses ?? []]));
  return { hosts, placements, world, blocks };
}

/** S3 is on the internet, where its policies have to stop everybody, unless the map keeps it private. */
function hostOf({ kind, stopBy }: System, region: string): string {
  if (kind === "vendor") return "world";
  return kind === "s3" && stopBy !== "network" ? "internet" : `${region}/data`;
}

const internetHost = {
  name: "internet",
  region: null,
  cable: "internet",
  gateway: { 4: "198.51.100.1", 6: "2001:db8:100::1" },
};

/** Vendors, and whatever else no region may reach (TEST-NET-3). */
const worldHost = {
  name: "world",
  region: null,
  cable: "world",
  gateway: { 4: "203.0.113.1", 6: "2001:db8:200::1" },
};

/** Somebody outside of all regions, who may go everywhere in public (TEST-NET-1). */
const outsideHost: Host = {
  name: outside,
  region: null,
  cable: outside,
  gateway: { 4: "192.0.2.1", 6: "2001:db8:300::1" },
  addresses: [{ 4: "192.0.2.10", 6: "2001:db8:300::10" }],
};

const mostNames = 240;

/** One address for each name, in the order in which they are asked for. */
function worldAddresses() {
  const known = new Map<string, Addresses>([["", { 4: "203.0.113.2", 6: "2001:db8:200::2" }]]);
  const addressOf = (name: string): Addresses => {
    const number = 10 + known.size;
    const address = known.get(name) ?? {
      4: `203.0.113.${number}`,
      6: `2001:db8:200::${number.toString(16)}`,
    };
    known.set(name, address);
    if (known.size <= mostNames) return address;
    throw new RingfenceError(
      "REPLICA_UNSUPPORTED",
      `the replica has addresses for ${mostNames} public names`,
      {
        fix: "split the map, or use fewer vendors",
      },
    );
  };
  return Object.assign(addressOf, { all: () => [...known.values()] });
}

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
