import { worstRegion } from "../core/judge.ts";
import type { RegionGrade } from "../core/vocabulary.ts";
import type { Period, PopulationRun, RunState } from "./population.ts";

/** A run as one region saw it. */
export interface PlaceRun {
  runId: string;
  index: number;
  sequence: number;
  at: string;
  state: RunState;
  partial: boolean;
  grade: RegionGrade | null;
  clockWentBack: boolean;
}

/** A time without a whole run that was longer than the cadence allows. Milliseconds since 1970. */
export interface Gap extends Period {
  /** The runs at its ends; null where it begins or ends with the period. */
  after: string | null;
  before: string | null;
}

/** One region of one environment, over the period. */
export interface Place {
  environment: string;
  fidelity: "replica" | "real";
  region: string;
  runs: PlaceRun[];
  /** Null where no cadence was declared. */
  gaps: Gap[] | null;
}

/** A day of a calendar, in UTC. */
export interface Day {
  /** As in 2026-11-24. */
  day: string;
  runs: PlaceRun[];
  /** The worst grade of its whole runs; null where there was none. */
  grade: RegionGrade | null;
  /** Whether it lies in a gap, and no whole run lies in it. */
  inGap: boolean;
}

/** A start may be late by a tenth of the cadence: machines queue, and clocks differ. */
const tolerance = 1.1;
const dayMs = 86_400_000;
const mostDays = 1100;

export function placesOf(
  runs: readonly PopulationRun[],
  { period, cadenceMs, asOf }: { period: Period; cadenceMs: number | null; asOf: number },
): Place[] {
  const past = { from: period.from, until: Math.min(period.until, asOf) };
  const seen = runs.flatMap((run) => Object.keys(run.regions).map((region) => ({ run, region })));
  const groups = Map.groupBy(seen, ({ run, region }) =>
    JSON.stringify([run.environment, run.fidelity, region]),
  );
  return [...groups.values()].map((group) => {
    const [{ run, region }] = group as [(typeof group)[number]];
    const mine = group.map((one) => placeRun(one.run, region));
    const within = group.map((one) => isWithin(one.run, period));
    return {
      environment: run.environment,
      fidelity: run.fidelity,
      region,
      runs: mine.filter((_, index) => within[index]),
      gaps: cadenceMs === null ? null : gapsBetween(mine.filter(isWhole), { period: past, cadenceMs }),
    };
  });
}

export function isWithin({ times }: Pick<PopulationRun, "times">, { from, until }: Period): boolean {
  return times.some((at) => at >= from && at < until);
}

function placeRun(run: PopulationRun, region: string): PlaceRun {
  const { runId, index, startedAt: at, state, partial, clockWentBack } = run;
  const { sequence = 0, result = null } = run.regions[region] ?? {};
  return { runId, index, sequence, at, state, partial, grade: result?.grade ?? null, clockWentBack };
}

/** Whether a run shows that the region was tested then, whatever came out. */
export function isWhole({ state, partial, clockWentBack }: PlaceRun): boolean {
  return state === "judged" && !partial && !clockWentBack;
}

/** The last whole run before the period still counts at its beginning. */
function gapsBetween(
  whole: readonly PlaceRun[],
  { period, cadenceMs }: { period: Period; cadenceMs: number },
): Gap[] {
  const points = whole
    .map(({ runId, at }): { at: number; runId: string | null } => ({ at: Date.parse(at), runId }))
    .filter(({ at }) => at < period.until);
  const before = points.findLastIndex(({ at }) => at < period.from);
  const begins = before < 0 ? [{ at: period.from, runId: null }] : points.slice(before, before + 1);
  const line = [...begins, ...points.slice(before + 1), { at: period.until, runId: null }];
  return line.slice(1).flatMap((point, index) => {
    const last = line[index] as (typeof line)[number];
    if (point.at - last.at <= cadenceMs * tolerance) return [];
    return [{ from: last.at, until: point.at, after: last.runId, before: point.runId }];
  });
}

/** How many days of a period there are before the last 1,100. */
export function daysBefore({ from, until }: Period): number {
  return Math.max(0, Math.ceil(until / dayMs) - mostDays - Math.floor(from / dayMs));
}

/** Each day of the period, the last 1,100 at most: also those without a run. */
export function daysOf({ runs, gaps }: Place, { from, until }: Period): Day[] {
  const byDay = Map.groupBy(runs, ({ at }) => new Date(at).toISOString().slice(0, 10));
  const last = Math.ceil(until / dayMs);
  const first = Math.floor(from / dayMs) + daysBefore({ from, until });
  return Array.from({ length: Math.max(0, last - first) }, (_, offset) => {
    const begins = (first + offset) * dayMs;
    const day = new Date(begins).toISOString().slice(0, 10);
    const mine = byDay.get(day) ?? [];
    const whole = mine.filter(isWhole);
    const grades = whole.flatMap(({ grade }) => grade ?? []);
    const overlaps = (gap: Gap) => gap.from < begins + dayMs && gap.until > begins;
    return {
      day,
      runs: mine,
      grade: grades.length === 0 ? null : worstRegion(grades),
      inGap: whole.length === 0 && (gaps ?? []).some(overlaps),
    };
  });
}
