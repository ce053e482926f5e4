import { outside } from "../../core/residency-map.ts";
import type { RegionReport, ReportVerdict } from "../report.ts";
import { type Html, html } from "./escape-html.ts";
import { type MatrixRow, matrixRows, regionsNamed, type Tally } from "./matrix.ts";
import { counted, gradeWords, pathWords } from "./words.ts";

const compactFrom = 9;

type Region = RegionReport["region"];

/** One region looks out: a row for each leak path under a row for all of them. */
export function regionMatrix(report: RegionReport): Html {
  const columns = columnsOf(report.regions, report.verdicts);
  const ids = columns.map(({ id }) => id);
  const paths = [
    ...new Set([
      ...report.scope.paths,
      ...report.verdicts.map(({ path }) => path),
      ...report.gaps.map(({ path }) => path),
    ]),
  ];
  const [all] = matrixRows(report.verdicts, { rows: ["All paths"], columns: ids, rowOf: () => "All paths" });
  const perPath = matrixRows(report.verdicts, { rows: paths, columns: ids, rowOf: ({ path }) => path });
  const rows = [
    { ...(all ?? { tallies: [] }), name: "All paths", gaps: report.gaps.length, total: true },
    ...paths.map((path, index) => ({
      tallies: perPath[index]?.tallies ?? [],
      name: pathWords(path),
      gaps: report.gaps.filter((gap) => gap.path === path).length,
    })),
  ];
  const caption = `From inside ${report.region.id}: by which leak path, and whose data`;
  return html`<p>${caption}.</p>${legend()}${table({ caption, corner: "Leak path", rows, columns, self: () => report.region.id })}`;
}

/** All regions look out: region × region over all paths, then one table a path. */
export function runMatrix(reports: readonly RegionReport[], regions: readonly Region[]): Html {
  const verdicts = reports.flatMap((report) => report.verdicts);
  const columns = columnsOf(regions, verdicts);
  const ids = columns.map(({ id }) => id);
  const vantages = ids.filter((id) => id !== outside);
  const rowsFor = (mine: readonly ReportVerdict[]) =>
    matrixRows(mine, { rows: vantages, columns: ids, rowOf: ({ from }) => from.region });
  const gapsOf = (name: string, path?: string) =>
    reports
      .flatMap((report) => report.gaps)
      .filter((gap) => gap.region === name && (path === undefined || gap.path === path)).length;
  const withGaps = (rows: MatrixRow[], path?: string) =>
    rows.map((row) => ({ ...row, gaps: gapsOf(row.name, path) }));
  const paths = regionsNamed(
    [],
    [...reports.flatMap(({ scope }) => scope.paths), ...verdicts.map(({ path }) => path)],
  );
  const shape = { corner: "From inside", columns, self: (row: string) => row };
  return html`<p>By what way, and from inside which region.</p>${legend()}${byPath(reports, { paths, columns: regions })}
<h3>From inside each region, and where to</h3>
<p>A row for the region it was tried from, a column for whose data, or where else. All leak paths first.</p>${table({ ...shape, caption: "All leak paths: from inside each region, whose data", rows: withGaps(rowsFor(verdicts)) })}
${paths.map((path) => {
  const mine = verdicts.filter((verdict) => verdict.path === path);
  const name = pathWords(mine[0]?.path ?? (path as ReportVerdict["path"]));
  const open = mine.some(({ grade }) => grade !== "contained") && columns.length < compactFrom;
  return html`<details class="path print-open"${open ? html` open` : null}><summary><h3>${name}</h3> ${pathSummary(mine)}</summary>
${table({ ...shape, caption: `${name}: from inside each region, whose data`, rows: withGaps(rowsFor(mine), path) })}</details>
`;
})}`;
}

/** The whole run at a glance: a row for each leak path, a column for the region it was tried from. */
function byPath(
  reports: readonly RegionReport[],
  { paths, columns }: { paths: readonly string[]; columns: readonly Region[] },
): Html {
  const verdicts = reports.flatMap((report) => report.verdicts);
  const tried = matrixRows(
    verdicts.map((verdict) => ({ ...verdict, about: verdict.from.region })),
    { rows: paths, columns: columns.map(({ id }) => id), rowOf: ({ path }) => path },
  );
  const gaps = reports.flatMap((report) => report.gaps);
  const rows = tried.map((row) => ({
    ...row,
    name: pathWords(row.name as ReportVerdict["path"]),
    gaps: gaps.filter(({ path }) => path === row.name).length,
  }));
  const caption = "Each leak path, from inside each region";
  return table({ caption, corner: "Leak path", rows, columns, self: () => "" });
}

/** "2 breached, 1 inconclusive, 45 contained", worst first. */
export function pathSummary(verdicts: readonly ReportVerdict[]): Html {
  const parts = (["breached", "inconclusive", "contained"] as const)
    .map((grade) => ({ grade, count: verdicts.filter((verdict) => verdict.grade === grade).length }))
    .filter(({ count }) => count > 0);
  if (parts.length === 0) return html`<span class="count">no attempts</span>`;
  return html`<span class="tallies">${parts.map(({ grade, count }) => html`<span class="mark ${grade}">${gradeWords[grade].symbol} ${count} ${gradeWords[grade].text}</span> `)}</span>`;
}

function columnsOf(declared: readonly Region[], verdicts: readonly ReportVerdict[]): Region[] {
  const named = verdicts.flatMap(({ about, from }) => [about, from.region]);
  return regionsNamed(
    declared.map(({ id }) => id),
    named,
  ).map(
    (id) => declared.find((region) => region.id === id) ?? { id, jurisdiction: undeclared(id), place: "" },
  );
}

function undeclared(id: string): string {
  return id === outside ? "no region’s" : "not declared";
}

interface TableShape {
  caption: string;
  corner: string;
  rows: readonly (MatrixRow & { gaps: number; total?: boolean })[];
  columns: readonly Region[];
  /** The region that a row looks out from: its own data may stay where it is. */
  self: (row: string) => string;
}

function table({ caption, corner, rows, columns, self }: TableShape): Html {
  const compact = columns.length >= compactFrom;
  return html`<div class="scroller${compact ? " compact" : ""}" role="region" aria-label="${caption}" tabindex="0">
<table class="matrix"><caption class="unseen">${caption}</caption>
<thead><tr><th scope="col" class="corner">${corner}</th>${columns.map(
    ({ id, jurisdiction }) =>
      html`<th scope="col"><span class="turn">${id} <small>${jurisdiction}</small></span></th>`,
  )}</tr></thead>
<tbody>
${rows.map(
  (
    row,
  ) => html`<tr${row.total ? html` class="total"` : null}><th scope="row">${row.name}${row.gaps > 0 ? html` <small class="gaps">? ${counted(row.gaps, "gap")}</small>` : null}</th>${row.tallies.map(
    (tally, index) => cell(tally, { own: columns[index]?.id === self(row.name) }),
  )}</tr>
`,
)}</tbody></table></div>`;
}

function cell(tally: Tally | null, { own }: { own: boolean }): Html {
  if (tally === null) {
    return own
      ? html`<td class="none own"><span aria-hidden="true">·</span><span class="unseen">own data</span></td>`
      : html`<td class="none"><span aria-hidden="true">–</span><span class="unseen">not tried</span></td>`;
  }
  const { symbol, text } = gradeWords[tally.grade];
  const count = tally.grade === "contained" ? tally.planned : tally[tally.grade];
  const of =
    tally.grade === "contained"
      ? null
      : html`<span class="of"><span class="unseen"> of </span><span aria-hidden="true">/</span>${tally.planned}</span>`;
  const allExcepted = tally.excepted > 0 && tally.excepted === tally.breached + tally.inconclusive;
  return html`<td class="${tally.grade}${allExcepted ? " excepted" : ""}${own ? " own" : ""}"><span aria-hidden="true">${symbol}</span><span class="unseen">${text}</span> ${count}${of}${
    tally.grade === "breached" && tally.inconclusive > 0
      ? html`<span class="also"> ?<span class="unseen"> inconclusive</span> ${tally.inconclusive}</span>`
      : null
  }${tally.excepted > 0 ? html`<span class="also"> e<span class="unseen">, under exception:</span> ${tally.excepted}</span>` : null}</td>`;
}

function legend(): Html {
  return html`<ul class="legend" aria-label="Legend">
<li><span class="swatch contained">✓ 8</span> all 8 attempts contained</li>
<li><span class="swatch breached">✕ 1/8</span> 1 of 8 got through</li>
<li><span class="swatch inconclusive">? 2/8</span> 2 of 8 prove nothing</li>
<li><span class="swatch breached excepted">✕ 1/8 e 1</span> under an exception</li>
<li><span class="swatch none">–</span> not tried</li>
<li><span class="swatch none own">·</span> the region’s own data</li>
</ul>`;
}
