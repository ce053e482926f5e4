import { type SignerIdentity, signerText } from "../../attest/signer.ts";
import type { RegionReport, ReportVerdict, RunSummary } from "../report.ts";
import { markdownCode as code, markdownTable, escapeMarkdown as text } from "./escape-markdown.ts";
import { exceptions, isExcepted, leadSentence, openFindings, unclaimed } from "./findings.ts";
import { partialWords, runView } from "./run-view.ts";
import {
  counted,
  countText,
  crossingWords,
  durationText,
  fidelityWords,
  gradeWords,
  honestWords,
  pathWords,
  regionGradeWords,
  stopWords,
  utcText,
  verifyCommand,
} from "./words.ts";

/** Job summaries hold 1 MB: what is cut off is counted, never dropped in silence. */
const mostRows = 100;

/** One region as GitHub Flavored Markdown. */
export function renderRegionMarkdown(report: RegionReport): string {
  const { region, grade, counts, digests } = report;
  return joined([
    headline(report, region.id, leadSentence(grade, [report])),
    `Region ${text(region.id)}: ${text(region.place)}, jurisdiction ${text(region.jurisdiction)}.`,
    report.partial ? partialLine(partialWords(report.scope)) : null,
    limitLines(report.fidelity, report.limits),
    ...doubtSections([report]),
    `## By leak path\n\n${pathTable(report.verdicts)}`,
    `Controls planned: ${countText(counts.controls)}. Every attempt is in report.html and report.json.`,
    `Plan ${code(digests.plan)}, map ${code(digests.map)}. Journal signed by ${signer(report.signers.observed)}, verdicts by ${signer(report.signers.judged)}. Verify: ${code(verifyCommand)}`,
    `*${honestWords(counts.planned, report.startedAt)}*`,
  ]);
}

function signer(who: SignerIdentity | null): string {
  return who ? code(signerText(who)) : "nobody, because it did not finish";
}

/** A whole run, short enough for a CI job summary. */
export function renderRunMarkdown(run: RunSummary, reports: readonly RegionReport[]): string {
  const view = runView(run, reports);
  const attempts = reports.reduce((sum, { counts }) => sum + counts.planned, 0);
  return joined([
    headline(run, view.subject, leadSentence(run.grade, reports)),
    view.partial === null ? null : partialLine(view.partial),
    limitLines(run.fidelity, view.limits),
    regionTable(run, reports),
    ...doubtSections(reports),
    `Verify: ${code(verifyCommand)}`,
    `*${honestWords(attempts, run.startedAt)}*`,
  ]);
}

function joined(blocks: readonly (string | null)[]): string {
  return `${blocks.filter((block) => block !== null && block !== "").join("\n\n")}\n`;
}

function headline(
  run: Pick<RunSummary, "grade" | "fidelity" | "startedAt" | "durationMs" | "environment" | "runId">,
  subject: string,
  lead: string,
): string {
  const { symbol, text: words } = regionGradeWords[run.grade];
  return joined([
    `# ${symbol} ${words}: ${text(subject)}`,
    `**${lead}**`,
    `${fidelityWords[run.fidelity].name}, environment ${code(run.environment)}, ${utcText(run.startedAt)}, took ${durationText(run.durationMs)}, run ${code(run.runId)}`,
  ]).trimEnd();
}

function partialLine(words: string): string {
  return `**Partial scope, no full proof.** ${text(words)}`;
}

function limitLines(fidelity: RunSummary["fidelity"], limits: readonly string[]): string {
  const { text: sentence, unlimited } = fidelityWords[fidelity];
  if (limits.length === 0) return `> ${unlimited}`;
  return [`> ${sentence}`, ">", ...limits.map((limit) => `> - Limit: ${text(limit)}`)].join("\n");
}

/** Exceptions before everything, then what is not contained, then what could not be shown. */
function doubtSections(reports: readonly RegionReport[]): (string | null)[] {
  const verdicts = reports.flatMap((report) => report.verdicts);
  const findings = openFindings(verdicts);
  const unproven = reports.flatMap(({ region, journalProblems, gaps }) => [
    ...journalProblems.map((problem) => `- ? Journal of ${text(region.id)}: ${text(problem)}`),
    ...gaps.map(
      (gap) =>
        `- ? Gap in ${pathWords(gap.path)}, ${text(gap.region)}, ${text(gap.system)}, ${text(gap.probe)}: ${text(gap.reason)}`,
    ),
  ]);
  return [
    verdicts.some(({ waiver }) => waiver !== null) ? `## Exceptions\n\n${exceptionTable(verdicts)}` : null,
    findings.length > 0 ? `## Not contained\n\n${openTable(findings)}` : null,
    unproven.length > 0 ? `## Not proven\n\n${cut(unproven).join("\n")}` : null,
    unclaimed(reports).length > 0 ? `## Not claimed here\n\n${unclaimedList(reports)}` : null,
  ];
}

function unclaimedList(reports: readonly RegionReport[]): string {
  return unclaimed(reports)
    .map(
      ({ path, system, probe, reason }) =>
        `- ${pathWords(path)}, ${text(system)}, ${text(probe)}: ${text(reason)}`,
    )
    .join("\n");
}

function exceptionTable(verdicts: readonly ReportVerdict[]): string {
  const rows = exceptions(verdicts).map((covered) => {
    const { waiver } = covered[0];
    const used = covered.filter(isExcepted);
    const what = [...new Set(used.map((verdict) => `${pathWords(verdict.path)}: ${crossingWords(verdict)}`))];
    const list =
      what.length > 0
        ? text(what.slice(0, 5).join("; ")) + (what.length > 5 ? "; …" : "")
        : "none, all contained";
    return [
      text(waiver?.reason ?? ""),
      text(waiver?.owner ?? ""),
      text(waiver?.approver ?? ""),
      text(waiver?.expires ?? ""),
      `${used.length} of ${covered.length}`,
      list,
    ];
  });
  return markdownTable(
    ["Reason", "Owner", "Approved by", "Expires", "Attempts not contained", "Which"],
    rows,
  );
}

function openTable(findings: ReturnType<typeof openFindings>): string {
  const rows = findings.slice(0, mostRows).map(({ grade, first, verdicts }) => {
    const more =
      verdicts.length > 1 ? ` and ${counted(verdicts.length - 1, "more attempt")} for the same reason` : "";
    return [
      `${gradeWords[grade].symbol} ${gradeWords[grade].text}`,
      text(`${pathWords(first.path)}: ${crossingWords(first)}`) + more,
      text(`${first.probe}, ${first.vector}`),
      stopWords(first),
      first.code === null ? "none" : code(first.code),
      text(first.reason),
      code(first.rerun),
    ];
  });
  const table = markdownTable(["Grade", "What", "Probe", "Stopped", "Code", "Reason", "Rerun"], rows);
  const rest = findings.slice(mostRows).reduce((sum, { verdicts }) => sum + verdicts.length, 0);
  return rest > 0
    ? `${table}\n\n${counted(rest, "more attempt")} with other reasons: see report.html.`
    : table;
}

function cut(lines: readonly string[]): string[] {
  const rest = lines.length - mostRows;
  return [...lines.slice(0, mostRows), ...(rest > 0 ? [`- ${countText(rest)} more: see report.html`] : [])];
}

function pathTable(verdicts: readonly ReportVerdict[]): string {
  const paths = [...new Set(verdicts.map(({ path }) => path))];
  if (paths.length === 0) return "No attempt was planned.";
  const rows = paths.map((path) => {
    const mine = verdicts.filter((verdict) => verdict.path === path);
    const count = (grade: string) => countText(mine.filter((verdict) => verdict.grade === grade).length);
    return [
      pathWords(path),
      countText(mine.length),
      count("contained"),
      count("breached"),
      count("inconclusive"),
    ];
  });
  return markdownTable(["Leak path", "Planned", "✓ Contained", "✕ Breached", "? Inconclusive"], rows);
}

function regionTable(run: RunSummary, reports: readonly RegionReport[]): string {
  const rows = Object.entries(run.regions).map(([id, line]) => {
    const { symbol, text: words } = regionGradeWords[line.grade];
    const report = reports.find(({ region }) => region.id === id);
    const place = report ? `${report.region.place}, ${report.region.jurisdiction}` : "no report";
    const gaps = report ? countText(report.gaps.length) : "unknown";
    return [
      `From ${text(id)}`,
      text(place),
      `${symbol} ${words}`,
      ...[line.planned, line.contained, line.breached, line.inconclusive].map(countText),
      gaps,
    ];
  });
  return markdownTable(
    ["Region", "Place", "Grade", "Planned", "Contained", "Breached", "Inconclusive", "Gaps"],
    rows,
  );
}
