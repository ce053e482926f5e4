import type { RegionReport, ReportVerdict } from "../report.ts";
import { escapeXml } from "./escape-xml.ts";
import { groupBy } from "./findings.ts";
import { crossingWords, fidelityWords, pathWords, regionGradeWords, stopWords } from "./words.ts";

/** `failure`: data can get out. `error`: nothing was shown. Nothing is ever skipped, for a skip looks green. */
interface TestCase {
  suite: string;
  name: string;
  kind: "passed" | "failure" | "error";
  type: string;
  message: string;
  body: string;
  properties: Record<string, string>;
}

/** JUnit XML, one suite a leak path and one case a verdict. Gaps and journal problems are errors, and so is
 *  what is inconclusive under a waiver: a waiver accepts a breach, not a missing proof. A region that did not pass is never all green: where no case says why, one error says so. */
export function renderJunit(report: RegionReport): string {
  const cases = [
    ...report.verdicts.map(verdictCase),
    ...report.gaps.map((gap) =>
      problemCase(pathWords(gap.path), {
        name: `gap: ${gap.region} ${gap.system} ${gap.probe}`,
        type: "gap",
        message: `not proven: ${gap.reason}`,
      }),
    ),
    ...report.journalProblems.map((message, index) =>
      problemCase("Journal", { name: `journal problem ${index + 1}`, type: "journal", message }),
    ),
  ];
  const failed = report.grade === "breached" || report.grade === "inconclusive";
  if (cases.length === 0 || (failed && cases.every(({ kind }) => kind === "passed"))) {
    const message = `region ${report.region.id} is ${regionGradeWords[report.grade].text}, with ${report.counts.planned} attempts planned`;
    cases.push(problemCase("Region", { name: "region grade", type: report.grade, message }));
  }
  const seconds = (report.durationMs / 1000).toFixed(3);
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${attributes({ name: `ringfence ${report.region.id}`, ...tallies(cases), time: seconds })}>
${groupBy(cases, ({ suite }) => suite)
  .map((group) => suiteXml(group, report))
  .join("\n")}
</testsuites>
`;
}

function verdictCase(verdict: ReportVerdict): TestCase {
  const { waiver, grade, path, probe, vector, code, reason, rerun, id } = verdict;
  const excepted = waiver !== null && grade === "breached";
  const signed = waiver
    ? `owner ${waiver.owner}, approved by ${waiver.approver}, expires ${waiver.expires}: ${waiver.reason}`
    : "";
  const facts = `stopped: ${stopWords(verdict)}; code: ${code ?? "none"}; rerun: ${rerun}`;
  return {
    suite: pathWords(path),
    name: `${crossingWords(verdict)} ${probe} ${vector}`,
    kind: excepted || grade === "contained" ? "passed" : grade === "breached" ? "failure" : "error",
    type: code ?? grade,
    message: reason,
    body: excepted ? `breached, passed only under an exception (${signed}). ${reason}; ${facts}` : facts,
    properties: { attempt: id, grade, ...(excepted ? { exception: signed } : {}) },
  };
}

function problemCase(suite: string, problem: { name: string; type: string; message: string }): TestCase {
  return { suite, ...problem, kind: "error", body: "", properties: {} };
}

function suiteXml(cases: readonly [TestCase, ...TestCase[]], report: RegionReport): string {
  const properties = {
    runId: report.runId,
    fidelity: report.fidelity,
    limits: [fidelityWords[report.fidelity].unlimited, ...report.limits].join(" "),
    planDigest: report.digests.plan,
    mapDigest: report.digests.map,
    region: report.region.id,
    partial: String(report.partial),
  };
  const { suite } = cases[0];
  return `<testsuite ${attributes({ name: suite, ...tallies(cases), skipped: "0", timestamp: report.startedAt.slice(0, 19) })}>
${propertiesXml(properties)}
${cases.map((one) => caseXml(one, report.region.id)).join("\n")}
</testsuite>`;
}

function caseXml({ suite, name, kind, type, message, body, properties }: TestCase, region: string): string {
  const inner = [
    propertiesXml(properties),
    kind === "passed" ? null : `<${kind} ${attributes({ type, message })}>${escapeXml(body)}</${kind}>`,
    kind === "passed" ? `<system-out>${escapeXml(body)}</system-out>` : null,
  ].filter((part) => part !== null);
  return `<testcase ${attributes({ classname: `${region}.${suite}`, name })}>${inner.join("")}</testcase>`;
}

function propertiesXml(properties: Record<string, string>): string {
  const entries = Object.entries(properties);
  if (entries.length === 0) return "";
  return `<properties>${entries.map(([name, value]) => `<property ${attributes({ name, value })}/>`).join("")}</properties>`;
}

function tallies(cases: readonly TestCase[]): Record<string, string> {
  const count = (kind: TestCase["kind"]) => String(cases.filter((one) => one.kind === kind).length);
  return { tests: String(cases.length), failures: count("failure"), errors: count("error") };
}

function attributes(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escapeXml(value)}"`)
    .join(" ");
}
