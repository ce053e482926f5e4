import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ResidencyMap } from "../../core/residency-map.ts";
import { newCanary } from "../../probes/canary.ts";
import { serveNames, zoneFile } from "../name-server.ts";
import { scriptArguments } from "../node-script.ts";
import { planStore } from "./buckets.ts";
import { type Authority, createAuthority } from "./certificates.ts";
import { coreLinks, coreRules, hostLinks, hostRules } from "./fabric.ts";
import { type HeldHost, holdHost, onHost, run, said, start } from "./namespace.ts";
import { initialisePostgres, servePostgres } from "./postgres-server.ts";
import { type Provision, provision } from "./provision.ts";
import { serveRedis } from "./redis-server.ts";
import { type Host, layOut, type Topology } from "./topology.ts";

/** First process of the replica: pid 1 of its pid namespace, on the core router. When it ends, whoever
 *  ends it, the kernel ends everything else in the replica; it ends when its stdin does. */
export interface InitJob {
  map: ResidencyMap;
  /** An existing folder that the replica covers with a file system in memory. */
  work: string;
  postgresBinaries: string;
}

export interface InitReport {
  hosts: { name: string; pid: number; addresses: string[] }[];
  provisions: Provision[];
  ca: string;
}

const lines = createInterface({ input: process.stdin });
lines.once("line", (line) => {
  boot(JSON.parse(line) as InitJob).then(
    (report) => process.stdout.write(`${JSON.stringify({ ready: report })}\n`),
    (error: Error) =>
      process.stdout.write(`${JSON.stringify({ failed: error.message })}\n`, () => process.exit(1)),
  );
});
lines.once("close", () => process.exit(0));

async function boot(job: InitJob): Promise<InitReport> {
  const topology = layOut(job.map);
  const provisions = topology.placements.map((placement) => provision(placement, newCanary()));
  await run(["mount", "-t", "tmpfs", "-o", "mode=0755", "ringfence", job.work]);
  await run(["mount", "-t", "tmpfs", "ringfence", "/dev/shm"]);
  const authority = await createAuthority();
  await writeHostFiles(topology, job.work, authority.ca);
  const [held] = await Promise.all([
    Promise.all(topology.hosts.map((host) => holdHost(host, job.work, folderOf(host, job.work)))),
    Promise.all(
      provisions
        .filter(({ placement }) => placement.system.kind === "postgres")
        .map((one) =>
          initialisePostgres(
            {
              binaries: job.postgresBinaries,
              folder: dataFolder(one, job.work),
              id: one.placement.system.id,
            },
            one,
          ),
        ),
    ),
  ]);
  await connect(topology, held);
  await serve({ job, topology, provisions, held, authority });
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

function folderOf(host: Host, work: string): string {
  return join(work, "hosts", host.name.replace("/", "."));
}

function dataFolder({ placement }: Provision, work: string): string {
  return join(work, "hosts", `${placement.region}.data`);
}

export function zoneFileOf(region: string, work: string): string {
  return join(work, "names", `${region}.hosts`);
}

async function writeHostFiles(topology: Topology, work: string, ca: string): Promise<void> {
  const zone = topology.placements.flatMap(({ endpoint, address }) =>
    ["host", "sts"].flatMap((key) => {
      const name = endpoint[key];
      return typeof name === "string"
        ? [`${address[4]} ${name} *.${name}`, `${address[6]} ${name} *.${name}`]
        : [];
    }),
  );
  await mkdir(join(work, "names"));
  for (const region of Object.keys(topology.blocks))
    await writeFile(zoneFileOf(region, work), `${zone.join("\n")}\n`);
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

interface Boot {
  job: InitJob;
  topology: Topology;
  provisions: Provision[];
  held: readonly HeldHost[];
  authority: Authority;
}

async function serve(boot: Boot): Promise<void> {
  const { job, topology, provisions, held } = boot;
  const hostOf = (name: string) => held.find((one) => one.host.name === name) as HeldHost;
  const resolvers = topology.hosts.flatMap(({ name, region, gateway }) =>
    region && name.endsWith("/app")
      ? [{ address: gateway[4], zone: zoneFile(zoneFileOf(region, job.work)) }]
      : [],
  );
  await Promise.all([
    ...resolvers.map(serveNames),
    ...provisions.map((one) =>
      servers[one.placement.system.kind]?.(boot, one, hostOf(`${one.placement.region}/data`)),
    ),
    serveObjects(boot, hostOf),
  ]);
}

/** How the replica serves a system of each kind on its data host; S3 is one endpoint for all. */
const servers: Record<string, (boot: Boot, one: Provision, held: HeldHost) => Promise<void>> = {
  redis: ({ job }, one, held) => serveRedis(held, one, job.work),
  async postgres({ job, authority, provisions }, one, held) {
    const everywhere = provisions.filter(({ placement }) => placement.system === one.placement.system);
    const certificate = await authority.issue([String(one.placement.endpoint.host)]);
    const shared = await authority.issue(everywhere.map(({ placement }) => String(placement.endpoint.host)));
    await servePostgres(held, one, { binaries: job.postgresBinaries, work: job.work, certificate, shared });
  },
  async tcp(_boot, { placement }, held) {
    const places = [placement.address[4], placement.address[6]].flatMap((address) => [
      address,
      String(placement.port),
    ]);
    const script = scriptArguments(join(import.meta.dirname, "listener.ts"));
    await said(
      start(onHost(held, [process.execPath, ...script, ...places])),
      "listening",
      placement.system.id,
    );
  },
};

/** One process for all public buckets, on the internet, and one for each region's private ones. */
async function serveObjects(boot: Boot, hostOf: (name: string) => HeldHost): Promise<void> {
  const buckets = boot.provisions.filter(({ placement }) => placement.system.kind === "s3");
  const hosts = Map.groupBy(buckets, ({ placement }) =>
    placement.isPublic ? "internet" : `${placement.region}/data`,
  );
  await Promise.all([...hosts].map(([name, mine]) => serveObjectsOn(hostOf(name), mine, boot)));
}

async function serveObjectsOn(
  held: HeldHost,
  buckets: readonly Provision[],
  { job, topology, authority }: Boot,
): Promise<void> {
  const names = buckets.flatMap(({ placement }) =>
    [placement.endpoint.host, placement.endpoint.sts].flatMap((name) => [String(name), `*.${String(name)}`]),
  );
  const plain = buckets.some(({ placement }) => placement.endpoint.tls === false);
  const tls = plain ? null : await authority.issue(names);
  const script = scriptArguments(join(import.meta.dirname, "object-store.ts"));
  const server = start(onHost(held, [process.execPath, ...script]));
  server.stdin?.end(JSON.stringify({ store: planStore(topology, buckets), tls, work: job.work }));
  await said(server, "serving", "the S3 endpoint");
}
