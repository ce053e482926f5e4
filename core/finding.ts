import type { Control } from "./control-proof.ts";
import type { ControlBook } from "./controls.ts";
import type { Try } from "./journal.ts";
import type { ResidencyMap } from "./residency-map.ts";
import type { Grade, Rung } from "./vocabulary.ts";

/** What one rule says of one try or attempt. */
export interface Finding {
  grade: Grade;
  stoppedAt: Rung | null;
  code: string | null;
  reason: string;
}

/** Everything a rule may look at. */
export interface Evidence {
  tries: readonly Try[];
  map: ResidencyMap;
  book: ControlBook;
  twin: Control | null;
  targetAlive: Control | null;
}

export function unproven(reason: string, code: string | null = null): Finding {
  return { grade: "inconclusive", stoppedAt: null, code, reason };
}
