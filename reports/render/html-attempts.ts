import { leakPaths } from "../../core/vocabulary.ts";
import type { ReportVerdict } from "../report.ts";
import { Html, html } from "./escape-html.ts";
import { groupBy } from "./findings.ts";
import { pathSummary } from "./html-matrix.ts";
import { packRows } from "./html-packed.ts";
import { attemptSums } from "./html-sums.ts";
import { controlLines, gradeMark, waiverNote } from "./html-verdict.ts";
import { countText, pathWords, stopWords } from "./words.ts";

/** Browsers skip what is off screen table by table, not row by row: so long lists are cut into tables. */
const rowsPerTable = 100;
const printedInFull = 400;
/** More rows than these take a browser seconds to lay out: then the page sums them up, and carries them as data
 *  from which its script lays out those that are looked at. */
const mostLaidOut = 5000;

/** Every attempt, by leak path. Without the script it is a plain full list, unless there are too many. */
export function attemptList(verdicts: readonly ReportVerdict[]): Html {
  if (verdicts.length === 0) return html`<p>No attempt was planned, so nothing is shown.</p>`;
  const groups = groupBy(verdicts, ({ path }) => path).sort(
    ([a], [b]) => leakPaths.indexOf(a.path) - leakPaths.indexOf(b.path),
  );
  const whole = verdicts.length <= printedInFull;
  if (verdicts.length > mostLaidOut) return packedList(groups, verdicts.length);
  return html`${filterForm(
    groups.map(([first]) => first.path),
    verdicts.length,
  )}
${whole ? null : html`<p class="paper-only">On paper the ${countText(verdicts.length)} attempts are summed up by leak path. All lines are in this page on screen, and in report.json.</p>`}
<div id="attempt-groups">${groups.map((group) => pathGroup(group, { printed: whole, open: verdicts.length <= printedInFull }))}</div>`;
}

function packedList(groups: readonly [ReportVerdict, ...ReportVerdict[]][], total: number): Html {
  const rows = packRows(groups.map((group) => ({ path: group[0].path, rows: markupOf(group) })));
  const table = attemptTable([], "").toString().split("<tbody>\n");
  const data = JSON.stringify({ ...rows, table: [`${table[0]}<tbody>`, table[1]] }).replaceAll(
    "<",
    "\\u003c",
  );
  return html`${filterForm(
    groups.map(([first]) => first.path),
    total,
  )}
<p>These are ${countText(total)} attempts, too many to lay out at once. They are summed up here by leak path; below each sum, the script of this page shows the attempts themselves. Without it, each is a line in report.json, and in the run’s population.csv.</p>
<div id="attempt-groups">${groups.map(
    (
      group,
    ) => html`<details class="path" data-path="${group[0].path}"><summary><h3>${pathWords(group[0].path)}</h3> ${pathSummary(group)}</summary>
${attemptSums(group)}</details>
`,
  )}</div>
<script type="application/json" id="packed-attempts">${Html.ours(data)}</script>`;
}

function* markupOf(group: readonly ReportVerdict[]): Generator<string> {
  for (const verdict of group) yield attemptRow(verdict).toString();
}

function filterForm(paths: readonly ReportVerdict["path"][], total: number): Html {
  return html`<form id="filter" role="search" aria-label="Filter the attempts" hidden>
<label>Grade <select name="grade"><option value="">all</option><option value="open">not contained</option><option value="breached">breached</option><option value="inconclusive">inconclusive</option><option value="contained">contained</option><option value="excepted">under an exception</option></select></label>
<label>Leak path <select name="path"><option value="">all</option>${paths.map((path) => html`<option value="${path}">${pathWords(path)}</option>`)}</select></label>
<label class="words">Words <input type="search" name="words" autocomplete="off" spellcheck="false"></label>
<button type="reset">Show all</button>
<p role="status" id="filter-status">${countText(total)} of ${countText(total)} shown</p>
</form>`;
}

function pathGroup(
  group: [ReportVerdict, ...ReportVerdict[]],
  { printed, open }: { printed: boolean; open: boolean },
): Html {
  const [{ path }] = group;
  const starts = Array.from(
    { length: Math.ceil(group.length / rowsPerTable) },
    (_, index) => index * rowsPerTable,
  );
  return html`<details class="path${printed ? " print-open" : ""}" data-path="${path}"${open ? html` open` : null}><summary><h3>${pathWords(path)}</h3> ${pathSummary(group)}</summary>
${starts.map((start) => attemptChunk(group.slice(start, start + rowsPerTable), { path, start, all: group.length }))}</details>
`;
}

function attemptChunk(
  verdicts: readonly ReportVerdict[],
  { path, start, all }: { path: ReportVerdict["path"]; start: number; all: number },
): Html {
  const range =
    all > rowsPerTable
      ? `, attempts ${countText(start + 1)} to ${countText(start + verdicts.length)} of ${countText(all)}`
      : "";
  return attemptTable(verdicts.map(attemptRow), `${pathWords(path)}${range}`);
}

function attemptTable(rows: readonly Html[], caption: string): Html {
  return html`<div class="chunk"><table class="attempts"><caption class="unseen">${caption}</caption>
<thead><tr><th scope="col">Grade</th><th scope="col">From → to</th><th scope="col">Probe</th><th scope="col">Stopped at</th><th scope="col">Reason and rerun</th><th scope="col">Controls</th></tr></thead>
<tbody>
${rows}</tbody></table></div>
`;
}

function attemptRow(verdict: ReportVerdict): Html {
  const { from, to, about, family, waiver, grade } = verdict;
  return html`<tr data-grade="${grade}"${waiver && grade === "breached" ? html` data-waived` : null}>
<td>${gradeMark(grade)}${waiverNote(verdict)}</td>
<th scope="row">${crossing(verdict)}<span class="minor">${to.system} · ${to.address ?? "no address"}</span>${about === to.region ? null : html`<span class="minor">data of ${about}</span>`}${from.principal === "workload" ? null : html`<span class="minor">as ${from.principal}</span>`}</th>
<td>${verdict.probe}<span class="minor">${family}, ${verdict.vector}</span></td>
<td>${stopWords(verdict)}${verdict.code === null ? null : html`<code class="minor">${verdict.code}</code>`}</td>
<td>${verdict.reason}<code class="rerun">${verdict.rerun}</code></td>
<td class="controls">${controlLines(verdict)}</td></tr>
`;
}

function crossing({ from, to }: ReportVerdict): Html {
  if (from.region === to.region) return html`inside <span class="id">${from.region}</span>`;
  return html`<span class="id">${from.region}</span> <span class="id">→ ${to.region}</span>`;
}
