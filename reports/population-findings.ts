import type { OpenFinding, RecordedRegion } from "../attest/history/record.ts";
import type { PopulationRun } from "./population.ts";

/** A run that a finding speaks of. */
export interface RunReference {
  runId: string;
  index: number;
  at: string;
  partial: boolean;
}

/** That a region's attempts on a system of another, by a leak path, were not all contained: from the run that found
 *  it to the one that cleared it. */
export interface Finding {
  environment: string;
  fidelity: "replica" | "real";
  region: string;
  /** Null where the region as a whole proved nothing. */
  path: OpenFinding["path"];
  system: OpenFinding["system"];
  to: OpenFinding["to"];
  /** Open: no later run cleared it. Excepted: the map waives all of it. */
  state: "open" | "excepted" | "cleared";
  /** The worst that was seen of it. */
  worst: OpenFinding["grade"];
  first: RunReference;
  /** As it was seen last; one row for each grade, and for what is waived. */
  last: OpenFinding & { run: RunReference };
  seen: readonly RunReference[];
  cleared: RunReference | null;
  /** A later run that found it contained, and tried less than the run that found it: it clears nothing. */
  triedLess: (RunReference & { attempts: number; of: number }) | null;
}

interface Tracked extends Omit<Finding, "state" | "last"> {
  rows: OpenFinding[];
  /** The most attempts that are known to have been made when it was seen. */
  attempts: number;
  lastEnd: number;
}

/** Follows each finding through the runs, in the order in which they ended. A run clears what it tried and found
 *  contained, no less than the run that had found it, and only where it was started after that one had ended:
 *  of two at once neither can speak for a state after the other. Replicas say nothing of real regions. */
export function trackFindings(runs: readonly PopulationRun[]): Finding[] {
  const open = new Map<string, Tracked>();
  const all: Tracked[] = [];
  const judged = runs.filter(({ state }) => state === "judged").sort((a, b) => endOf(a) - endOf(b));
  for (const run of judged) {
    const rows = Map.groupBy(run.open, (row) => keyOf(run, row));
    for (const [key, same] of rows) {
      const known = open.get(key) ?? begun(run, same);
      if (!open.has(key)) all.push(known);
      open.set(key, known);
      see(known, run, same);
    }
    for (const [key, finding] of open) {
      if (rows.has(key) || !clears(run, finding)) continue;
      finding.cleared = reference(run);
      open.delete(key);
    }
  }
  return all.map(asFinding).sort((a, b) => a.first.index - b.first.index);
}

function begun(run: PopulationRun, rows: readonly OpenFinding[]): Tracked {
  const [{ region, path, system, to, grade }] = rows as [OpenFinding];
  const { environment, fidelity } = run;
  return {
    ...{ environment, fidelity, region, path, system, to, worst: grade },
    ...{
      first: reference(run),
      seen: [],
      cleared: null,
      triedLess: null,
      rows: [],
      attempts: 0,
      lastEnd: -1,
    },
  };
}

function see(finding: Tracked, run: PopulationRun, rows: OpenFinding[]): void {
  finding.rows = rows;
  finding.seen = [...finding.seen, reference(run)];
  // A large run's record does not list all that it tried; then what was not contained was tried at least.
  const known = attemptsOf(run, finding) || rows.reduce((sum, { count }) => sum + count, 0);
  finding.attempts = Math.max(finding.attempts, known);
  finding.lastEnd = endOf(run);
  finding.triedLess = null;
  if (rows.some(({ grade }) => grade === "breached")) finding.worst = "breached";
}

function clears(run: PopulationRun, finding: Tracked): boolean {
  const { environment, fidelity, region, path, lastEnd } = finding;
  const result = run.regions[region]?.result;
  if (!result || run.environment !== environment || run.fidelity !== fidelity) return false;
  if (run.index < lastEnd || run.openOmitted > 0 || run.clockWentBack) return false;
  if (path === null) return !run.partial && proves(result);
  const attempts = attemptsOf(run, finding);
  if (attempts >= Math.max(1, finding.attempts)) return true;
  if (attempts > 0) finding.triedLess = { ...reference(run), attempts, of: finding.attempts };
  return false;
}

function proves({ grade }: RecordedRegion): boolean {
  return grade === "pass" || grade === "pass-with-exceptions";
}

function attemptsOf(
  run: PopulationRun,
  { region, path, system, to }: Pick<Finding, "region" | "path" | "system" | "to">,
): number {
  const tried = run.regions[region]?.result?.tried ?? [];
  const attempts = tried.find((one) => one.path === path && one.system === system)?.attempts ?? {};
  return Object.entries(attempts)
    .filter(([target]) => to === null || target === to)
    .reduce((sum, [, count]) => sum + count, 0);
}

function asFinding({ rows, attempts: _, lastEnd: __, ...finding }: Tracked): Finding {
  const worth = ({ grade, waived }: OpenFinding) => (waived ? 0 : grade === "inconclusive" ? 1 : 2);
  const [worst] = rows.toSorted((a, b) => worth(b) - worth(a)) as [OpenFinding];
  const count = rows.reduce((sum, row) => sum + row.count, 0);
  const run = finding.seen.at(-1) as RunReference;
  const state = finding.cleared ? "cleared" : rows.every(({ waived }) => waived) ? "excepted" : "open";
  return { ...finding, state, last: { ...worst, count, run } };
}

function keyOf({ environment, fidelity }: PopulationRun, { region, path, system, to }: OpenFinding): string {
  return JSON.stringify([environment, fidelity, region, path, system, to]);
}

function endOf({ endIndex, index }: PopulationRun): number {
  return endIndex ?? index;
}

function reference({ runId, index, startedAt, partial }: PopulationRun): RunReference {
  return { runId, index, at: startedAt, partial };
}
