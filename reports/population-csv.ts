import type { Population, PopulationRun } from "./population.ts";

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

/** The population for an auditor to sample: a row for each region of each run. RFC 4180, with the mark by which
 *  Excel knows UTF-8. */
export function populationCsv({ runs }: Population): string {
  const rows = runs.flatMap((run) => Object.keys(run.regions).map((region) => rowOf(run, region)));
  return `\ufeff${[columns, ...rows].map((cells) => `${cells.map(field).join(",")}\r\n`).join("")}`;
}

function rowOf(run: PopulationRun, region: string): string[] {
  const { sequence, result } = run.regions[region] as PopulationRun["regions"][string];
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
    open
      .map(({ path, system, grade, count }) => `${path ?? "-"} ${system ?? "-"}: ${count} ${grade}`)
      .join("; "),
    run.trigger ?? "",
    run.commit ?? "",
    run.version,
    run.map,
    run.plan,
    run.evidence ?? "",
  ];
}

/** In quotes, and where a spreadsheet would begin a formula, behind an apostrophe; also behind a semicolon, at
 *  which some break even a quoted field. */
function field(text: string): string {
  const harmless = text.replace(/[\p{Cc}\p{Cf}]/gu, " ").replace(/(^|;)(?="*\s*[=+\-@＝＋－＠])/gu, "$1'");
  return `"${harmless.replaceAll('"', '""')}"`;
}
