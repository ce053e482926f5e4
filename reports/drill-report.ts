import { z } from "zod";
import { LeakPath, RegionGrade } from "../core/vocabulary.ts";

export const DrillResult = z.strictObject({
  id: z.string(),
  path: LeakPath,
  title: z.string(),
  /** Ids of the attempts that had to turn breached; of those that did; and the differences. */
  expected: z.array(z.string()),
  found: z.array(z.string()),
  missed: z.array(z.string()),
  extra: z.array(z.string()),
  /** Of the missed, those that were called contained while the hole was open: false passes. */
  falselyContained: z.array(z.string()),
  durationMs: z.int(),
  /** It was inconclusive in haste, and run once more, alone and with the map's own deadline: this is what that found. */
  patient: z.literal(true).optional(),
});
export type DrillResult = z.infer<typeof DrillResult>;

/** `drills.json`. */
export const DrillReport = z.strictObject({
  caught: z.int(),
  planned: z.int(),
  /** How many drills there are; fewer may have been asked for. */
  known: z.int(),
  version: z.string(),
  /** SHA-256 of the drills' source. */
  catalogue: z.string(),
  baselines: z.strictObject({ before: RegionGrade, after: RegionGrade }),
  drills: z.array(DrillResult),
});
export type DrillReport = z.infer<typeof DrillReport>;

export function isCaught({ missed, extra }: DrillResult): boolean {
  return missed.length === 0 && extra.length === 0;
}

/** A busy machine can be too slow for a drill's short deadline: what is missed is inconclusive then. A line that
 *  was called contained, or that turned red without a cause, is wrong at any pace, and stays so. */
export function isMissedInHaste({ missed, extra, falselyContained, patient }: DrillResult): boolean {
  return missed.length > 0 && extra.length === 0 && falselyContained.length === 0 && !patient;
}

/** Only if every drill was caught, nothing else turned red, and the ground was clean before and after. */
export function isClean({ drills, baselines }: DrillReport): boolean {
  return (
    drills.length > 0 && drills.every(isCaught) && baselines.before === "pass" && baselines.after === "pass"
  );
}
