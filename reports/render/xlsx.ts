import type { RegionReport, RunSummary } from "../report.ts";
import { attemptColumns, attemptRows } from "./attempt-rows.ts";
import { isExcepted, leadSentence, unclaimed } from "./findings.ts";
import { provenanceOf } from "./provenance.ts";
import { figuresOf, runView } from "./run-view.ts";
import {
  durationText,
  fidelityWords,
  honestWords,
  pathWords,
  regionGradeWords,
  verifyCommand,
} from "./words.ts";
import { type Cell, type Sheet, workbook } from "./workbook.ts";
import type { CellStyle } from "./workbook-styles.ts";

/** The population of a run as a workbook, for whoever samples it. Same input, same bytes. */
export function renderWorkbook(run: RunSummary, reports: readonly RegionReport[]): Uint8Array {
  return workbook([
    summarySheet(run, reports),
    regionsSheet(run, reports),
    attemptsSheet(reports),
    gapsSheet(reports),
    notClaimedSheet(reports),
    systemsSheet(reports),
  ]);
}

const gradeStyles = {
  contained: "good",
  pass: "good",
  breached: "bad",
  inconclusive: "doubt",
  "pass-with-exceptions": "doubt",
} as const satisfies Record<string, CellStyle>;

function columns(...named: [name: string, width: number][]): Sheet["columns"] {
  return named.map(([name, width]) => ({ name, width }));
}

function summarySheet(run: RunSummary, reports: readonly RegionReport[]): Sheet {
  const view = runView(run, reports);
  const { name: fidelity, unlimited } = fidelityWords[run.fidelity];
  const attempts = reports.reduce((sum, { counts }) => sum + counts.planned, 0);
  const facts: [name: string, value: Cell][] = [
    ["Grade", { value: regionGradeWords[run.grade].text, style: gradeStyles[run.grade] }],
    ["In a sentence", leadSentence(run.grade, reports)],
    ...(view.partial === null ? [] : [["Partial scope, no full proof", view.partial] as [string, Cell]]),
    ["Fidelity", `${fidelity}. ${unlimited}`],
    ...view.limits.map((limit): [string, Cell] => ["What it does not say", limit]),
    ["What it claims", honestWords(attempts, run.startedAt)],
    ["Residency map", view.titles.join(", ")],
    ["Environment", run.environment],
    ["Run", run.runId],
    ["Started", run.startedAt],
    ["Took", durationText(run.durationMs)],
    ...figuresOf(reports).map(({ name, count }): [string, Cell] => [`Count: ${name}`, count]),
    ...provenanceOf(reports).flatMap(({ name, texts }) => texts.map((text): [string, Cell] => [name, text])),
    ["Verify it yourself", verifyCommand],
  ];
  return {
    name: "Summary",
    columns: columns(["What", 34], ["Value", 110]),
    rows: facts.map(([name, value]) => [
      { value: name, style: "strong" },
      typeof value === "string" ? { value, style: "wrapped" } : value,
    ]),
  };
}

function regionsSheet(run: RunSummary, reports: readonly RegionReport[]): Sheet {
  return {
    name: "Regions",
    columns: columns(
      ["Region", 18],
      ["Place", 26],
      ["Jurisdiction", 12],
      ["Grade", 24],
      ["Planned", 10],
      ["Contained", 10],
      ["Breached", 10],
      ["Inconclusive", 12],
      ["Under exception", 16],
      ["Gaps", 8],
      ["Journal problems", 16],
    ),
    rows: Object.entries(run.regions).map(([id, { grade, planned, contained, breached, inconclusive }]) => {
      const report = reports.find(({ region }) => region.id === id);
      return [
        id,
        report?.region.place ?? "no report",
        report?.region.jurisdiction ?? "",
        { value: regionGradeWords[grade].text, style: gradeStyles[grade] },
        planned,
        contained,
        breached,
        inconclusive,
        report ? report.verdicts.filter(isExcepted).length : "unknown",
        report?.gaps.length ?? "unknown",
        report?.journalProblems.length ?? "unknown",
      ];
    }),
  };
}

function attemptsSheet(reports: readonly RegionReport[]): Sheet {
  const verdicts = reports.flatMap((report) => report.verdicts);
  const gradeColumn = attemptColumns.findIndex(({ name }) => name === "Grade");
  const rows = attemptRows(reports).map((cells, row) => {
    const grade = verdicts[row]?.grade ?? "inconclusive";
    const style = grade === "contained" ? "plain" : gradeStyles[grade];
    return cells.map((value, column): Cell => (column === gradeColumn ? { value, style } : value));
  });
  return { name: "Attempts", columns: attemptColumns, rows };
}

/** What the map promises and nobody could try, and what is wrong with a record. */
function gapsSheet(reports: readonly RegionReport[]): Sheet {
  return {
    name: "Gaps",
    columns: columns(
      ["Kind", 16],
      ["Region", 18],
      ["Leak path", 18],
      ["System", 24],
      ["Probe", 24],
      ["Reason", 90],
    ),
    rows: [
      ...reports.flatMap(({ region, journalProblems }) =>
        journalProblems.map((problem) => ["journal problem", region.id, "", "", "", problem]),
      ),
      ...reports
        .flatMap(({ gaps }) => gaps)
        .map(({ region, path, system, probe, reason }) => [
          "gap",
          region,
          pathWords(path),
          system,
          probe,
          reason,
        ]),
    ],
  };
}

function notClaimedSheet(reports: readonly RegionReport[]): Sheet {
  return {
    name: "Not claimed",
    columns: columns(["Leak path", 18], ["System", 24], ["Probe", 24], ["Reason", 90]),
    rows: unclaimed(reports).map(({ path, system, probe, reason }) => [
      pathWords(path),
      system,
      probe,
      reason,
    ]),
  };
}

/** As declared in the residency map: not observed. */
function systemsSheet(reports: readonly RegionReport[]): Sheet {
  return {
    name: "Systems",
    columns: columns(
      ["Region", 18],
      ["System", 24],
      ["Kind", 18],
      ["Leak path", 18],
      ["Holds", 50],
      ["Kept for", 18],
      ["Read by", 36],
      ["Taken out by", 36],
      ["Backups", 50],
    ),
    rows: reports.flatMap(({ region, systems }) =>
      systems.map(({ id, kind, path, holds, retention, readers, exporters, backups }) => [
        region.id,
        id,
        kind,
        pathWords(path),
        holds,
        retention,
        readers.join(", ") || "nobody",
        exporters.join(", ") || "nobody",
        backups,
      ]),
    ),
  };
}
