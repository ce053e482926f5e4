import type { RegionReport, RunSummary } from "../report.ts";
import { leadSentence } from "./findings.ts";
import { face } from "./pdf-fonts.ts";
import { type Ink, ink, type Line, oneLine, type Style, styles, wrap } from "./pdf-lines.ts";
import type { Paper } from "./pdf-paper.ts";
import { type TableCell, table } from "./pdf-table.ts";
import { figuresOf, runView } from "./run-view.ts";
import { countText, durationText, fidelityWords, honestWords, regionGradeWords, utcText } from "./words.ts";

export const gradeInk = {
  pass: ink.good,
  contained: ink.good,
  breached: ink.bad,
  inconclusive: ink.doubt,
  "pass-with-exceptions": ink.doubt,
  excepted: ink.doubt,
} as const satisfies Record<string, Ink>;

const gradeTint = {
  pass: ink.goodTint,
  breached: ink.badTint,
  inconclusive: ink.doubtTint,
  "pass-with-exceptions": ink.doubtTint,
} as const satisfies Record<string, Ink>;

/** The first page: the grade, of what, how sure one may be, and each region's own. */
export function headline(paper: Paper, run: RunSummary, reports: readonly RegionReport[]): void {
  const view = runView(run, reports);
  const { symbol, text: words } = regionGradeWords[run.grade];
  const attempts = reports.reduce((sum, { counts }) => sum + counts.planned, 0);
  paper.rectangle(paper.left, paper.y, { width: paper.width, height: 4 }, gradeInk[run.grade]);
  paper.gap(22);
  paper.text(`Ringfence isolation evidence · ${view.titles.join(", ")}`, { ...styles.body, ink: ink.quiet });
  paper.gap(14);
  paper.text(view.subject, { face: "bold", size: 15, ink: ink.text });
  const places = view.regions.map(({ id, place, jurisdiction }) => `${id}: ${place}, ${jurisdiction}`);
  const laws = [...new Set(view.regions.map(({ jurisdiction }) => jurisdiction))];
  paper.text(places.length > 4 ? laws.join(", ") : places.join(" · "), { ...styles.body, ink: ink.quiet });
  paper.gap(8);
  paper.text(`${symbol} ${words}`, { face: "bold", size: 34, ink: gradeInk[run.grade] });
  paper.text(leadSentence(run.grade, reports), { face: "regular", size: 12, ink: ink.text });
  if (view.partial !== null) {
    const partial = view.partial;
    paper.gap(10);
    paper.box({ ground: ink.doubtTint, bar: ink.doubt }, (width) => [
      ...wrap("Partial scope, no full proof", styles.strong, width),
      ...wrap(partial, styles.body, width),
    ]);
  }
  paper.gap(16);
  figures(paper, reports);
  paper.gap(12);
  paper.box({ ground: ink.raised, bar: ink.quiet }, (width) => fidelity(run, view.limits, width));
  paper.gap(12);
  const when = `${utcText(run.startedAt)} · took ${durationText(run.durationMs)} · environment “${run.environment}” · run ${run.runId}`;
  paper.text(when, styles.quiet);
  paper.gap(16);
  regionTable(paper, run, reports);
  paper.gap(14);
  paper.box({ ground: ink.raised, bar: ink.line }, (width) => [
    ...wrap("What this evidence claims, and no more", styles.strong, width),
    ...wrap(honestWords(attempts, run.startedAt), styles.body, width),
  ]);
}

function figures(paper: Paper, reports: readonly RegionReport[]): void {
  const number: Style = { face: "bold", size: 18, ink: ink.text };
  paper.need(40);
  let x = paper.left;
  for (const { name, count, mark } of figuresOf(reports)) {
    const colour = count === 0 ? ink.quiet : mark ? gradeInk[mark] : ink.text;
    const shown: Style = { ...number, face: count === 0 ? "regular" : "bold", ink: colour };
    const text = countText(count);
    const width = Math.max(face(shown.face).width(text, shown.size), face("regular").width(name, 8));
    if (x > paper.left && x + width > paper.left + paper.width) {
      paper.y += 38;
      x = paper.left;
      paper.need(40);
    }
    paper.draw({ text, style: shown }, x, paper.y);
    paper.draw({ text: name, style: styles.quiet }, x, paper.y + 23);
    x += width + 24;
  }
  paper.y += 38;
}

function fidelity({ fidelity }: RunSummary, limits: readonly string[], width: number): Line[] {
  const words = fidelityWords[fidelity];
  const sentence = limits.length > 0 ? words.text : words.unlimited;
  return [
    ...wrap(words.name, styles.strong, width),
    ...wrap(sentence, styles.body, width),
    ...limits.flatMap((limit) => bullet(limit, styles.body, width)),
  ];
}

export function bullet(text: string, style: Style, width: number): Line[] {
  const [first, ...rest] = wrap(text, style, width, 10);
  const dot = oneLine("•", style, 10);
  return first ? [{ ...first, indent: 0, text: `${dot.text}  ${first.text}` }, ...rest] : [];
}

function regionTable(paper: Paper, run: RunSummary, reports: readonly RegionReport[]): void {
  const order = ["breached", "inconclusive", "pass-with-exceptions", "pass"] as const;
  const lines = Object.entries(run.regions).sort(
    ([, a], [, b]) => order.indexOf(a.grade) - order.indexOf(b.grade),
  );
  table(
    paper,
    [
      { name: "Region", part: 24 },
      { name: "Grade", part: 20 },
      { name: "Planned", part: 9, align: "right" },
      { name: "Contained", part: 11, align: "right" },
      { name: "Breached", part: 11, align: "right" },
      { name: "Inconclusive", part: 14, align: "right" },
      { name: "Gaps", part: 8, align: "right" },
    ],
    lines.map(([id, line]) => {
      const report = reports.find(({ region }) => region.id === id);
      const { symbol, text } = regionGradeWords[line.grade];
      const place = report ? `${report.region.place}, ${report.region.jurisdiction}` : "no report";
      const grade: TableCell = {
        texts: [[`${symbol} ${text}`, { ...styles.cellStrong, ink: gradeInk[line.grade] }]],
        ground: gradeTint[line.grade],
      };
      return [
        {
          texts: [
            [id, styles.cellStrong],
            [place, { ...styles.cell, ink: ink.quiet }],
          ],
        },
        grade,
        ...[line.planned, line.contained, line.breached, line.inconclusive].map(countText),
        report ? countText(report.gaps.length) : "unknown",
      ];
    }),
  );
}
