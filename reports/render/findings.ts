import type { Grade } from "../../core/vocabulary.ts";
import type { RegionReport, ReportVerdict } from "../report.ts";
import { counted, countText } from "./words.ts";

/** Breached under a waiver: the verdict stays, an owner has signed for it. */
export function isExcepted(verdict: ReportVerdict): boolean {
  return verdict.waiver !== null && verdict.grade === "breached";
}

/** What fails the region: breached or inconclusive, and nobody has signed for it. */
export function isOpen(verdict: ReportVerdict): boolean {
  return verdict.grade !== "contained" && !isExcepted(verdict);
}

/** Open verdicts that say the same, so that one cause is read once however many attempts it hit. */
export interface Finding {
  grade: Grade;
  first: ReportVerdict;
  verdicts: ReportVerdict[];
}

/** Breached first, then inconclusive; within a grade in the order of the report. */
export function openFindings(verdicts: readonly ReportVerdict[]): Finding[] {
  const groups = groupBy(verdicts.filter(isOpen), (verdict) =>
    JSON.stringify([
      verdict.grade,
      verdict.path,
      verdict.family,
      verdict.stoppedAt,
      verdict.code,
      ...causeOf(verdict),
    ]),
  );
  const findings = groups.map((group) => ({ grade: group[0].grade, first: group[0], verdicts: group }));
  return [
    ...findings.filter(({ grade }) => grade === "breached"),
    ...findings.filter(({ grade }) => grade !== "breached"),
  ];
}

/** A hole to many endpoints of one vendor is one cause, whatever their addresses. */
function causeOf({ from, to, reason }: ReportVerdict): string[] {
  if (!to.endpoint) return [reason];
  const addresses = to.address?.split(", ") ?? [];
  return [from.region, to.system, addresses.reduce((text, address) => text.replaceAll(address, ""), reason)];
}

/** The attempts of each waiver, used or not. */
export function exceptions(verdicts: readonly ReportVerdict[]): [ReportVerdict, ...ReportVerdict[]][] {
  const groups = groupBy(
    verdicts.filter((verdict) => verdict.waiver !== null),
    ({ waiver }) => JSON.stringify([waiver?.owner, waiver?.reason, waiver?.approver, waiver?.expires]),
  );
  return [
    ...groups.filter((group) => group.some(isExcepted)),
    ...groups.filter((group) => !group.some(isExcepted)),
  ];
}

export function groupBy<T>(all: readonly T[], keyOf: (one: T) => string): [T, ...T[]][] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group) group.push(one);
    else groups.set(keyOf(one), [one]);
  }
  return [...groups.values()];
}

/** The grade in one or two sentences, for one region or for all of a run. */
export function leadSentence(
  grade: RegionReport["grade"],
  reports: readonly Pick<RegionReport, "counts" | "verdicts" | "gaps" | "journalProblems">[],
): string {
  const verdicts = reports.flatMap((report) => report.verdicts);
  const planned = reports.reduce((sum, report) => sum + report.counts.planned, 0);
  const breached = verdicts.filter((verdict) => isOpen(verdict) && verdict.grade === "breached").length;
  const unproven = verdicts.filter((verdict) => isOpen(verdict) && verdict.grade === "inconclusive").length;
  const excepted = verdicts.filter(isExcepted).length;
  switch (grade) {
    case "pass": {
      const subject =
        planned === 1 ? "The one planned attempt" : `All ${countText(planned)} planned attempts`;
      return `${subject} to get data out failed, and the controls show that ${planned === 1 ? "it" : "they"} could have worked.`;
    }
    case "pass-with-exceptions":
      return `${counted(excepted, "attempt")} of ${countText(planned)} got past the border under a written exception listed first. Everything else was contained.`;
    case "breached":
      return (
        `${counted(breached, "attempt")} of ${countText(planned)} got through.` +
        (unproven > 0
          ? ` ${countText(unproven)} more ${unproven === 1 ? "proves" : "prove"} nothing either way.`
          : "")
      );
    case "inconclusive":
      return inconclusiveSentence({ planned, unproven, reports });
  }
}

function inconclusiveSentence(facts: {
  planned: number;
  unproven: number;
  reports: readonly Pick<RegionReport, "gaps" | "journalProblems">[];
}): string {
  const gaps = facts.reports.reduce((sum, report) => sum + report.gaps.length, 0);
  const problems = facts.reports.reduce((sum, report) => sum + report.journalProblems.length, 0);
  const causes = [
    facts.planned === 0 ? "no attempt was planned" : null,
    facts.unproven > 0
      ? `${counted(facts.unproven, "attempt")} of ${countText(facts.planned)} proved nothing either way`
      : null,
    gaps > 0 ? `${counted(gaps, "promise")} of the map could not be tried` : null,
    problems > 0 ? `${counted(problems, "journal problem")} left the record in doubt` : null,
  ].filter((cause) => cause !== null);
  return `Isolation is not shown${causes.length > 0 ? `: ${causes.join("; ")}` : ""}. This is not a pass.`;
}

/** Each thing that is not claimed, once: every region of a run has the same map. */
export function unclaimed(reports: readonly Pick<RegionReport, "notClaimed">[]): RegionReport["notClaimed"] {
  const all = reports.flatMap(({ notClaimed }) => notClaimed);
  return [...new Map(all.map((one) => [`${one.system}/${one.probe}`, one])).values()];
}
