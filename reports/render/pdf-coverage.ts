import type { RegionReport, ReportVerdict } from "../report.ts";
import { groupBy } from "./findings.ts";
import { matrixRows, regionsNamed, type Tally } from "./matrix.ts";
import { ink, styles } from "./pdf-lines.ts";
import type { Paper } from "./pdf-paper.ts";
import { type TableCell, table } from "./pdf-table.ts";
import { counted, countText, gradeWords, pathWords, stopWords } from "./words.ts";

/** More columns than these are one table after another. */
const mostColumns = 6;

/** By what way, and from inside which region. */
export function matrixSection(paper: Paper, reports: readonly RegionReport[]): void {
  const verdicts = reports.flatMap((report) => report.verdicts);
  const gaps = reports.flatMap((report) => report.gaps);
  const regions = reports.map(({ region }) => region);
  const paths = regionsNamed(
    [],
    [...reports.flatMap(({ scope }) => scope.paths), ...[...verdicts, ...gaps].map(({ path }) => path)],
  );
  paper.section("By leak path, from inside each region", { keep: 120 });
  paper.text(
    "✓ 8: all 8 attempts contained · ✕ 1/8: 1 of 8 got through · ? 2/8: 2 of 8 prove nothing · e 1: 1 of them under an exception · –: not tried",
    styles.quiet,
  );
  for (let first = 0; first < regions.length; first += mostColumns) {
    const columns = regions.slice(first, first + mostColumns);
    const rows = matrixRows(
      verdicts.map((verdict) => ({ ...verdict, about: verdict.from.region })),
      { rows: paths, columns: columns.map(({ id }) => id), rowOf: ({ path }) => path },
    );
    paper.gap(6);
    table(
      paper,
      [
        { name: "Leak path", part: 26 },
        ...columns.map(({ id, jurisdiction }) => ({
          name: `${id} (${jurisdiction})`,
          part: 74 / Math.max(3, columns.length),
          align: "center" as const,
        })),
      ],
      rows.map(({ name, tallies }) => {
        const open = gaps.filter(({ path }) => path === name).length;
        return [rowName(pathWords(name as ReportVerdict["path"]), open), ...tallies.map(tallyCell)];
      }),
    );
  }
}

function rowName(name: string, gaps: number): TableCell {
  return {
    texts: [
      [name, styles.cellStrong],
      ...(gaps > 0 ? [[`? ${counted(gaps, "gap")}`, { ...styles.cell, ink: ink.doubt }] as const] : []),
    ],
  };
}

function tallyCell(tally: Tally | null): TableCell {
  if (tally === null) return { texts: [["–", { ...styles.cell, ink: ink.quiet }]] };
  const { planned, grade, inconclusive, excepted, breached } = tally;
  const also = [
    grade === "breached" && inconclusive > 0 ? `? ${countText(inconclusive)}` : null,
    excepted > 0 ? `e ${countText(excepted)}` : null,
  ].filter((part) => part !== null);
  const { symbol } = gradeWords[grade];
  const count =
    grade === "contained" ? countText(planned) : `${countText(tally[grade])}/${countText(planned)}`;
  const text = [`${symbol} ${count}`, ...also].join("  ");
  const allExcepted = excepted > 0 && excepted === breached + inconclusive;
  if (grade === "contained") return { texts: [[text, { ...styles.cell, ink: ink.good }]] };
  if (grade === "inconclusive")
    return { texts: [[text, { ...styles.cellStrong, ink: ink.doubt }]], ground: ink.doubtTint };
  return allExcepted
    ? { texts: [[text, { ...styles.cellStrong, ink: ink.bad }]], ground: ink.badTint }
    : { texts: [[text, { ...styles.cellStrong, ink: ink.paper }]], ground: ink.bad };
}

/** What was contained, in sums: a list of thousands is read by nobody, and the population has it. */
export function containedSection(paper: Paper, reports: readonly RegionReport[]): void {
  const contained = reports.flatMap(({ verdicts }) => verdicts).filter(({ grade }) => grade === "contained");
  paper.section("Contained, by leak path", { count: countText(contained.length) });
  if (contained.length === 0) {
    paper.text("No attempt was contained.");
    return;
  }
  paper.text(
    "Where attempts ended, counted. Every attempt is a row of population.xlsx and population.csv, with its reason and its controls.",
  );
  table(
    paper,
    [
      { name: "Leak path", part: 16 },
      { name: "Contained", part: 10, align: "right" },
      { name: "Stopped at", part: 34 },
      { name: "Systems", part: 40 },
    ],
    groupBy(contained, ({ path }) => path).map((mine) => [
      { texts: [[pathWords(mine[0].path), styles.cellStrong]] },
      countText(mine.length),
      groupBy(mine, stopWords)
        .map((group) => `${stopWords(group[0])} ${countText(group.length)}`)
        .join(" · "),
      [...new Set(mine.map(({ to }) => to.system))].join(", "),
    ]),
  );
}
