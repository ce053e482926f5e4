import type { DockerTools, Drill, Hole } from "../../core/drill.ts";

export type DockerDrill = Drill<DockerTools>;

export const eu = "eu-central-1";
export const us = "us-east-1";
export const ap = "ap-southeast-2";

/** `docker network connect`: one region's container gets a leg in another region's network. */
export async function connect(
  tools: DockerTools,
  hole: Hole,
  { container, network, address }: { container: string; network: string; address?: Record<4 | 6, string> },
): Promise<void> {
  hole.closeBy(() => tools.docker(["network", "disconnect", network, container]));
  const fixed = address ? ["--ip", address[4], "--ip6", address[6]] : [];
  await tools.docker(["network", "connect", ...fixed, network, container]);
}

/** Takes a container off its own network, and puts it back where it was. */
export async function disconnect(
  tools: DockerTools,
  hole: Hole,
  { region, system }: { region: string; system: string },
): Promise<void> {
  const { address } = tools.place(region, system);
  const [container, network] = [tools.container(region, system), tools.network(region)];
  hole.closeBy(() =>
    tools.docker(["network", "connect", "--ip", address[4], "--ip6", address[6], network, container]),
  );
  await tools.docker(["network", "disconnect", network, container]);
}

/** The other region's server takes over the address under which a region knows its own. */
export async function serveFrom(
  tools: DockerTools,
  hole: Hole,
  { from, at, system }: { from: string; at: string; system: string },
): Promise<void> {
  const { address } = tools.place(at, system);
  await disconnect(tools, hole, { region: at, system });
  await connect(tools, hole, {
    container: tools.container(from, system),
    network: tools.network(at),
    address,
  });
}

/** A network of its own between two regions' containers; gives the address of the first on it. */
export async function link(
  tools: DockerTools,
  hole: Hole,
  [first, second]: readonly [string, string],
): Promise<string> {
  const { name, labels } = tools.newName("link");
  hole.closeBy(() => tools.docker(["network", "rm", name]));
  await tools.docker(["network", "create", "--internal", ...labels, name]);
  await connect(tools, hole, { container: first, network: name });
  await connect(tools, hole, { container: second, network: name });
  const address = `{{(index .NetworkSettings.Networks "${name}").IPAddress}}`;
  return (await tools.docker(["inspect", "--format", address, first])).trim();
}

const relay = `
const { connect, createServer } = require("node:net");
const [listen, host, port] = process.argv.slice(1);
createServer((near) => {
  const far = connect(Number(port), host);
  for (const end of [near, far]) end.on("error", () => { near.destroy(); far.destroy(); });
  near.pipe(far).pipe(near);
}).listen({ port: Number(port), host: listen }, () => console.log("relaying"));`;

/** A container that passes connections on, made of the runner's image: `run` says how it is on the network. */
export async function startRelay(
  tools: DockerTools,
  hole: Hole,
  {
    region,
    run,
    listen,
    to,
  }: { region: string; run: string[]; listen: string; to: { host: string; port: number } },
): Promise<string> {
  const { name, labels } = tools.newName("relay");
  const image = await tools.image(region, "runner");
  const place = ["--label", `dev.ringfence.region=${region}`, "--label", "dev.ringfence.role=relay"];
  hole.closeBy(() => tools.docker(["rm", "-f", name]));
  await tools.docker([
    ...["run", "-d", "--name", name, ...labels, ...place, ...run, image],
    ...["-e", relay, listen, to.host, String(to.port)],
  ]);
  await eventuallyTrue(async () => (await tools.docker(["logs", name])).includes("relaying"), name);
  return name;
}

export async function eventuallyTrue(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`it never came to be: ${what}`);
}
