import { isIPv6 } from "node:net";
import { parseCidr } from "../../core/addresses.ts";
import { RingfenceError } from "../../core/errors.ts";

import { endpointOf, homesOf, outside, type ResidencyMap, type System } from "../../core/residency-map.ts";

import { height } from "../../core/vocabulary.ts";

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
  /** Everything else that has a name on the Internet, such as the other endpoints of the map's vendors. */
  world: Record<string, Addresses>;
  /** Region → its private blocks, as the map declares them. */
  blocks: Record<string, string[]>;
}

/** Hosts and addresses of the replica, from the map and the names on the Internet that it speaks of. In each
 *  region's blocks subnet 1 is the app host's and subnet 2 the data host's. Public endpoints are in TEST-NET-2
 *  and TEST-NET-3 (RFC 5737) and in the documentation prefix (RFC 3849). Every host name of the map has an
 *  address of its own on the host that serves it. */
export function layOut(map: ResidencyMap, names: readonly string[]): Topology {
  const internet = addressPool((number) => ({
    4: `198.51.100.${number}`,
    6: `2001:db8:100::${number.toString(16)}`,
  }));
  const inWorld = addressPool((number) => ({
    4: `203.0.113.${number}`,
    6: `2001:db8:200::${number.toString(16)}`,
  }));
  const world = Object.fromEntries(names.map((name) => [name, inWorld(name)]));
  const regions = Object.entries(map.regions).map(([region, { addresses }], index) =>
    layOutRegion({ region, index, subnet: subnetsOf(region, addresses) }),
  );
  const pools = new Map<string, (name: string) => Addresses>([
    ["internet", internet],
    ["world", inWorld],
    ...regions.flatMap(({ app, data, pool }) => [
      [app.name, () => app.addresses[0]] as const,
      [data.name, pool] as const,
    ]),
  ]);
  const placements = [...Object.keys(map.regions), outside].flatMap((region) =>
    map.systems
      .filter((system) => homesOf(system, map).includes(region))
      .map((system): Placement => {
        const endpoint = endpointOf(system, region);
        const port = Number(endpoint.port ?? 0);
        const host = hostOf(system, { region, port });
        requireShort(region, system);
        const address = pools.get(host)?.(String(endpoint.host));
        if (!address) throw new TypeError(`the replica has no host ${host}`);
        return { system, region, endpoint, address, port, host };
      }),
  );
  return {
    hosts: [
      { ...internetHost, addresses: internet.all() },
      { ...worldHost, addresses: inWorld.all() },
      outsideHost,
      ...regions.flatMap(({ app, data, pool }) => [app, { ...data, addresses: pool.all() }]),
    ],
    placements,
    world,
    blocks: Object.fromEntries(Object.entries(map.regions).map(([id, { addresses }]) => [id, addresses])),
  };
}

/** What is left of the 107 bytes of a socket's path (unix(7)) beside `/media/hosts/.data//.s.PGSQL.65535`. */
const longestNames = 70;

function requireShort(region: string, { id }: System): void {
  if (region.length + id.length <= longestNames) return;
  throw new RingfenceError(
    "REPLICA_UNSUPPORTED",
    `the replica cannot serve "${id}" in ${region}: the two names have ${region.length + id.length} characters`,
    { fix: `shorten one of them: together they may have ${longestNames}` },
  );
}

type Subnet = (subnet: number, host: number) => Addresses;

function layOutRegion({ region, index, subnet }: { region: string; index: number; subnet: Subnet }) {
  const app = {
    name: `${region}/app`,
    region,
    cable: `r${index}app`,
    gateway: subnet(1, 1),
    addresses: [subnet(1, 10)] as [Addresses],
  };
  const data = { name: `${region}/data`, region, cable: `r${index}data`, gateway: subnet(2, 1) };
  return { app, data, pool: addressPool((number) => subnet(2, number)) };
}

/** What lets the network be open, and speaks HTTPS, stands on the internet: its authorization has to stop
 *  everybody. AWS's kinds do so unless the map tells otherwise. Vendors, and what is nobody's, are in the world; a
 *  workload's settings are where the workload is. */
function hostOf({ kind, stopBy }: System, { region, port }: { region: string; port: number }): string {
  if (kind === "vendor" || region === outside) return "world";
  if (kind === "settings") return `${region}/app`;
  const rung = stopBy ?? (awsKinds.includes(kind) ? "authorization" : "network");
  return height(rung) > height("network") && port === 443 ? "internet" : `${region}/data`;
}

/** Kinds that one process serves, by host name. */
export const awsKinds: readonly string[] = ["s3", "sqs", "sns", "aws-snapshots"];

/** The keys of an endpoint that name a host. */
export const hostKeys: readonly string[] = ["host", "sts", "backup"];

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

const firstNumber = 10;
const mostNames = 240;

interface AddressPool {
  (name: string): Addresses;
  all(): Addresses[];
}

/** One address for each name, in the order in which they are asked for; one that has none still has the first. */
function addressPool(numbered: (number: number) => Addresses): AddressPool {
  const known = new Map<string, Addresses>();
  const addressOf = (name: string): Addresses => {
    const address = known.get(name) ?? numbered(firstNumber + known.size);
    known.set(name, address);
    if (known.size <= mostNames) return address;
    throw new RingfenceError("REPLICA_UNSUPPORTED", `a host of the replica can have ${mostNames} names`, {
      fix: "split the map, or use fewer vendors",
    });
  };
  return Object.assign(addressOf, {
    all: () => (known.size > 0 ? [...known.values()] : [numbered(firstNumber)]),
  });
}

function subnetsOf(region: string, blocks: readonly string[]): Subnet {
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
