import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { PlannedItem } from "../../core/plan.ts";
import type { Rung } from "../../core/vocabulary.ts";
import { attempt } from "../../probes/attempt.ts";
import { loadProbes } from "../../probes/catalog.ts";
import type { Ladder } from "../../probes/ladder.ts";
import type { Probe } from "../../probes/probe.ts";
import { deadlineMs, type HostileCase, type HostileResult, type HostileRun, secret } from "./case.ts";

/** Makes the attempts of standard input in a process of its own: it trusts the hostile servers' authority
 *  (NODE_EXTRA_CA_CERTS), and its memory is that of the probes alone. */

const atOnce = 8;
const tickMs = 20;
const longestStallMs = 400;
const unhandled: string[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(String((reason as Error)?.stack ?? reason)));
process.on("uncaughtException", (error) => unhandled.push(String(error?.stack ?? error)));

const movingRows = {
  moving: {
    tenant: "moving",
    settled: "settled",
    table: "public.members",
    column: "tenant",
    row: { tenant: "{tenant}", name: "{token}" },
    settings: {},
    writes: ["insert", "update", "delete"],
    refusals: ["42501", "NO_ROW_CHANGED"],
  },
  moved: {
    tenant: "moved",
    tables: [{ table: "public.members", column: "tenant", columns: ["name"] }],
  },
  departed: "departed",
};

const cases = JSON.parse(readFileSync(0, "utf8")) as HostileCase[];
const probes = await loadProbes();
const open: Ladder[] = [];
const results: HostileResult[] = [];
let next = 0;
await Promise.all(Array.from({ length: atOnce }, workThrough));
await sleep(deadlineMs);
for (const ladder of open) ladder.close();
await sleep(300);
const leftOpen = process.getActiveResourcesInfo().filter((what) => /TCP|TLS|Timeout|GetAddrInfo/.test(what));
const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1024);
const run: Omit<HostileRun, "said"> = { results, unhandled, peakMegabytes, leftOpen };
process.stdout.write(JSON.stringify(run), () => process.exit());

async function workThrough(): Promise<void> {
  for (let index = next++; index < cases.length; index = next++) {
    const one = cases[index];
    if (one) results[index] = await attempted(one);
  }
}

async function attempted(one: HostileCase): Promise<HostileResult> {
  const probe = probes.find(({ kind }) => kind === one.kind);
  if (!probe) throw new TypeError(`no probe of kind ${one.kind}`);
  const item = itemOf(one, probe);
  const target = endpointOf(one);
  const late: Rung[] = [];
  const stall = watchStall();
  const begun = performance.now();
  const records = await attempt(item, {
    probe,
    context: {
      item,
      own: target,
      target,
      runId: "a-run",
      secret: () => secret,
      token: "0".repeat(32),
      offer: `https://localhost:${one.port}/bucket/key?X-Amz-Signature=0`,
    },
    learned: [],
    onLate: (_address, rung) => late.push(rung),
    keepOpen: (ladder) => open.push(ladder),
  });
  const elapsedMs = performance.now() - begun;
  return { tries: records.map(({ entry }) => entry), elapsedMs, stalledMs: stall(), late };
}

/** Gives the longest time by which a timer of `tickMs` was late until it is asked. Bounded: a probe that
 *  blocks its own process finds no excuse here. */
function watchStall(): () => number {
  let last = performance.now();
  let worst = 0;
  const tick = () => {
    const now = performance.now();
    worst = Math.max(worst, now - last - tickMs);
    last = now;
  };
  const timer = setInterval(tick, tickMs);
  return () => {
    clearInterval(timer);
    tick();
    return Math.min(longestStallMs, Math.max(0, worst));
  };
}

function itemOf({ probe: name, behaviour }: HostileCase, probe: Probe): PlannedItem {
  const check = probe.checks.find((candidate) => candidate.probe === name);
  if (!check) throw new TypeError(`no check ${name}`);
  const { family, goal, contacts, credentials } = check;
  const inside = family === "stray" || family === "wiring";
  return {
    id: `${name}/${behaviour}`,
    role: "attempt",
    family,
    path: "database",
    kind: probe.kind,
    probe: name,
    title: `${name} against a server that ${behaviour}`,
    vector: { route: "name", addressFamily: 4, credentials: credentials[0] ?? "own" },
    from: { region: "eu", principal: "workload" },
    to: { region: inside ? "eu" : "us", system: "orders" },
    stopBy: probe.stopBy,
    goal,
    contacts,
    deadlineMs,
    ...(check.perOtherRegion ? { about: "us" } : {}),
    ...(check.witnessed ? { witnessed: true } : {}),
  };
}

function endpointOf({ kind, port, tls }: HostileCase): Record<string, unknown> {
  const login = { user: "ringfence", password: "env:SECRET" };
  const key = { accessKeyId: "env:ID", secretAccessKey: "env:SECRET" };
  const aws = { host: "localhost", port, tls: true, region: "us-east-1", account: "000000000000" };
  const credentials = { own: key, canary: key };
  if (kind === "sqs") return { ...aws, queue: "jobs", deadLetterQueue: "dead", credentials };
  if (kind === "sns") return { ...aws, topic: "events", watched: [], credentials };
  if (kind === "aws-snapshots") {
    const copyRole = "arn:aws:iam::000000000000:role/backup";
    return { ...aws, backup: "localhost", snapshot: "canary", vault: "vault", copyRole, credentials };
  }
  if (kind === "s3") {
    return {
      host: "localhost",
      sts: "localhost",
      port,
      tls: true,
      region: "us-east-1",
      bucket: "bucket",
      canaryKey: "ringfence/canary",
      canaryRole: "arn:aws:iam::000000000000:role/canary",
      restore: { key: "dump.sql", host: "127.0.0.1", port: 1, database: "postgres", tls: false },
      credentials: { ...credentials, restore: login },
    };
  }
  if (kind === "https") return httpsEndpoint({ port, tls });
  return {
    host: tls || kind === "vendor" ? "localhost" : "127.0.0.1",
    port,
    database: "orders",
    tls: kind === "smtp" ? "starttls" : tls,
    canaryKey: "ringfence:canary",
    operators: {},
    canaryCommand: "cat canary",
    recordCommand: "cat record",
    domain: "acme.example",
    vendor: "datadog",
    proxy: { host: "127.0.0.1", port },
    allowed: { host: "localhost", port },
    greetings: { receiver: { host: "localhost", port }, arrivals: "https://localhost/arrivals" },
    zone: "us.corp.example",
    sender: "ringfence",
    ...movingRows,
    credentials: {
      own: login,
      canary: { ...login, mailbox: "env:SECRET" },
      replication: login,
      auditor: login,
    },
  };
}

function httpsEndpoint({ port, tls }: { port: number; tls: boolean }): Record<string, unknown> {
  const token = { token: "env:SECRET" };
  return {
    host: tls ? "localhost" : "127.0.0.1",
    port,
    tls,
    tokenHeader: "Authorization: Bearer {token}",
    canaryPath: "/tenants/canary-eu/profile",
    searchPath: "/_search",
    linksPaths: ["/_remote/info"],
    placePath: "/where",
    publicPlacePath: "/where",
    tenants: { path: "/tenants/canary-{tenant}/profile", token: "env:SECRET" },
    cookie: { path: "/session", elsewhere: "localhost" },
    directoryPath: "/directory",
    log: { path: "/log", postTo: "/tenants/canary-{tenant}/preview" },
    moving: {
      tenant: "canary-eu",
      settled: "canary-eu",
      holds: "/tenants/{tenant}/profile",
      path: "/tenants/{tenant}/notes/{token}",
      body: "{token}",
      refusals: [403],
    },
    credentials: { own: token, canary: token, auditor: token },
  };
}
