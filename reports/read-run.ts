import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { RingfenceError } from "../core/errors.ts";
import type { WrittenRun } from "./compare.ts";
import { RegionReport, RunSummary } from "./report.ts";

/** A run's summary and its regions' reports, as they stand in a folder; nothing is verified. Throws
 *  EVIDENCE_INVALID where a file is missing or not what `ringfence run` writes, or belongs somewhere else. */
export function readRun(directory: string): WrittenRun {
  const run = read(RunSummary, join(directory, "run.json"));
  const reports = Object.entries(run.regions).map(([region, { grade }]) => {
    const file = join(directory, region, "report.json");
    const report = read(RegionReport, file);
    const wrong =
      report.region.id !== region
        ? `it is of ${report.region.id}`
        : report.runId !== run.runId
          ? `it is of run ${report.runId}`
          : report.grade !== grade
            ? `it is ${report.grade}, and ${grade} in run.json`
            : null;
    if (wrong !== null) throw invalid(file, wrong);
    return report;
  });
  return { run, reports };
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
