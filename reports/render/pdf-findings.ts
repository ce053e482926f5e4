import type { RegionReport, ReportVerdict } from "../report.ts";
import { exceptions, type Finding, isExcepted, openFindings } from "./findings.ts";
import { bullet, gradeInk } from "./pdf-headline.ts";
import { ink, type Line, styles, wrap } from "./pdf-lines.ts";
import type { Paper } from "./pdf-paper.ts";
import { table } from "./pdf-table.ts";
import { counted, countText, crossingWords, gradeWords, pathWords, stopWords } from "./words.ts";

/** Told in full; then one row each; then counted. Paper is for reading, the population file has all. */
const toldInFull = 60;
const mostRows = 1000;
const mostMembers = 6;

/** Exceptions before everything: a named person accepts them. */
export function exceptionSection(paper: Paper, verdicts: readonly ReportVerdict[]): void {
  const groups = exceptions(verdicts);
  if (groups.length === 0) return;
  paper.section("Exceptions", { count: countText(groups.flat().length) });
  paper.text("The verdicts stay as they are. A named person accepts them until the day given.");
  for (const covered of groups) {
    paper.gap(8);
    paper.box({ ground: ink.doubtTint, bar: ink.doubt }, (width) => exceptionLines(covered, width));
  }
}

function exceptionLines(covered: readonly [ReportVerdict, ...ReportVerdict[]], width: number): Line[] {
  const { waiver } = covered[0];
  const used = covered.filter(isExcepted);
  const unused = covered.length - used.length;
  const more = used.length - mostMembers;
  return [
    ...wrap(waiver?.reason ?? "", styles.strong, width),
    ...wrap(
      `Owner: ${waiver?.owner ?? ""} · approved by: ${waiver?.approver ?? ""} · expires: ${waiver?.expires ?? ""}`,
      styles.body,
      width,
    ),
    ...used.slice(0, mostMembers).flatMap((verdict) => bullet(memberText(verdict), styles.cell, width)),
    ...(more > 0 ? wrap(`and ${counted(more, "more attempt")}: see the population`, styles.cell, width) : []),
    ...(unused > 0
      ? wrap(
          `${counted(unused, "attempt")} under this exception not breached all the same.`,
          styles.cell,
          width,
        )
      : []),
  ];
}

function memberText(verdict: ReportVerdict): string {
  const { symbol, text } = gradeWords[verdict.grade];
  return `${symbol} ${text}: ${pathWords(verdict.path)}, ${crossingWords(verdict)} · ${verdict.probe}, ${verdict.vector}: ${verdict.reason}`;
}

/** Breached first, then inconclusive; what failed for one reason is one entry. */
export function openSection(paper: Paper, verdicts: readonly ReportVerdict[]): void {
  const findings = openFindings(verdicts);
  const open = findings.reduce((sum, finding) => sum + finding.verdicts.length, 0);
  paper.section("Not contained", { count: countText(open) });
  if (verdicts.length === 0) paper.text("Nothing was tried, so nothing is shown to be contained.");
  else if (findings.length === 0)
    paper.text("None. Each of the planned attempts was contained or falls under an exception.");
  for (const finding of findings.slice(0, toldInFull)) {
    const bad = finding.grade === "breached";
    paper.box({ ground: ink.paper, bar: bad ? ink.bad : ink.doubt }, (width) => findingLines(finding, width));
    paper.gap(4);
  }
  const rows = findings.slice(toldInFull, toldInFull + mostRows);
  if (rows.length > 0) findingTable(paper, rows);
  const rest = findings.slice(toldInFull + mostRows);
  if (rest.length > 0) {
    const attempts = rest.reduce((sum, finding) => sum + finding.verdicts.length, 0);
    paper.gap(6);
    paper.text(
      `And ${counted(attempts, "more attempt")} with other reasons: see the population.`,
      styles.strong,
    );
  }
}

function findingLines({ grade, first, verdicts }: Finding, width: number): Line[] {
  const { symbol, text } = gradeWords[grade];
  const others = verdicts.slice(1, 1 + mostMembers);
  const more = verdicts.length - 1 - others.length;
  const facts = [
    `probe: ${first.probe}`,
    `vector: ${first.vector}`,
    `address: ${first.to.address ?? "none"}`,
    `stopped: ${stopWords(first)}`,
    `code: ${first.code ?? "none"}`,
  ];
  return [
    ...wrap(
      `${symbol} ${text} · ${pathWords(first.path)}: ${crossingWords(first)}`,
      { face: "bold", size: 9.5, ink: gradeInk[grade] },
      width,
    ),
    ...wrap(first.reason, styles.body, width),
    ...wrap(facts.join(" · "), styles.quiet, width),
    ...wrap(first.rerun, styles.code, width),
    ...(others.length > 0
      ? wrap(`and ${counted(verdicts.length - 1, "more attempt")} for the same reason:`, styles.quiet, width)
      : []),
    ...others.flatMap((verdict) =>
      bullet(`${crossingWords(verdict)} · ${verdict.probe}, ${verdict.vector}`, styles.quiet, width),
    ),
    ...(more > 0
      ? wrap(`and ${counted(more, "more attempt")}: see the population`, styles.quiet, width)
      : []),
  ];
}

function findingTable(paper: Paper, findings: readonly Finding[]): void {
  paper.gap(8);
  table(
    paper,
    [
      { name: "Grade", part: 13 },
      { name: "What", part: 30 },
      { name: "Probe", part: 22 },
      { name: "Reason", part: 35 },
    ],
    findings.map(({ grade, first, verdicts }) => {
      const { symbol, text } = gradeWords[grade];
      const alike = verdicts.length > 1 ? ` (${counted(verdicts.length, "attempt")})` : "";
      return [
        { texts: [[`${symbol} ${text}`, { ...styles.cellStrong, ink: gradeInk[grade] }]] },
        `${pathWords(first.path)}: ${crossingWords(first)}${alike}`,
        `${first.probe}, ${first.vector}`,
        first.reason,
      ];
    }),
  );
}

/** What the map promises and nobody could try, and records that are not whole. */
export function unprovenSection(paper: Paper, reports: readonly RegionReport[]): void {
  const problems = reports.flatMap(({ region, journalProblems }) =>
    journalProblems.map((problem) => [region.id, problem]),
  );
  const gaps = reports.flatMap((report) => report.gaps);
  if (problems.length + gaps.length === 0) return;
  paper.section("Not proven", { count: countText(problems.length + gaps.length) });
  if (problems.length > 0) {
    paper.text("A record that is not whole is no evidence.");
    table(
      paper,
      [
        { name: "Journal of", part: 20 },
        { name: "Problem", part: 80 },
      ],
      problems,
    );
    paper.gap(10);
  }
  if (gaps.length === 0) return;
  paper.text("Gaps: the map promises these, and nothing here can try them.");
  table(
    paper,
    [
      { name: "Leak path", part: 15 },
      { name: "Region", part: 15 },
      { name: "System", part: 16 },
      { name: "Probe", part: 18 },
      { name: "Reason", part: 36 },
    ],
    gaps.map(({ path, region, system, probe, reason }) => [pathWords(path), region, system, probe, reason]),
  );
}
