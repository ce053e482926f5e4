import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { RingfenceError } from "../core/errors.ts";
import type { WrittenRun } from "./compare.ts";
import { RegionReport, RunSummary } from "./report.ts";

/** A run's summary and its regions' reports, as they stand in a folder; nothing is verified. Throws
 *  EVIDENCE_INVALID where a file is missing or not what `ringfence run` writes. */
export function readRun(directory: string): WrittenRun {
  const run = read(RunSummary, join(directory, "run.json"));
  const regions = Object.keys(run.regions);
  return {
    run,
    reports: regions.map((region) => read(RegionReport, join(directory, region, "report.json"))),
  };
}

function read<T>(schema: z.ZodType<T>, file: string): T {
  try {
    return schema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new RingfenceError("EVIDENCE_INVALID", `${file} is not what a run writes: ${whyOf(cause)}`, {
      cause,
      fix: "name a folder that `ringfence run` of this version wrote",
    });
  }
}

function whyOf(cause: unknown): string {
  if (!(cause instanceof z.ZodError)) return (cause as Error).message;
  const [first] = cause.issues;
  return `${first?.path.join(".")}: ${first?.message}`;
}
