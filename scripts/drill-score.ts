import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { projectRoot } from "../environments/node-script.ts";
import type { DrillReport } from "../reports/drill-report.ts";
import type { DrillScore } from "../reports/statement.ts";
import { catalogueDigest } from "../suites/drills/catalogue.ts";

const Score = z.strictObject({ caught: z.int(), planned: z.int(), catalogue: z.string() });

const scoreFile = join(projectRoot, "suites", "drills", "score.json");

/** Keeps the score of a whole catalogue with the source it is a score of. */
export function recordScore({ caught, planned, catalogue }: DrillReport): void {
  writeFileSync(scoreFile, `${JSON.stringify({ caught, planned, catalogue }, null, 2)}\n`);
}

/** The recorded score; null when none was recorded for these very drills, because then it is no score of them. */
export function knownScore(): DrillScore | null {
  if (!existsSync(scoreFile)) return null;
  const score = Score.parse(JSON.parse(readFileSync(scoreFile, "utf8")));
  return score.catalogue === catalogueDigest() ? score : null;
}
