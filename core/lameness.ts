import type { Control } from "./control-proof.ts";
import type { Try } from "./journal.ts";

/** In ms: between the clocks of two regions; and of one region's, which may be put right meanwhile. */
export const tolerance = { far: 5000, own: 500 };
const longestWindowMs = 15 * 60_000;

/** Why a control does not carry a try: it has to hold, and to hold before and after. */
export function lameness(
  name: string,
  control: Control | null,
  { startedAt, durationMs }: Pick<Try, "startedAt" | "durationMs">,
  toleranceMs: number,
): string | null {
  if (!control) return `${name} is missing`;
  if (control.problem) return `${name} failed: ${control.problem}`;
  const begun = Date.parse(startedAt);
  const brackets =
    control.provenFrom <= begun + toleranceMs && control.provenUntil >= begun + durationMs - toleranceMs;
  if (!brackets) return `${name} does not bracket the attempt in time`;
  const fresh = control.provenUntil - control.provenFrom <= longestWindowMs;
  return fresh ? null : `${name} is older than 15 minutes`;
}
