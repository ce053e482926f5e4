import type { RegionReport, RunSummary } from "../report.ts";
import { type Html, html } from "./escape-html.ts";
import { countText, regionGradeWords } from "./words.ts";

/** One line a region, worst first, with the way to its own page. */
export function regionTable(run: RunSummary, reports: readonly RegionReport[]): Html {
  const order = ["breached", "inconclusive", "pass-with-exceptions", "pass"] as const;
  const lines = Object.entries(run.regions).sort(
    ([, a], [, b]) => order.indexOf(a.grade) - order.indexOf(b.grade),
  );
  return html`<div class="scroller" role="region" aria-label="Grade of each region" tabindex="0"><table class="grades"><caption class="unseen">Grade of each region</caption>
<thead><tr><th scope="col">Region</th><th scope="col">Grade</th><th scope="col">Planned</th><th scope="col">Contained</th><th scope="col">Breached</th><th scope="col">Inconclusive</th><th scope="col">Gaps</th></tr></thead>
<tbody>
${lines.map(([id, line]) =>
  regionLine(
    id,
    line,
    reports.find(({ region }) => region.id === id),
  ),
)}</tbody></table></div>`;
}

function regionLine(id: string, line: RunSummary["regions"][string], report: RegionReport | undefined): Html {
  const { symbol, text } = regionGradeWords[line.grade];
  const name = report
    ? html`<a href="${linkTo(id)}">${id}</a><span class="minor">${report.region.place}, ${report.region.jurisdiction}</span>`
    : html`${id}<span class="minor">no report</span>`;
  return html`<tr><th scope="row">${name}</th><td><span class="mark ${line.grade}"><span aria-hidden="true">${symbol}</span> ${text}</span></td><td>${countText(line.planned)}</td><td>${countText(line.contained)}</td><td>${countText(line.breached)}</td><td>${countText(line.inconclusive)}</td><td>${report ? countText(report.gaps.length) : "unknown"}</td></tr>
`;
}

/** Relative, whatever the id holds: it can name no scheme and no other folder. */
export function linkTo(region: string): string {
  const folder = encodeURIComponent(region.toWellFormed());
  return /^\.*$/.test(folder) ? "#regions" : `./${folder}/report.html`;
}
