import type { PlannedItem } from "../core/plan.ts";
import type { TryRecord } from "../probes/attempt.ts";
import type { HomeReport } from "./job.ts";

/** Silence counts from three times the slowest control on; the closing ones may be a third slower still. */
const patience = 4;

/** How long an attempt waits, in ms: as the map says, and longer where a control of its kind was slow in any
 *  region. What answers slowly at home would answer slowly abroad, too. */
export function patienceFor(
  { kind, deadlineMs }: Pick<PlannedItem, "kind" | "deadlineMs">,
  reports: Readonly<Record<string, Pick<HomeReport, "slowestMs">>>,
): number {
  const slowest = Object.values(reports).map(({ slowestMs }) => slowestMs[kind] ?? 0);
  return Math.max(deadlineMs, Math.ceil(patience * Math.max(0, ...slowest)));
}

/** What was never answered tells no time: its control has failed, and waiting longer would not mend it. */
export function noteSlowest(
  { slowestMs }: Pick<HomeReport, "slowestMs">,
  { kind }: Pick<PlannedItem, "kind">,
  records: readonly TryRecord[],
): void {
  for (const { entry } of records) {
    if (entry.outcome.kind === "silent") continue;
    slowestMs[kind] = Math.max(slowestMs[kind] ?? 0, entry.durationMs);
  }
}
