import { z } from "zod";
import { docker } from "./docker.ts";
import { type Container, containerIn, type Stack } from "./stack.ts";

interface Place {
  address: string;
  port?: number;
}

/** Where the engine's inventory has other regions' systems as seen from one region's runner: attached to a
 *  network that the runner is in, or published on the machine, which every network's gateway is. Where they
 *  are at home is not said here: their own region learns it by connecting. */
export async function elsewhereFrom(stack: Stack, region: string): Promise<Record<string, Place[]>> {
  const runner = containerIn(stack, region, "runner");
  const gateways = await gatewaysOf(Object.keys(runner.networks));
  const far = stack.containers.filter(
    (one) => one.region !== region && one.role !== "runner" && one.role !== "seed",
  );
  return Object.fromEntries(
    far.map((one) => [
      `${one.region}/${one.role}`,
      [...neighbours(one, runner, homeNetworks(stack, one.region)), ...published(one, gateways)],
    ]),
  );
}

/** The networks that most of a region's containers are in: one of them is its own. */
function homeNetworks(stack: Stack, region: string): Set<string> {
  const mine = stack.containers.filter((one) => one.region === region && one.running);
  const counts = new Map<string, number>();
  for (const id of mine.flatMap(({ networks }) => Object.keys(networks)))
    counts.set(id, (counts.get(id) ?? 0) + 1);
  return new Set([...counts].filter(([, count]) => count > mine.length / 2).map(([id]) => id));
}

function neighbours(one: Container, runner: Container, home: ReadonlySet<string>): Place[] {
  return Object.entries(one.networks)
    .filter(([id]) => id in runner.networks && !home.has(id))
    .flatMap(([, addresses]) => addresses.map((address) => ({ address })));
}

function published(one: Container, gateways: readonly string[]): Place[] {
  return one.published.flatMap(({ hostPort }) => gateways.map((address) => ({ address, port: hostPort })));
}

const Network = z.looseObject({
  IPAM: z.looseObject({
    Config: z.array(z.looseObject({ Subnet: z.string(), Gateway: z.string().optional() })).nullable(),
  }),
});

/** The engine takes a subnet's first address unless it is told another. */
async function gatewaysOf(networks: readonly string[]): Promise<string[]> {
  if (networks.length === 0) return [];
  const found = z.array(Network).parse(JSON.parse(await docker(["network", "inspect", ...networks])));
  return found
    .flatMap(({ IPAM }) => IPAM.Config ?? [])
    .map(({ Subnet, Gateway }) => {
      const first = Subnet.replace(/\/\d+$/, "");
      const usual = first.includes(":") ? `${first}1` : first.replace(/\.0$/, ".1");
      return canonical(Gateway?.replace(/\/\d+$/, "") || usual);
    });
}

function canonical(address: string): string {
  return address.includes(":") ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}
