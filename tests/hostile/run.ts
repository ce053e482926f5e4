import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createAuthority } from "../../environments/replica/certificates.ts";
import { hostileAws } from "./aws.ts";
import type { HostileCase, HostileRun } from "./case.ts";
import { hostileDns } from "./dns.ts";
import { hostileHttp, hostileHttps, hostileInside } from "./https.ts";
import { plainPostgres, tlsPostgres } from "./postgres.ts";
import { hostileProxy } from "./proxy.ts";
import { hostileRedis } from "./redis.ts";
import { generousS3, hostileS3 } from "./s3.ts";
import { type Behaviour, hostileServers } from "./servers.ts";
import { hostileSmtp } from "./smtp.ts";
import { hostileSsh } from "./ssh.ts";

const postgresProbes = [
  "postgres",
  "postgres-replication",
  "postgres-base-backup",
  "postgres-stray",
  "postgres-links",
  "postgres-wiring",
  "postgres-frozen",
  "postgres-moved-whole",
];
const redisProbes = ["redis", "redis-stray", "redis-links", "redis-wiring"];
const s3Probes = [
  "s3-get",
  "s3-list",
  "s3-copy",
  "s3-presigned",
  "s3-assume-role",
  "s3-put-far",
  "s3-restore",
  "s3-stray",
  "s3-links",
  "s3-wiring",
];

const sqsProbes = ["sqs-receive", "sqs-send", "sqs-stray", "sqs-links", "sqs-wiring"];
const snsProbes = ["sns-publish", "sns-links", "sns-wiring"];
const snapshotProbes = [
  "snapshot-read",
  "snapshot-pull",
  "snapshot-push",
  "snapshot-restore",
  "backup-copy",
  "snapshot-stray",
  "snapshot-links",
  "backup-links",
  "snapshot-wiring",
];
const httpsInside = [
  "stray",
  "links",
  "wiring",
  "place",
  "tenant",
  "cookie",
  "directory",
  "log",
  "frozen",
].map((look) => `https-${look}`);

const greetingProbes = ["proxy-forged-name", "proxy-no-name", "proxy-cut-name"];

const sets: { kind: string; probes: string[]; behaviours: Behaviour[]; tls?: true }[] = [
  { kind: "tcp", probes: ["tcp"], behaviours: plainPostgres },
  { kind: "postgres", probes: ["tcp", ...postgresProbes], behaviours: plainPostgres },
  { kind: "postgres", probes: ["postgres", "postgres-stray"], behaviours: tlsPostgres, tls: true },
  { kind: "redis", probes: redisProbes, behaviours: hostileRedis },
  { kind: "ssh", probes: ["ssh", "ssh-access-record", "ssh-wiring"], behaviours: hostileSsh },
  { kind: "smtp", probes: ["smtp", "smtp-wiring"], behaviours: hostileSmtp, tls: true },
  { kind: "https", probes: ["https"], behaviours: hostileHttps, tls: true },
  { kind: "https", probes: httpsInside, behaviours: hostileInside, tls: true },
  { kind: "https", probes: ["https"], behaviours: hostileHttp },
  { kind: "s3", probes: s3Probes, behaviours: [...hostileS3, ...generousS3] },
  // One client's way with HTTP stands for all of its probes.
  { kind: "sqs", probes: ["sqs-receive"], behaviours: hostileS3 },
  { kind: "sns", probes: ["sns-publish"], behaviours: hostileS3 },
  { kind: "aws-snapshots", probes: ["snapshot-pull", "backup-links"], behaviours: hostileS3 },
  { kind: "sqs", probes: sqsProbes, behaviours: hostileAws },
  { kind: "sns", probes: snsProbes, behaviours: hostileAws },
  { kind: "aws-snapshots", probes: snapshotProbes, behaviours: hostileAws },
  { kind: "vendor", probes: ["vendor"], behaviours: hostileS3 },
  { kind: "vendor", probes: ["vendor-proxy"], behaviours: hostileProxy },
  { kind: "proxy", probes: ["proxy-tunnel", ...greetingProbes], behaviours: hostileProxy },
  { kind: "dns", probes: ["dns-private", "dns-resolver"], behaviours: hostileDns },
];

export const hostileCases: Omit<HostileCase, "port">[] = sets.flatMap(
  ({ kind, probes, behaviours, tls = false }) =>
    probes.flatMap((probe) => behaviours.map(({ name }) => ({ kind, probe, behaviour: name, tls }))),
);

/** A set mostly waits for deadlines. */
const setsAtOnce = 2;

/** Every case against its server. Each set is attempted from a process of its own, which trusts the servers'
 *  certificate: what it takes of memory does not grow with the number of kinds. */
export async function runHostileCases(): Promise<HostileRun> {
  const authority = await createAuthority();
  const directory = mkdtempSync(join(tmpdir(), "ringfence-hostile-"));
  try {
    const ca = join(directory, "ca.pem");
    writeFileSync(ca, authority.ca);
    await using servers = hostileServers(await authority.issue(["localhost"]));
    const runs: HostileRun[] = [];
    const open = sets.entries();
    const workThrough = async () => {
      for (const [index, { kind, probes, behaviours, tls = false }] of open) {
        const ports = await Promise.all(behaviours.map((behaviour) => servers.start(behaviour)));
        const cases = probes.flatMap((probe) =>
          behaviours.map(({ name }, at) => ({ kind, probe, behaviour: name, tls, port: ports[at] ?? 0 })),
        );
        const run = await attemptAll(cases, ca);
        runs[index] = { ...run, leftOpen: run.leftOpen.map((what) => `${kind} ${probes[0]}: ${what}`) };
      }
    };
    await Promise.all(Array.from({ length: setsAtOnce }, workThrough));
    return joined(runs);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function joined(runs: readonly HostileRun[]): HostileRun {
  return {
    results: runs.flatMap(({ results }) => results),
    unhandled: runs.flatMap(({ unhandled }) => unhandled),
    peakMegabytes: Math.max(...runs.map(({ peakMegabytes }) => peakMegabytes)),
    said: runs.map(({ said }) => said).join(""),
    leftOpen: runs.flatMap(({ leftOpen }) => leftOpen),
  };
}

const longestRunMs = 90_000;

async function attemptAll(cases: HostileCase[], ca: string): Promise<HostileRun> {
  const script = join(import.meta.dirname, "attempt-all.ts");
  // A small nursery: measured is what the probes hold on to, not what is yet to be collected.
  const child = spawn(process.execPath, ["--max-semi-space-size=4", script], {
    env: { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: ca },
    stdio: ["pipe", "pipe", "pipe"],
    timeout: longestRunMs,
    killSignal: "SIGKILL",
  });
  child.stdin.end(JSON.stringify(cases));
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (!out.startsWith("{")) throw new Error(`the process ended without a result: ${errors.slice(0, 2000)}`);
  return { ...(JSON.parse(out) as HostileRun), said: errors };
}
