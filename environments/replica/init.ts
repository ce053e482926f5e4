import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type ErrorCode, RingfenceError } from "../../core/errors.ts";
import { jsonLine } from "../../core/json-line.ts";
import { outside, type ResidencyMap } from "../../core/residency-map.ts";
import { newCanary } from "../../probes/canary.ts";
import { serveNames, zoneFile } from "../name-server.ts";
import { createAuthority } from "./certificates.ts";
import { coreLinks, coreRules, hostLinks, hostRules } from "./fabric.ts";
import { type HeldHost, holdHost, onHost, run } from "./namespace.ts";
import { type Provision, provisionAll } from "./provision.ts";
import { type Boot, type KindServer, loadServers } from "./servers.ts";
import { tenantMoves } from "./tenant-moves.ts";
import { type Host, hostKeys, layOut, type Topology } from "./topology.ts";

/** First process of the replica: pid 1 of its pid namespace, on the core router. When it ends, whoever
 *  ends it, the kernel ends everything else in the replica; it ends when its stdin does. */
export interface InitJob {
  map: ResidencyMap;
  /** Whatever else has a name on the Internet: the other endpoints of the map's vendors. */
  names: string[];
  /** An existing folder that the replica covers with a file system in memory. */
  work: string;
  postgresBinaries: string;
}

export interface InitReport {
  hosts: { name: string; pid: number; addresses: string[] }[];
  provisions: Provision[];
  ca: string;
}

export interface InitComplaint {
  message: string;
  code?: ErrorCode;
  fix?: string;
}

const lines = createInterface({ input: process.stdin });
lines.once("line", (line) => {
  boot(JSON.parse(line) as InitJob).then(
    (report) => process.stdout.write(jsonLine({ ready: report })),
    (error: Error) => process.stdout.write(jsonLine({ failed: complaintOf(error) }), () => process.exit(1)),
  );
});
lines.once("close", () => process.exit(0));

/** What the replica cannot do with this map keeps its code and its fix. */
function complaintOf(error: Error): InitComplaint {
  const { message } = error;
  return error instanceof RingfenceError ? { message, code: error.code, fix: error.fix } : { message };
}

async function boot(job: InitJob): Promise<InitReport> {
  const topology = layOut(job.map, job.names);
  const provisions = provisionAll(topology.placements, newCanary);
  await run(["mount", "-t", "tmpfs", "-o", "mode=0755", "ringfence", job.work]);
  await run(["mount", "-t", "tmpfs", "ringfence", "/dev/shm"]);
  const authority = await createAuthority();
  const setup: Boot = { job, topology, provisions, authority };
  const servers = await loadServers(job.map.systems.map(({ kind }) => kind));
  await writeHostFiles(topology, job.work, authority.ca);
  const prepared = new Map(
    [...servers].map(([kind, server]) => [kind, server.prepare?.(setup, ofKind(provisions, kind))]),
  );
  const [held] = await Promise.all([bringUp(setup, servers, prepared), ...prepared.values()]);
  const hosts = held.map(({ host, pid }) => ({
    name: host.name,
    pid,
    addresses: host.addresses.flatMap((one) => [one[4], one[6]]),
  }));
  return {
    hosts: [{ name: "core", pid: process.pid, addresses: [] }, ...hosts],
    provisions,
    ca: authority.ca,
  };
}

type Prepared = ReadonlyMap<string, Promise<void> | undefined>;

/** Hosts, the links between them, and their servers, each as soon as what it needs is prepared. */
async function bringUp(
  boot: Boot,
  servers: Map<string, KindServer>,
  prepared: Prepared,
): Promise<HeldHost[]> {
  const { topology, job } = boot;
  const held = await Promise.all(
    topology.hosts.map((host) => holdHost(host, job.work, folderOf(host, job.work))),
  );
  await connect(topology, held);
  await serve(boot, servers, { held, prepared });
  return held;
}

function ofKind(provisions: readonly Provision[], kind: string): Provision[] {
  return provisions.filter(({ placement }) => placement.system.kind === kind);
}

function folderOf(host: Host, work: string): string {
  return join(work, "hosts", host.name.replace("/", "."));
}

export function zoneFileOf(region: string, work: string): string {
  return join(work, "names", `${region}.hosts`);
}

async function writeHostFiles(topology: Topology, work: string, ca: string): Promise<void> {
  const zone = topology.placements.flatMap(({ endpoint, address }) =>
    hostKeys.flatMap((key) => {
      const name = endpoint[key];
      return typeof name === "string"
        ? [`${address[4]} ${name} *.${name}`, `${address[6]} ${name} *.${name}`]
        : [];
    }),
  );
  zone.push(
    ...Object.entries(topology.world).flatMap(([name, address]) => [
      `${address[4]} ${name}`,
      `${address[6]} ${name}`,
    ]),
  );
  await mkdir(join(work, "names"));
  for (const region of [...Object.keys(topology.blocks), outside])
    await writeFile(zoneFileOf(region, work), `${[...new Set(zone)].join("\n")}\n`);
  for (const host of topology.hosts) {
    const folder = folderOf(host, work);
    await mkdir(folder, { recursive: true });
    const files = {
      "resolv.conf": `nameserver ${host.gateway[4]}\noptions timeout:1 attempts:2\n`,
      "nsswitch.conf": "hosts: files dns\n",
      hosts: "127.0.0.1 localhost\n::1 localhost\n",
      "ca.pem": ca,
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  }
}

async function connect(topology: Topology, held: readonly HeldHost[]): Promise<void> {
  const pidOf = (host: Host) => held.find((one) => one.host === host)?.pid ?? 0;
  const forwarding = [
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.forwarding=1",
    "net.ipv6.conf.default.accept_dad=0",
  ];
  await run(["sysctl", "-q", "-w", ...forwarding]);
  await run(["ip", "-batch", "-"], coreLinks(topology.hosts, pidOf));
  await run(["nft", "-f", "-"], coreRules(topology));
  await Promise.all(
    held.map(async (one) => {
      await run(onHost(one, ["ip", "-batch", "-"]), hostLinks(one.host));
      await run(onHost(one, ["nft", "-f", "-"]), hostRules(one.host, topology));
    }),
  );
}

async function serve(
  boot: Boot,
  servers: Map<string, KindServer>,
  { held, prepared }: { held: readonly HeldHost[]; prepared: Prepared },
): Promise<void> {
  const { job, topology, provisions } = boot;
  const resolvers = topology.hosts.flatMap(({ name, region, gateway }) =>
    region !== null || name === outside
      ? [{ address: gateway[4], zone: zoneFile(zoneFileOf(region ?? outside, job.work)) }]
      : [],
  );
  await Promise.all([
    ...resolvers.map(serveNames),
    ...held.flatMap((host) =>
      [...servers].map(async ([kind, server]) => {
        const mine = ofKind(provisions, kind).filter(({ placement }) => placement.host === host.host.name);
        if (mine.length === 0) return;
        await prepared.get(kind);
        await server.serve(boot, mine, host);
      }),
    ),
  ]);
  await Promise.all(
    [...servers].map(([kind, server]) => {
      const moves = tenantMoves(ofKind(provisions, kind));
      return Promise.all(moves.map((move) => server.move?.(boot, move)));
    }),
  );
}
