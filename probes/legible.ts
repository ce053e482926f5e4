import { Findings, mostCharacters } from "../core/journal.ts";
import type { Outcome } from "../core/vocabulary.ts";
import type { Answer } from "./probe.ts";

const code = /^[A-Za-z0-9][A-Za-z0-9_.]{0,80}$/;

/** A code that a far system chose, in a closed alphabet: SQLSTATEs, Redis error words, AWS error codes
 *  and Node's codes all fit it, and markup, escapes and newlines do not. */
export function legibleCode(said: unknown): string {
  return typeof said === "string" && code.test(said) ? said : "UNREADABLE_CODE";
}

const unlikeName = /[^\p{L}\p{N} ._:()/@-]/gu;

/** A name that a far system chose, as one short line: what no host, bucket or slot
 *  is called by becomes "?". */
export function legibleText(said: string): string {
  return said.slice(0, mostCharacters).replace(unlikeName, "?");
}

/** What goes into the journal: codes and names are legible, and findings fit its schema. One line that
 *  did not would make the whole journal unreadable. */
export function legible({ outcome: met, findings: found, removed: left }: Answer): Answer {
  const removed = left ? { removed: { ...left, what: left.what.slice(0, mostCharacters) } } : {};
  const outcome = legibleOutcome(met);
  if (!found) return { ...removed, outcome };
  const findings = Findings.safeParse(found);
  if (findings.success) return { ...removed, outcome, findings: findings.data };
  return { ...removed, outcome: { kind: "faulted", code: "UNREADABLE_FINDINGS" } };
}

function legibleOutcome(outcome: Outcome): Outcome {
  if (outcome.kind !== "refused" && outcome.kind !== "faulted") return outcome;
  return { ...outcome, code: legibleCode(outcome.code) };
}
