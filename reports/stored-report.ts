import { RegionReport, ReportVerdict } from "./report.ts";
import { readReportHead } from "./report-text.ts";
import type { RunFolder } from "./run-folder.ts";

/** A region's report as it stands in a folder; a large one's verdicts are not read until they are asked for. */
export interface StoredReport {
  head: Omit<RegionReport, "verdicts">;
  /** The options that its rerun commands repeat; empty where they do not say. */
  rerunOptions: string;
  whole(): RegionReport;
}

/** Throws where there is none, or what is there is no report. */
export function readStoredReport(folder: RunFolder, region: string): StoredReport {
  const name = `${region}/report.json`;
  const whole = () => folder.json(name, RegionReport);
  const read = readReportHead(folder.chunks(name));
  if (!read) {
    const report = whole();
    return { head: report, rerunOptions: rerunOptionsOf(report.verdicts[0]), whole };
  }
  const first = read.first === null ? undefined : ReportVerdict.parse(read.first);
  return { head: RegionReport.parse(read.head), rerunOptions: rerunOptionsOf(first), whole };
}

/** As `run` writes them, and nothing that a shell would make more of. */
const options =
  /^npm run -s ringfence -- run (--env (?:[\w.-]+|'(?:[^']|'\\'')*')(?: --(?:signers|map|attach) '(?:[^']|'\\'')*')*)$/;

function rerunOptionsOf(verdict: ReportVerdict | undefined): string {
  if (!verdict) return "";
  const { rerun, from, path } = verdict;
  const end = rerun.indexOf(` --region ${from.region} --path ${path} -t '`);
  return (end < 0 ? null : options.exec(rerun.slice(0, end))?.[1]) ?? "";
}
