import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Entry } from "../core/journal.ts";
import type { PlannedItem } from "../core/plan.ts";
import { commandLine, projectRoot, scriptArguments } from "../environments/node-script.ts";
import { gate } from "../observer/gate.ts";
import { attempt } from "../probes/attempt.ts";
import { tcp } from "../probes/tcp.ts";
import type { RunSummary } from "../reports/report.ts";
import { evidenceCosts } from "./bench/evidence-costs.ts";
import { table } from "./terminal.ts";

/** Prints ratios within one run; nothing is asserted. `npm run bench -- evidence` measures evidence only.
 *  `node scripts/bench.ts engine` is the inner part, run in a network namespace of its own, where 192.0.2.0/24
 *  (RFC 5737) is a hole that answers nothing. */
const engineTargets = 5000;
const engineConcurrency = 500;
const engineDeadlineMs = 2000;

const item: PlannedItem = {
  id: "bench",
  role: "attempt",
  family: "trespass",
  path: "database",
  kind: "tcp",
  probe: "tcp",
  title: "bench",
  vector: { route: "name", addressFamily: 4, credentials: "none" },
  from: { region: "a", principal: "workload" },
  to: { region: "b", system: "c" },
  stopBy: "network",
  goal: "network",
  contacts: "target",
  deadlineMs: engineDeadlineMs,
};

if (process.argv[2] === "engine") {
  process.stdout.write(JSON.stringify(await benchEngine()));
  process.exit(0);
}

/** Some 100,000 attempts. */
const largeCopies = 33;
const evidence = [
  ...(await evidenceCosts("evidence of the sample map", 1)),
  ...(await evidenceCosts("evidence of a large map", largeCopies)),
];
const others = process.argv[2] === "evidence" ? [] : [...defaultRun(), ...engine()];
process.stdout.write(`${table([["measure", "value"], ...others, ...evidence])}\n`);

function defaultRun(): string[][] {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-bench-"));
  const done = spawnSync(process.execPath, [commandLine, "run", "--out", join(folder, "run")], {
    encoding: "utf8",
    cwd: projectRoot,
  });
  if (done.status !== 0) throw new Error(`the default run did not pass:\n${done.stdout}${done.stderr}`);
  const run = JSON.parse(readFileSync(join(folder, "run", "run.json"), "utf8")) as RunSummary;
  const journals = Object.keys(run.regions).map((region) =>
    entriesOf(join(folder, "run", region, "observations.jsonl")),
  );
  rmSync(folder, { recursive: true });
  const bootMs = Number(/^ *([\d.]+) s {2}trying/m.exec(done.stdout)?.[1]) * 1000;
  const longest = Math.max(
    ...journals.flatMap((entries) => triesIn(entries, "attempt").map((one) => one.durationMs)),
  );
  const controlMs = Math.max(
    ...journals.map((entries) => spanOf(triesIn(entries, "before")) + spanOf(triesIn(entries, "after"))),
  );
  const floorMs = bootMs + longest + controlMs;
  return [
    ["default run, wall", `${(run.durationMs / 1000).toFixed(1)} s`],
    ["  replica ready", `${(bootMs / 1000).toFixed(1)} s`],
    ["  controls, before and after", `${(controlMs / 1000).toFixed(1)} s`],
    ["  longest attempt", `${(longest / 1000).toFixed(1)} s`],
    ["  wall / (ready + longest + controls)", (run.durationMs / floorMs).toFixed(2)],
  ];
}

function engine(): string[][] {
  const inner = [...scriptArguments(import.meta.filename), "engine"];
  const hole =
    "ip link set lo up && ip link add hole type veth peer name nobody && ip link set nobody up && ip addr add 192.0.2.1/24 dev hole && ip link set hole up";
  const script = `${hole} && for i in $(seq 2 21); do ip neigh add 192.0.2.$i lladdr 02:00:00:00:00:01 dev hole nud permanent; done && exec "$@"`;
  const done = spawnSync(
    "unshare",
    ["--user", "--map-root-user", "--net", "--", "sh", "-c", script, "sh", process.execPath, ...inner],
    {
      encoding: "utf8",
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    },
  );
  if (done.status !== 0) throw new Error(`the engine bench failed: ${done.stderr}`);
  const { wallMs, silent, wrong, peakMiB, openPerSecond } = JSON.parse(done.stdout) as EngineFigures;
  const floorMs = Math.ceil(engineTargets / engineConcurrency) * engineDeadlineMs;
  return [
    [
      `engine, ${engineTargets} silent targets, ${engineConcurrency} at once, wall`,
      `${(wallMs / 1000).toFixed(1)} s`,
    ],
    ["  wall / floor", (wallMs / floorMs).toFixed(3)],
    ["  attempts per second", ((engineTargets / wallMs) * 1000).toFixed(0)],
    ["  silent / wrong outcomes", `${silent} / ${wrong}`],
    ["  peak memory", `${peakMiB.toFixed(0)} MiB`],
    ["engine, open targets, attempts per second", openPerSecond.toFixed(0)],
  ];
}

interface EngineFigures {
  wallMs: number;
  silent: number;
  wrong: number;
  peakMiB: number;
  openPerSecond: number;
}

async function benchEngine(): Promise<EngineFigures> {
  const begun = performance.now();
  const outcomes = await tryAll(engineTargets, (index) => ({
    host: `192.0.2.${2 + (index % 20)}`,
    port: 1024 + index,
  }));
  const wallMs = performance.now() - begun;
  const silent = outcomes.filter((kind) => kind === "silent").length;
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  const port = await new Promise<number>((done) =>
    server.once("listening", () => done((server.address() as { port: number }).port)),
  );
  const openBegun = performance.now();
  const open = await tryAll(engineTargets, () => ({ host: "127.0.0.1", port }));
  const openMs = performance.now() - openBegun;
  server.close();
  const wrong = outcomes.length - silent + open.filter((kind) => kind !== "reached").length;
  return {
    wallMs,
    silent,
    wrong,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    openPerSecond: (engineTargets / openMs) * 1000,
  };
}

async function tryAll(
  count: number,
  targetOf: (index: number) => { host: string; port: number },
): Promise<string[]> {
  const throughGate = gate(engineConcurrency);
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      throughGate(async () => {
        const target = targetOf(index);
        const context = {
          runId: "bench",
          item,
          own: target,
          target,
          secret: () => "",
          offer: undefined,
          token: "0".repeat(32),
        };
        const [record] = await attempt(item, {
          probe: tcp,
          context,
          learned: [],
          onLate: () => {},
          keepOpen: (ladder) => ladder.close(),
        });
        return record?.entry.outcome.kind ?? "none";
      }),
    ),
  );
}

function entriesOf(file: string): Entry[] {
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { entry: Entry }).entry);
}

function triesIn(entries: readonly Entry[], phase: string) {
  return entries.flatMap((entry) =>
    entry.type === "observation" && entry.phase === phase ? entry.tries : [],
  );
}

function spanOf(tries: readonly { startedAt: string; durationMs: number }[]): number {
  const starts = tries.map((one) => Date.parse(one.startedAt));
  return Math.max(...tries.map((one, index) => (starts[index] ?? 0) + one.durationMs)) - Math.min(...starts);
}
