import type { ArtifactLocation, Result, Suppression } from "sarif";
import { sha256 } from "../../core/digest.ts";
import type { RegionReport, ReportVerdict } from "../report.ts";
import { sarifText } from "./escape-sarif.ts";
import { isExcepted, leadSentence } from "./findings.ts";
import type { MapLines } from "./map-lines.ts";
import type { SarifRules } from "./sarif-rules.ts";
import { crossingWords, pathWords, regionGradeWords, stopWords } from "./words.ts";

/** Where results stand, and by which rules. */
export interface Site {
  rules: SarifRules;
  file: ArtifactLocation;
  lines: () => MapLines;
}

/** Everything that is not contained. What proves nothing is a warning, and not of the kind "open": readers do
 *  not show what has no level, and it would look like a pass. */
export function verdictResults(reports: readonly RegionReport[], site: Site): Result[] {
  return reports
    .flatMap(({ verdicts }) => verdicts)
    .filter(({ grade }) => grade !== "contained")
    .map((verdict) => verdictResult(verdict, site));
}

function verdictResult(verdict: ReportVerdict, site: Site): Result {
  const { id, path, probe, vector, from, to, about, grade, family, code, reason, rerun, waiver } = verdict;
  const said = grade === "breached" ? "Breached" : "Inconclusive";
  return {
    ...site.rules.ofProbe(path, probe),
    kind: "fail",
    level: grade === "breached" ? "error" : "warning",
    message: {
      text: sarifText(
        `${said}: ${pathWords(path)}, ${crossingWords(verdict)}, ${probe} ${vector}: ${reason}. Rerun: ${rerun}`,
      ),
    },
    ...at(site, site.lines().system(to.system)),
    ...identity(id),
    ...(isExcepted(verdict) && waiver ? { suppressions: [suppression(waiver)] } : {}),
    properties: {
      attempt: id,
      grade,
      family,
      from,
      to,
      about,
      stopped: stopWords(verdict),
      code,
      rerun,
      waiver,
    },
  };
}

function suppression({
  reason,
  owner,
  approver,
  expires,
}: NonNullable<ReportVerdict["waiver"]>): Suppression {
  return {
    kind: "external",
    status: "accepted",
    justification: `${reason} (owner ${owner}, approved by ${approver}, expires ${expires})`,
  };
}

/** What no attempt says: regions that are not shown to be isolated, gaps, and records that are not whole. */
export function problemResults(reports: readonly RegionReport[], site: Site): Result[] {
  return reports.flatMap((report) => [
    ...gradeResult(report, site),
    ...report.journalProblems.map((problem, index) => ({
      ...site.rules.own("journal"),
      ...problemOf(`Journal of ${report.region.id}: ${problem}`),
      ...at(site, site.lines().region(report.region.id)),
      ...identity(`journal/${report.region.id}/${index}`),
    })),
    ...report.gaps.map(({ path, region, system, probe, reason }) => ({
      ...site.rules.own("gap"),
      ...problemOf(`Not proven: ${pathWords(path)}, ${region}, ${system}, ${probe}: ${reason}`),
      ...at(site, site.lines().system(system)),
      ...identity(`gap/${path}/${region}/${system}/${probe}`),
    })),
  ]);
}

/** Warnings pass many a gate; so a region that is not shown to be isolated has at least this error. */
function gradeResult(report: RegionReport, site: Site): Result[] {
  const { grade, region } = report;
  if (grade === "pass" || grade === "pass-with-exceptions") return [];
  const text = `Region ${region.id} is ${regionGradeWords[grade].text}. ${leadSentence(grade, [report])}`;
  return [
    {
      ...site.rules.own("region-grade"),
      ...problemOf(text),
      ...at(site, site.lines().region(region.id)),
      ...identity(`region-grade/${region.id}`),
    },
  ];
}

function problemOf(text: string): Pick<Result, "kind" | "level" | "message"> {
  return { kind: "fail", level: "error", message: { text: sarifText(text) } };
}

function at({ file }: Site, startLine: number): Pick<Result, "locations"> {
  return { locations: [{ physicalLocation: { artifactLocation: file, region: { startLine } } }] };
}

/** The same attempt is the same result in every run, on whatever line. GitHub knows the second name alone, and
 *  would else take all results of a rule on one line for one. */
function identity(id: string): Pick<Result, "partialFingerprints"> {
  const fingerprint = sha256(id);
  return {
    partialFingerprints: { "ringfence/v1": fingerprint, primaryLocationLineHash: `${fingerprint}:1` },
  };
}
