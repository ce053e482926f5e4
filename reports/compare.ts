import { canonicalJson } from "../core/digest.ts";
import type { Grade, RegionGrade } from "../core/vocabulary.ts";
import type { RegionReport, ReportVerdict, RunSummary } from "./report.ts";

/** A run as it was written. */
export interface WrittenRun {
  run: RunSummary;
  reports: readonly RegionReport[];
}

/** An attempt that both runs made, with another verdict. */
export interface ChangedVerdict {
  before: ReportVerdict;
  after: ReportVerdict;
  /** "worse": less is proven than before; "exception": only a waiver came, went, or was replaced by another;
   *  "moved": the same was found, and it was stopped at another rung. */
  change: "worse" | "better" | "exception" | "moved";
}

/** A region of both runs, with another grade. */
export interface ChangedRegion {
  region: string;
  before: RegionGrade;
  after: RegionGrade;
}

export interface Comparison {
  /** What both runs do not share, in words: map, plan, version, environment. */
  differences: string[];
  verdicts: ChangedVerdict[];
  /** Attempts that only the later run planned, and only the earlier. */
  added: ReportVerdict[];
  removed: ReportVerdict[];
  /** Gaps that only the later run has, and only the earlier, as "region path system probe: reason". */
  gapsAdded: string[];
  gapsRemoved: string[];
  /** What only the later run's map does not promise, as "path system probe: reason". */
  unclaimed: string[];
  regions: ChangedRegion[];
  /** Whether the later run is worth less as a whole: by a grade, or as a replica after real regions. */
  fell: boolean;
}

const worthOfRun: Record<RegionGrade, number> = {
  pass: 3,
  "pass-with-exceptions": 2,
  inconclusive: 1,
  breached: 0,
};
const worth: Record<Grade, number> = { contained: 2, inconclusive: 1, breached: 0 };

/** What changed from one run to a later one. An attempt that is no longer made proves nothing any more, so that
 *  whoever compares has to look at `removed`, too. */
export function compareRuns(before: WrittenRun, after: WrittenRun): Comparison {
  const earlier = verdictsOf(before);
  const later = verdictsOf(after);
  const both = [...earlier].flatMap(([id, one]) => {
    const other = later.get(id);
    return other ? [{ before: one, after: other }] : [];
  });
  const gaps = { before: gapsOf(before), after: gapsOf(after) };
  const unclaimed = unclaimedIn(before);
  const regions = regionsOf(before, after);
  return {
    differences: differencesOf(before, after),
    verdicts: both.flatMap((pair) => {
      const change = changeOf(pair);
      return change ? [{ ...pair, change }] : [];
    }),
    added: [...later].flatMap(([id, verdict]) => (earlier.has(id) ? [] : [verdict])),
    removed: [...earlier].flatMap(([id, verdict]) => (later.has(id) ? [] : [verdict])),
    gapsAdded: gaps.after.filter((gap) => !gaps.before.includes(gap)),
    gapsRemoved: gaps.before.filter((gap) => !gaps.after.includes(gap)),
    unclaimed: unclaimedIn(after).filter((one) => !unclaimed.includes(one)),
    regions,
    fell:
      [...regions, { before: before.run.grade, after: after.run.grade }].some(hasFallen) ||
      (before.run.fidelity === "real" && after.run.fidelity === "replica"),
  };
}

/** Whether the later run proves less than the earlier one did. */
export function isWorse({ verdicts, removed, gapsAdded, added, fell }: Comparison): boolean {
  return (
    fell ||
    verdicts.some((one) => one.change === "worse" || (one.after.waiver && isOtherException(one))) ||
    removed.length > 0 ||
    gapsAdded.length > 0 ||
    added.some(({ grade, waiver }) => grade !== "contained" || waiver)
  );
}

type Pair = Pick<ChangedVerdict, "before" | "after">;

/** One that somebody else signed for, or something else, or for longer, is another. */
export function isOtherException({ before, after }: Pair): boolean {
  return canonicalJson(before.waiver) !== canonicalJson(after.waiver);
}

export function hasFallen({ before, after }: Pick<ChangedRegion, "before" | "after">): boolean {
  return worthOfRun[after] < worthOfRun[before];
}

function changeOf(pair: Pair): ChangedVerdict["change"] | null {
  const { before, after } = pair;
  if (before.grade !== after.grade) return worth[after.grade] < worth[before.grade] ? "worse" : "better";
  if (isOtherException(pair)) return "exception";
  return before.stoppedAt === after.stoppedAt || after.grade === "inconclusive" ? null : "moved";
}

function regionsOf({ run: earlier }: WrittenRun, { run: later }: WrittenRun): ChangedRegion[] {
  return Object.entries(earlier.regions).flatMap(([region, { grade: before }]) => {
    const after = later.regions[region]?.grade ?? before;
    return before === after ? [] : [{ region, before, after }];
  });
}

function verdictsOf({ reports }: WrittenRun): Map<string, ReportVerdict> {
  return new Map(reports.flatMap(({ verdicts }) => verdicts.map((verdict) => [verdict.id, verdict])));
}

function gapsOf({ reports }: WrittenRun): string[] {
  return reports
    .flatMap(({ gaps }) => gaps)
    .map(({ region, path, system, probe, reason }) => `${region} ${path} ${system} ${probe}: ${reason}`)
    .sort();
}

function unclaimedIn({ reports }: WrittenRun): string[] {
  const all = reports.flatMap(({ notClaimed }) => notClaimed);
  return [
    ...new Set(all.map(({ path, system, probe, reason }) => `${path} ${system} ${probe}: ${reason}`)),
  ].sort();
}

function differencesOf(before: WrittenRun, after: WrittenRun): string[] {
  const facts = ({ run, reports: [first] }: WrittenRun): Record<string, string> => ({
    environment: run.environment,
    fidelity: run.fidelity,
    version: first?.version ?? "",
    map: first?.digests.map ?? "",
    plan: first?.digests.plan ?? "",
    regions: Object.keys(run.regions).sort().join(", "),
    scope: run.partial ? "partial" : "whole",
  });
  const later = facts(after);
  return Object.entries(facts(before)).flatMap(([what, was]) => {
    const is = later[what] ?? "";
    return was === is ? [] : [`${what}: ${short(was)} → ${short(is)}`];
  });
}

/** Digests are told apart by their beginning. */
function short(text: string): string {
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text;
}
