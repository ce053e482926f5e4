import { createHmac } from "node:crypto";
import { height, higher, rungs } from "../core/vocabulary.ts";
import type { TryRecord } from "../probes/attempt.ts";

/** Credential reference → its fingerprint in this run. Travels between regions in memory and is never
 *  written; only the canary credentials', which open the canary and nothing else, are told. */
export type Fingerprints = Record<string, string>;

export function fingerprint(runId: string, credential: string): string {
  return createHmac("sha256", runId).update(credential).digest("hex");
}

/** Whether a credential presented abroad is another than the one that worked in the target's own region. */
export function differs(presented: Fingerprints, proven: Fingerprints): boolean {
  return Object.entries(presented).some(
    ([reference, mark]) => proven[reference] !== undefined && proven[reference] !== mark,
  );
}

/** Whether one of several credentials is the very one that worked in another region, and none is another than that. */
export function isAmong(presented: Fingerprints, proven: Fingerprints): boolean {
  const isSame = Object.entries(presented).some(([reference, mark]) => proven[reference] === mark);
  return isSame && !differs(presented, proven);
}

/** With a credential that the target does not know, being stopped proves nothing, and neither does a look that was
 *  turned away with it; having come further than allowed still does, so what was climbed and found stays. */
export function unproven(record: TryRecord): TryRecord {
  const { entry } = record;
  const { outcome } = entry;
  const isLook = outcome.kind === "reached" && entry.findings !== undefined;
  if (outcome.kind === "faulted" || (outcome.kind === "reached" && !isLook)) return record;
  const climbed = higher(entry.climbed, rungs[height(outcome.rung) - 1] ?? null);
  return {
    ...record,
    entry: { ...entry, climbed, outcome: { kind: "faulted", code: "CREDENTIAL_DIFFERS" } },
  };
}
