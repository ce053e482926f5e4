import type { HistoryRecord } from "./record.ts";

/** How far each region's runs have come: the last run's number, and the record that ended the last to end. */
export type Standing = Map<string, { runs: number; ended: string | null }>;

interface Stored {
  record: HistoryRecord;
  digest: string;
}

export function standingOf(entries: readonly Stored[]): Standing {
  const standing: Standing = new Map();
  for (const entry of entries) count(standing, entry, (index) => entries[index]?.record);
  return standing;
}

/** Of a region's next run. */
export function nextOf(standing: Standing, region: string): { sequence: number; previous: string | null } {
  const { runs, ended } = standing.get(region) ?? { runs: 0, ended: null };
  return { sequence: runs + 1, previous: ended };
}

/** `recordAt`: to find the start that a record ends. A start's own number is taken as it says, so that one that
 *  is missing does not put all later ones in the wrong. */
export function count(
  standing: Standing,
  { record, digest }: Stored,
  recordAt: (index: number) => HistoryRecord | undefined,
): void {
  for (const [region, { sequence }] of Object.entries(regionsOf(record, recordAt))) {
    const { runs, ended } = standing.get(region) ?? { runs: 0, ended: null };
    standing.set(region, record.event === "started" ? { runs: sequence, ended } : { runs, ended: digest });
  }
}

/** Where its start is missing, an end still says whose runs it ended. */
function regionsOf(
  record: HistoryRecord,
  recordAt: (index: number) => HistoryRecord | undefined,
): Readonly<Record<string, { sequence: number }>> {
  if (record.event === "started") return record.regions;
  const start = recordAt(record.started.index);
  if (start?.event === "started") return start.regions;
  return record.outcome === "judged" ? record.regions : {};
}
