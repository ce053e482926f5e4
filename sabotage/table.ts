import { canaries } from "./canaries.ts";
import { code } from "./code.ts";
import { credentials } from "./credentials.ts";
import { journals, noJournals } from "./journals.ts";
import { kills } from "./kills.ts";
import { maps } from "./maps.ts";
import { moveRuins, moves } from "./moves.ts";
import { names } from "./names.ts";
import { otherRuins, others } from "./others.ts";
import type { Sabotage } from "./record.ts";
import { runners } from "./runner.ts";
import { ruins, targets } from "./targets.ts";
import { topics } from "./topics.ts";

/** Every sabotage, in the order in which it is run: what ruins its replica comes last. */
export const sabotages: readonly Sabotage[] = [
  ...maps,
  ...journals,
  noJournals,
  ...names,
  ...credentials,
  ...canaries,
  ...runners,
  ...code,
  ...kills,
  ...others,
  ...topics,
  ...moves,
  ...targets,
  ...ruins,
  ...otherRuins,
  ...moveRuins,
];
