import { counted } from "../reports/render/words.ts";
import type { RegionReport, ReportVerdict, RunSummary } from "../reports/report.ts";
import { groupBy } from "./group-by.ts";
import { bold, dim, green, plain, red, table, yellow } from "./terminal.ts";

const words = {
  pass: "PASS",
  "pass-with-exceptions": "PASS WITH EXCEPTIONS",
  breached: "BREACHED",
  inconclusive: "INCONCLUSIVE",
} as const;
const paints = { PASS: green, "PASS WITH EXCEPTIONS": yellow, BREACHED: red, INCONCLUSIVE: yellow } as const;
const mostBlocks = 40;

/** The end of a run, as text: a table, and what to rerun. */
export function summaryText(run: RunSummary, reports: readonly RegionReport[], directory: string): string {
  const rows = reports.map((report) => {
    const { planned, contained, breached, inconclusive } = report.counts;
    return [
      report.region.id,
      plain(report.region.place),
      words[report.grade],
      ...[planned, contained, breached, inconclusive].map(String),
    ];
  });
  const head = ["region", "place", "grade", "attempts", "contained", "breached", "inconclusive"];
  const painted = table([head, ...rows], (cell, column, row) => {
    if (row === 0) return dim(cell);
    return column === 2 ? paints[cell as keyof typeof paints](cell) : cell;
  });
  const limits =
    run.fidelity === "replica"
      ? dim("This is a replica: it proves the map, the probes and the rules, not your real borders.")
      : "";
  return [
    "",
    painted,
    "",
    ...openLines(reports),
    `${paints[words[run.grade]](bold(words[run.grade]))}${run.partial ? yellow("  (only a part of the map was asked for)") : ""}  ${(run.durationMs / 1000).toFixed(1)} s  ${limits}`,
    `evidence  ${directory}`,
    `page      ${directory}/report.html`,
    "",
  ].join("\n");
}

function openLines(reports: readonly RegionReport[]): string[] {
  const open = reports.flatMap((report) => report.verdicts).filter(({ grade }) => grade !== "contained");
  const breached = open.filter(({ grade }) => grade === "breached");
  const doubtful = [
    ...groupBy(
      open.filter(({ grade }) => grade === "inconclusive"),
      ({ reason }) => reason,
    ).values(),
  ];
  const problems = reports.flatMap((report) => [
    ...report.gaps.map((gap) => `  ${yellow("not proven")}  ${gap.path} ${gap.system}: ${plain(gap.reason)}`),
    ...report.journalProblems.map(
      (problem) => `  ${yellow("journal")}  ${report.region.id}: ${plain(problem)}`,
    ),
  ]);
  const blocks = [...breached.map((verdict) => [verdict]), ...doubtful];
  const rest = blocks.slice(mostBlocks).flat().length;
  return [
    ...problems,
    ...blocks.slice(0, mostBlocks).flatMap(openLine),
    ...(rest > 0 ? [`  … and ${counted(rest, "more attempt")}: see the page`, ""] : []),
  ];
}

/** What proves nothing for one and the same reason is one block, with the first of its lines. */
function openLine(verdicts: readonly ReportVerdict[]): string[] {
  const [verdict] = verdicts as [ReportVerdict];
  const { from, to } = verdict;
  const mark = verdict.grade === "breached" ? red("BREACHED    ") : yellow("inconclusive");
  const exception =
    verdict.waiver && verdict.grade === "breached"
      ? yellow(`  (waived until ${verdict.waiver.expires})`)
      : "";
  const more = verdicts.length > 1 ? dim(`  and ${verdicts.length - 1} more like it`) : "";
  const arrow = from.region === to.region ? `inside ${from.region}` : `${from.region} → ${to.region}`;
  return [
    `  ${mark}  ${bold(`${arrow}  ${to.system}`)}  ${verdict.probe} ${verdict.vector}${exception}${more}`,
    `                ${plain(verdict.reason)}`,
    `                ${dim(verdict.rerun)}`,
    "",
  ];
}
