import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { DrillTools } from "../core/drill.ts";
import { Hole } from "../core/drill.ts";
import type { ResidencyMap } from "../core/residency-map.ts";
import type { RegionGrade } from "../core/vocabulary.ts";
import { addRule, admit, between, eu, us } from "../drills/holes.ts";
import type { ReplicaEnvironment } from "../environments/driver.ts";
import { readMapFile } from "../environments/map-file.ts";
import { driver } from "../environments/replica/driver.ts";
import { loadProbes } from "../probes/catalog.ts";
import { planFor } from "./planning.ts";
import { newRunId, observeAndJudge } from "./prove.ts";
import { green, red } from "./terminal.ts";
import { today } from "./version.ts";

/** `npm run soak -- N`: N default runs with every core busy and 5 % of the packets lost at the core router,
 *  each third one with a hole open. A closed border must never look breached, an open one never pass;
 *  inconclusive is right wherever loss made a control fail. Exit 0: no wrong verdict. */
const runs = Number(process.argv[2] ?? 30);
if (!Number.isInteger(runs) || runs < 1 || runs > 1000) {
  process.stderr.write("soak: expected a number of runs from 1 to 1000\n");
  process.exit(64);
}

const kinds = await loadProbes();
const { map } = readMapFile(driver.mapFile, { kinds, today: today() });
const controller = new AbortController();
const environment = (await driver.start(map, {
  signal: controller.signal,
})) as ReplicaEnvironment<DrillTools>;
const load = Array.from({ length: availableParallelism() }, burn);
const counts: Record<string, number> = {};
let wrong = 0;
try {
  for (let index = 0; index < runs; index++) {
    const open = index % 3 === 2;
    const { grade, falseLines } = await soakOnce(map, { open });
    const mistaken = falseLines > 0 || (open && (grade === "pass" || grade === "pass-with-exceptions"));
    if (mistaken) wrong++;
    const name = `${open ? "open" : "closed"}: ${grade}`;
    counts[name] = (counts[name] ?? 0) + 1;
    process.stdout.write(
      `${String(index + 1).padStart(3)}  ${name}${mistaken ? red(`  WRONG, ${falseLines} false lines`) : ""}\n`,
    );
  }
} finally {
  for (const child of load) child.kill("SIGKILL");
  await environment[Symbol.asyncDispose]();
}
const summary = Object.entries(counts).map(([name, count]) => `${count} × ${name}`);
process.stdout.write(
  `\n${runs} runs, ${wrong === 0 ? green("0 wrong") : red(`${wrong} wrong`)}: ${summary.join(", ")}\n`,
);
process.exit(wrong === 0 ? 0 : 1);

async function soakOnce(
  map: ResidencyMap,
  { open }: { open: boolean },
): Promise<{ grade: RegionGrade; falseLines: number }> {
  await using hole = new Hole();
  const loss = "numgen random mod 100 < 5 drop";
  if (open) await admit(environment.tools, hole, `${between(eu, us, 4)} tcp dport 5432 accept`);
  await addRule(environment.tools, hole, { host: "core", chain: "inet ringfence forward", rule: loss });
  const directory = mkdtempSync(join(tmpdir(), "ringfence-soak-"));
  const plan = planFor(map, kinds, { environment: environment.name, outside: environment.outside });
  try {
    const { judgement } = await observeAndJudge({
      environment,
      map,
      plan,
      runId: newRunId(),
      directory,
      signal: controller.signal,
      onEntry: () => {},
      onLost: (region, why) => process.stdout.write(`${region} did not finish: ${why.slice(0, 200)}\n`),
    });
    const leads = (from: string, to: string, path: string) =>
      open && from === eu && to === us && path === "database";
    const breached = judgement.verdicts.filter(({ grade }) => grade === "breached");
    const falseLines = breached.filter(
      ({ item }) => !leads(item.from.region, item.to.region, item.path),
    ).length;
    return { grade: judgement.grade, falseLines };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Keeps one core busy, and ends with this process. */
function burn(): ChildProcess {
  const script =
    "process.stdin.on('end', () => process.exit()).resume(); const spin = () => { const until = Date.now() + 50; while (Date.now() < until); setImmediate(spin); }; spin();";
  return spawn(process.execPath, ["-e", script], { stdio: ["pipe", "ignore", "ignore"] });
}
