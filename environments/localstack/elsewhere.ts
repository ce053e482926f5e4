import { z } from "zod";
import { endpointOf, homesOf, type ResidencyMap } from "../../core/residency-map.ts";
import { docker } from "./docker.ts";
import { type Container, containerIn, type Stack } from "./stack.ts";

interface Place {
  address: string;
  port?: number;
}

/** Where the engine's inventory has other regions' systems as seen from one region's runner: attached to a
 *  network that the runner is in, or on the machine itself, which every network's gateway is: published
 *  there, or passed on by something that has the machine's own network. Where they are at home is not said
 *  here: their own region learns it by connecting. */
export async function elsewhereFrom(
  stack: Stack,
  map: ResidencyMap,
  region: string,
): Promise<Record<string, Place[]>> {
  const runner = containerIn(stack, region, "runner");
  const gateways = await gatewaysOf(Object.keys(runner.networks));
  const places: [string, Place[]][] = map.systems.flatMap((system) =>
    homesOf(system, map)
      .filter((home) => home !== region)
      .map((home): [string, Place[]] => {
        const theirs = stack.containers.filter((one) => one.region === home);
        const port = Number(endpointOf(system, home).port);
        const onMachine = [...publishedPorts(theirs, port), ...(theirs.some(isOnHost) ? [port] : [])];
        return [
          `${home}/${system.id}`,
          [
            ...theirs.filter(({ role }) => role === system.id).flatMap((one) => neighbours(one, runner)),
            ...gateways.flatMap((address) => onMachine.map((open) => ({ address, port: open }))),
          ],
        ];
      }),
  );
  return Object.fromEntries(places);
}

/** Home addresses among them are tried twice: leaving a network out as theirs would hide that it is ours, too. */
export function neighbours(one: Pick<Container, "networks">, runner: Pick<Container, "networks">): Place[] {
  return Object.entries(one.networks)
    .filter(([id]) => id in runner.networks)
    .flatMap(([, addresses]) => addresses.map((address) => ({ address })));
}

/** Ports of the machine that lead to a port like the system's in any container of its region. */
function publishedPorts(theirs: readonly Container[], port: number): number[] {
  const bindings = theirs.flatMap(({ published }) => published);
  return [
    ...new Set(
      bindings.filter(({ containerPort }) => containerPort === port).map(({ hostPort }) => hostPort),
    ),
  ];
}

function isOnHost({ onHost, running }: Container): boolean {
  return onHost && running;
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
