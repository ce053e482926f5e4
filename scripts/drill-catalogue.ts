import type { Drill } from "../core/drill.ts";
import { RingfenceError } from "../core/errors.ts";
import type { LeakPath, RegionGrade } from "../core/vocabulary.ts";
import type { AnyTools } from "../environments/driver.ts";
import { type DrillReport, type DrillResult, isCaught, isMissedInHaste } from "../reports/drill-report.ts";
import { again, type DrillGround, runBaseline, runDrill } from "./drill-run.ts";
import { dim, green, red } from "./terminal.ts";

type Drills = readonly Drill<AnyTools>[];

/** Every drill on the next ground that is free, between baselines; tells each result as it comes. The grounds start
 *  alike, so that one stands for all before the drills; afterwards each is looked at. */
export async function runCatalogue(
  drills: Drills,
  grounds: readonly DrillGround[],
): Promise<{ baselines: DrillReport["baselines"]; results: DrillResult[] }> {
  const paths = [...new Set(drills.map(({ path }) => path))];
  const before = await baselineOf(grounds.slice(0, 1), { id: "baseline-before", paths });
  const results = await onceMoreAlone(await eachOnFreeGround(drills, grounds), drills, grounds[0]);
  const after = await baselineOf(grounds, { id: "baseline-after", paths });
  return { baselines: { before, after }, results };
}

/** Of each ground, one after another, so that none is slowed by the other; the first that is no pass is told. */
async function baselineOf(
  grounds: readonly DrillGround[],
  { id, paths }: { id: string; paths: readonly LeakPath[] },
): Promise<RegionGrade> {
  const grades: RegionGrade[] = [];
  for (const [index, ground] of grounds.entries()) {
    const own = `${id}-${index + 1}`;
    const grade = await runBaseline(ground, { id: own, paths });
    const isOpen = grade === "inconclusive" && !ground.signal.aborted;
    grades.push(isOpen ? await runBaseline(ground, { id: again(own), paths }) : grade);
  }
  const told = grades.find((grade) => grade !== "pass") ?? grades[0] ?? "inconclusive";
  process.stdout.write(`baseline  ${told}\n`);
  return told;
}

/** Each ground takes the next drill when it is done with one; the results are in the drills' order. */
async function eachOnFreeGround(drills: Drills, grounds: readonly DrillGround[]): Promise<DrillResult[]> {
  const results: DrillResult[] = [];
  const open = drills.entries();
  await Promise.all(
    grounds.map(async (ground) => {
      for (const [index, drill] of open) {
        if (ground.signal.aborted)
          throw new RingfenceError("INTERRUPTED", "the drills were interrupted", { fix: "run them again" });
        const result = await runDrill(ground, drill);
        results[index] = result;
        process.stdout.write(resultLine(result));
      }
    }),
  );
  return results;
}

/** What was inconclusive for want of time has as much of it as a run has, while nothing else runs. */
async function onceMoreAlone(
  results: DrillResult[],
  drills: Drills,
  ground: DrillGround | undefined,
): Promise<DrillResult[]> {
  for (const [index, drill] of drills.entries()) {
    const first = results[index];
    if (!ground || !first || !isMissedInHaste(first)) continue;
    const last = await runDrill(ground, drill, { patient: true });
    results[index] = last;
    process.stdout.write(`once more, alone\n${resultLine(last)}`);
  }
  return results;
}

function resultLine(result: DrillResult): string {
  const mark = isCaught(result) ? green("caught ") : red("MISSED ");
  const seconds = `${(result.durationMs / 1000).toFixed(1)} s`.padStart(6);
  const wrong = [
    ...result.missed.map(
      (id) => `           missed ${id}${result.falselyContained.includes(id) ? " (called contained)" : ""}\n`,
    ),
    ...result.extra.map((id) => `           extra  ${id}\n`),
  ];
  return `${mark} ${dim(seconds)}  ${result.id}  ${result.title}\n${wrong.slice(0, 12).join("")}`;
}
