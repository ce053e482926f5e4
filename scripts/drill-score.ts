import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { catalogueDigest } from "../drills/catalogue.ts";
import type { DrillReport } from "../reports/drill-report.ts";
import type { DrillScore } from "../reports/statement.ts";

const Score = z.strictObject({ caught: z.int(), planned: z.int(), catalogue: z.string() });

const scoreFile = (catalogue: string) => join(catalogue, "score.json");

/** Keeps the score of a whole catalogue with the source it is a score of. */
export function recordScore(folder: string, { caught, planned, catalogue }: DrillReport): void {
  writeFileSync(scoreFile(folder), `${JSON.stringify({ caught, planned, catalogue }, null, 2)}\n`);
}

/** The recorded score of a catalogue's folder; null when none was recorded for these very drills, because then it is no score of them. */
export function knownScore(folder: string | undefined): DrillScore | null {
  if (folder === undefined || !existsSync(scoreFile(folder))) return null;
  const score = Score.parse(JSON.parse(readFileSync(scoreFile(folder), "utf8")));
  return score.catalogue === catalogueDigest(folder) ? score : null;
}
