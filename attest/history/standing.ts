import type { HistoryRecord } from "./record.ts";

/** How far each region's runs have come: how many were started, and the record that ended the last to end. */
export type Standing = Map<string, { runs: number; ended: string | null }>;

interface Stored {
  record: HistoryRecord;
  digest: string;
}

export function standingOf(entries: readonly Stored[]): Standing {
  const standing: Standing = new Map();
  for (const entry of entries) count(standing, entry, entries);
  return standing;
}

/** Of a region's next run. */
export function nextOf(standing: Standing, region: string): { sequence: number; previous: string | null } {
  const { runs, ended } = standing.get(region) ?? { runs: 0, ended: null };
  return { sequence: runs + 1, previous: ended };
}

/** `entries`: to find the start that a record ends. */
export function count(standing: Standing, { record, digest }: Stored, entries: readonly Stored[]): void {
  const start = record.event === "started" ? record : entries[record.started.index]?.record;
  if (start?.event !== "started") return;
  for (const region of Object.keys(start.regions)) {
    const { runs, ended } = standing.get(region) ?? { runs: 0, ended: null };
    standing.set(region, record.event === "started" ? { runs: runs + 1, ended } : { runs, ended: digest });
  }
}
