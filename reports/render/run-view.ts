import type { RegionReport, RunSummary } from "../report.ts";
import { counted, pathWords } from "./words.ts";

/** What a run and its reports come to on one page. */
export interface RunView {
  subject: string;
  titles: string[];
  regions: RegionReport["regions"];
  limits: string[];
  partial: string | null;
}

export function runView(run: RunSummary, reports: readonly RegionReport[]): RunView {
  const declared = reports.flatMap((report) => report.regions);
  const regions = [...new Map(declared.map((region) => [region.id, region])).values()];
  const partialReport = reports.find((report) => report.partial);
  return {
    subject: counted(Object.keys(run.regions).length, "region"),
    titles: [...new Set(reports.map(({ title }) => title))],
    regions,
    limits: [...new Set(reports.flatMap(({ limits }) => limits))],
    partial: !run.partial
      ? null
      : partialReport
        ? partialWords(partialReport.scope)
        : "Not everything was asked for.",
  };
}

/** What was asked for, where that was not everything. */
export function partialWords({ regions, paths }: RegionReport["scope"]): string {
  return `Asked for: ${paths.map(pathWords).join(", ") || "no leak path"}, from ${regions.join(", ") || "no region"}; of those, perhaps not every test. The rest was not tried.`;
}

interface Figure {
  name: string;
  count: number;
  mark?: "contained" | "inconclusive" | "breached" | "excepted";
}

export function figuresOf(reports: readonly RegionReport[]): Figure[] {
  const sum = (pick: (report: RegionReport) => number) =>
    reports.reduce((total, report) => total + pick(report), 0);
  const waived = sum(({ counts }) => counts.waived);
  return [
    { name: "planned", count: sum(({ counts }) => counts.planned) },
    { name: "contained", count: sum(({ counts }) => counts.contained), mark: "contained" },
    { name: "breached", count: sum(({ counts }) => counts.breached), mark: "breached" },
    { name: "inconclusive", count: sum(({ counts }) => counts.inconclusive), mark: "inconclusive" },
    { name: "gaps", count: sum(({ gaps }) => gaps.length), mark: "inconclusive" },
    ...(waived > 0 ? [{ name: "under exception", count: waived, mark: "excepted" as const }] : []),
    { name: "controls", count: sum(({ counts }) => counts.controls) },
  ];
}
