import type { LogEntry } from "../attest/history/log.ts";
import {
  evidenceName,
  type Finished,
  type JudgedRecord,
  type OpenFinding,
  type RecordedRegion,
  type Started,
} from "../attest/history/record.ts";
import type { RegionGrade } from "../core/vocabulary.ts";
import { type Finding, trackFindings } from "./population-findings.ts";
import { isWithin, type Place, placesOf } from "./population-places.ts";

export type RunState = "judged" | "interrupted" | "unfinished";

/** A run as its history has it. */
export interface PopulationRun
  extends Omit<Started, "event" | "origin" | "index" | "previous" | "at" | "regions"> {
  /** Of the record that it started, and of the one that it ended; null where there is none. */
  index: number;
  endIndex: number | null;
  startedAt: string;
  endedAt: string | null;
  /** Unfinished: it was never heard of again, or is still going on. */
  state: RunState;
  /** Why it was interrupted. */
  reason: string | null;
  grade: RegionGrade | null;
  /** SHA-256 of the judge's bundle over all of its evidence. */
  evidence: string | null;
  /** Its time is before an earlier record's, so that nothing is concluded from it. */
  clockWentBack: boolean;
  /** When it was started and, where its record stands out of the order of time, when those around it were written: it
   *  belongs to each period that one of them is in, or a wrong clock could hide it. Milliseconds since 1970. */
  times: readonly number[];
  regions: Record<string, { sequence: number; result: RecordedRegion | null }>;
  open: readonly OpenFinding[];
  openOmitted: number;
}

export interface Period {
  /** Milliseconds since 1970; `until` is no longer part of it. */
  from: number;
  until: number;
}

/** Every run of a history in a period, and what has to be known of them as a population. */
export interface Population {
  origin: string | null;
  period: Period;
  cadenceMs: number | null;
  /** In the order in which they were started. */
  runs: PopulationRun[];
  /** The same, by environment and region, with the gaps between them. */
  places: Place[];
  /** What was not contained in the period, or before it and not cleared by then. */
  findings: Finding[];
}

export interface Asked extends Partial<Period> {
  /** How often a whole run was promised; null where nobody said. */
  cadenceMs: number | null;
  /** The time at which this is asked: nothing can be missing after it. */
  asOf: number;
}

/** From the records of a log, in their order. Whether those are all of them, and as they were written, is for
 *  `verifyLog` to say. */
export function populationOf(entries: readonly LogEntry[], { cadenceMs, asOf, ...asked }: Asked): Population {
  const all = runsOf(entries);
  const times = all.map(({ startedAt }) => Date.parse(startedAt));
  const from = asked.from ?? times.reduce((first, at) => Math.min(first, at), asOf);
  const until = asked.until ?? times.reduce((last, at) => Math.max(last, at + 1), asOf);
  const period = { from, until };
  const timesOf = new Map(all.map((run) => [run.index, run.times]));
  return {
    origin: entries[0]?.record.origin ?? null,
    period,
    cadenceMs,
    runs: all.filter((run) => isWithin(run, period)),
    places: placesOf(all, { period, cadenceMs, asOf }),
    findings: trackFindings(all).filter(
      ({ first, cleared }) =>
        Math.min(...(timesOf.get(first.index) ?? [])) < until && (!cleared || Date.parse(cleared.at) >= from),
    ),
  };
}

function runsOf(entries: readonly LogEntry[]): PopulationRun[] {
  const runs = new Map<number, PopulationRun>();
  const earliestAfter = earliestOfRest(entries.map(({ record }) => Date.parse(record.at)));
  let latest = Number.NEGATIVE_INFINITY;
  for (const [index, { record, subjects }] of entries.entries()) {
    const at = Date.parse(record.at);
    const after = earliestAfter[index] ?? at;
    const times = [at, ...(at < latest ? [latest] : []), ...(at > after ? [after] : [])];
    if (record.event === "started")
      runs.set(index, startedRun(record, { index, clockWentBack: at < latest, times }));
    else end(runs.get(record.started.index), record, { index, evidence: subjects.get(evidenceName) ?? null });
    latest = Math.max(latest, at);
  }
  return [...runs.values()];
}

/** Of each place, the earliest time from there on. */
function earliestOfRest(times: readonly number[]): number[] {
  let earliest = Number.POSITIVE_INFINITY;
  return times
    .toReversed()
    .map((at) => {
      earliest = Math.min(earliest, at);
      return earliest;
    })
    .toReversed();
}

function startedRun(
  { event: _, origin: __, previous: ___, at, regions, ...facts }: Started,
  { index, clockWentBack, times }: Pick<PopulationRun, "index" | "clockWentBack" | "times">,
): PopulationRun {
  return {
    ...facts,
    index,
    endIndex: null,
    startedAt: at,
    endedAt: null,
    state: "unfinished",
    reason: null,
    grade: null,
    evidence: null,
    clockWentBack,
    times,
    regions: Object.fromEntries(
      Object.entries(regions).map(([region, { sequence }]) => [region, { sequence, result: null }]),
    ),
    open: [],
    openOmitted: 0,
  };
}

function end(
  run: PopulationRun | undefined,
  record: Finished,
  { index, evidence }: { index: number; evidence: string | null },
): void {
  if (run?.state !== "unfinished") return;
  run.endIndex = index;
  run.endedAt = record.at;
  run.state = record.outcome;
  if (record.outcome === "interrupted") {
    run.reason = record.reason;
    return;
  }
  run.grade = record.grade;
  run.partial ||= record.partial;
  run.evidence = evidence;
  run.open = [...record.open, ...unblamed(record)];
  run.openOmitted = record.openOmitted;
  for (const [region, result] of Object.entries(record.regions)) {
    const begun = run.regions[region];
    if (begun) begun.result = result;
  }
}

/** Of each region that failed with nothing in its record to blame, because all of that is excepted, or there was no
 *  room for it: the region as a whole, so that it is not forgotten. */
function unblamed({ regions, open }: JudgedRecord): OpenFinding[] {
  return Object.entries(regions).flatMap(([region, { grade }]) => {
    if (grade === "pass" || grade === "pass-with-exceptions") return [];
    const blamed = open.filter((one) => one.region === region && !one.waived);
    return blamed.some((one) => grade === "inconclusive" || one.grade === grade)
      ? []
      : [{ region, path: null, system: null, to: null, grade, waived: false, count: 1 }];
  });
}
