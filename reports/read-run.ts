import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { RingfenceError } from "../core/errors.ts";
import type { WrittenRun } from "./compare.ts";
import { RegionReport, RunSummary } from "./report.ts";
import { RunFolder } from "./run-folder.ts";

/** A run's summary and its regions' reports, as they stand in a folder; nothing is verified. Throws
 *  EVIDENCE_INVALID where a file is missing or not what `ringfence run` writes, or belongs somewhere else. */
export function readRun(directory: string): WrittenRun {
  const isFolder = statSync(directory, { throwIfNoEntry: false })?.isDirectory();
  const [odd] = isFolder ? new RunFolder(directory).oddNames() : [];
  // Nothing is opened then: a pipe would never end.
  if (odd !== undefined) throw invalid(join(directory, odd), "it is no file, or an empty folder");
  const run = read(RunSummary, join(directory, "run.json"));
  const reports = Object.keys(run.regions).map((region) => {
    const file = join(directory, region, "report.json");
    const report = read(RegionReport, file);
    const wrong = misplaced(report, region, run);
    if (wrong !== null) throw invalid(file, wrong);
    return report;
  });
  return { run, reports };
}

/** Why it is not that region's report of that run. */
function misplaced({ region: { id }, runId, grade }: RegionReport, region: string, run: RunSummary) {
  const said = run.regions[region]?.grade;
  if (id !== region) return `it is of ${id}`;
  if (runId !== run.runId) return `it is of run ${runId}`;
  return grade === said ? null : `it is ${grade}, and ${said} in run.json`;
}

function read<T>(schema: z.ZodType<T>, file: string): T {
  try {
    return schema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw invalid(file, whyOf(cause), cause);
  }
}

function invalid(file: string, why: string, cause?: unknown): RingfenceError {
  return new RingfenceError("EVIDENCE_INVALID", `${file} is not what a run writes: ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    fix: "name a folder that `ringfence run` of this version wrote",
  });
}

function whyOf(cause: unknown): string {
  if (!(cause instanceof z.ZodError)) return (cause as Error).message;
  const [first] = cause.issues;
  return `${first?.path.join(".")}: ${first?.message}`;
}
