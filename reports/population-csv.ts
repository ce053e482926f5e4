import type { Population, PopulationRun } from "./population.ts";
import { csvTable } from "./render/csv.ts";
import { visible } from "./render/visible.ts";

const columns = [
  "Record",
  "Started",
  "Ended",
  "Run",
  "Environment",
  "Fidelity",
  "Scope",
  "State",
  "Region",
  "Region's run",
  "Grade",
  "Attempts",
  "Contained",
  "Breached",
  "Inconclusive",
  "Waived",
  "Not contained",
  "Trigger",
  "Commit",
  "Version",
  "Map SHA-256",
  "Plan SHA-256",
  "Evidence SHA-256",
] as const;

/** The population for an auditor to sample: a row for each region of each run, and one for a run of no region. */
export function populationCsv({ runs }: Population): string {
  const rows = runs.flatMap((run) => {
    const regions = Object.keys(run.regions);
    return (regions.length > 0 ? regions : [""]).map((region) => rowOf(run, region).map(visible));
  });
  return csvTable([columns, ...rows]);
}

function rowOf(run: PopulationRun, region: string): string[] {
  const { sequence = "", result } = run.regions[region] ?? {};
  const open = run.open.filter((one) => one.region === region);
  const counts = [result?.planned, result?.contained, result?.breached, result?.inconclusive, result?.waived];
  return [
    String(run.index),
    run.startedAt,
    run.endedAt ?? "",
    run.runId,
    run.environment,
    run.fidelity,
    run.partial ? "part" : "whole",
    run.state,
    region,
    String(sequence),
    result?.grade ?? "",
    ...counts.map((count) => (count === undefined ? "" : String(count))),
    [
      ...open.map(
        ({ path, system, to, grade, count }) =>
          `${path ?? "-"} ${system ?? "-"}${to === null ? "" : ` in ${to}`}: ${count} ${grade}`,
      ),
      ...(run.openOmitted > 0 ? [`${run.openOmitted} more in this run than its record lists`] : []),
    ].join("; "),
    run.trigger ?? "",
    run.commit ?? "",
    run.version,
    run.map,
    run.plan,
    run.evidence ?? "",
  ];
}
