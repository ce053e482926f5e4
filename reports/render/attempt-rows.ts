import type { RegionReport, ReportVerdict } from "../report.ts";
import { gradeWords, pathWords, regionGradeWords, stopWords } from "./words.ts";

interface Subject {
  report: RegionReport;
  verdict: ReportVerdict;
}

/** A column of a run's attempts, and how many characters wide a spreadsheet shows it. */
interface Column {
  name: string;
  width: number;
  text: (subject: Subject) => string;
}

export const attemptColumns: readonly Column[] = [
  { name: "From region", width: 16, text: ({ verdict }) => verdict.from.region },
  { name: "As", width: 12, text: ({ verdict }) => verdict.from.principal },
  { name: "Leak path", width: 17, text: ({ verdict }) => pathWords(verdict.path) },
  { name: "System", width: 20, text: ({ verdict }) => verdict.to.system },
  { name: "To region", width: 16, text: ({ verdict }) => verdict.to.region },
  { name: "To endpoint", width: 26, text: ({ verdict }) => verdict.to.endpoint?.host ?? "" },
  { name: "Endpoint is in", width: 13, text: ({ verdict }) => verdict.to.endpoint?.jurisdiction ?? "" },
  { name: "To address", width: 20, text: ({ verdict }) => verdict.to.address ?? "" },
  { name: "Data of", width: 16, text: ({ verdict }) => verdict.about },
  { name: "Family", width: 10, text: ({ verdict }) => verdict.family },
  { name: "Probe", width: 20, text: ({ verdict }) => verdict.probe },
  { name: "Vector", width: 34, text: ({ verdict }) => verdict.vector },
  { name: "Grade", width: 13, text: ({ verdict }) => gradeWords[verdict.grade].text },
  { name: "Region's grade", width: 22, text: ({ report }) => regionText(report) },
  { name: "Stopped at", width: 16, text: ({ verdict }) => stopWords(verdict) },
  { name: "Code", width: 18, text: ({ verdict }) => verdict.code ?? "" },
  { name: "Reason", width: 60, text: ({ verdict }) => verdict.reason },
  { name: "Twin control", width: 22, text: ({ verdict }) => controlText(verdict, "twin") },
  { name: "Target-alive control", width: 22, text: ({ verdict }) => controlText(verdict, "targetAlive") },
  { name: "Exception reason", width: 30, text: ({ verdict }) => verdict.waiver?.reason ?? "" },
  { name: "Exception owner", width: 18, text: ({ verdict }) => verdict.waiver?.owner ?? "" },
  { name: "Exception approved by", width: 18, text: ({ verdict }) => verdict.waiver?.approver ?? "" },
  { name: "Exception expires", width: 16, text: ({ verdict }) => verdict.waiver?.expires ?? "" },
  { name: "Region started", width: 25, text: ({ report }) => report.startedAt },
  { name: "Region finished", width: 25, text: ({ report }) => report.finishedAt },
  { name: "Run", width: 26, text: ({ report }) => report.runId },
  { name: "Attempt", width: 60, text: ({ verdict }) => verdict.id },
  { name: "Rerun", width: 60, text: ({ verdict }) => verdict.rerun },
];

/** One row for each attempt of each region, in the order of the reports; texts as far systems gave them. */
export function attemptRows(reports: readonly RegionReport[]): string[][] {
  return reports.flatMap((report) =>
    report.verdicts.map((verdict) => attemptColumns.map(({ text }) => text({ report, verdict }))),
  );
}

/** Gaps and broken journals are no attempts: without it, each row of a region that is not shown to be isolated
 *  could say "contained". */
function regionText({ grade, partial }: RegionReport): string {
  const { text } = regionGradeWords[grade];
  return partial ? `${text}, of a part of the map` : text;
}

function controlText({ controls, family }: ReportVerdict, which: "twin" | "targetAlive"): string {
  const looksItself = family === "stray" || family === "wiring";
  if (looksItself && controls.twin === null && controls.targetAlive === null)
    return "its own look is the control";
  const control = controls[which];
  if (control === null) return "none";
  return control.ok ? "held" : `did not hold: ${control.problem ?? "no reason given"}`;
}
