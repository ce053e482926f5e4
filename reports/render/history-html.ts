import type { Checkpoint } from "../../attest/history/checkpoint.ts";
import type { RegionGrade } from "../../core/vocabulary.ts";
import type { Population } from "../population.ts";
import { isWhole } from "../population-places.ts";
import { type Html, html } from "./escape-html.ts";
import { historyCalendar } from "./history-calendar.ts";
import { findingTable, gapTable, runTable } from "./history-tables.ts";
import { htmlPage } from "./html-page.ts";
import { commandLine } from "./html-verdict.ts";
import { counted, countText, shortTime } from "./words.ts";

const command = "npm run -s ringfence -- history verify STORE --trust FILE --checkpoint HELD";

/** The page of a period: every run, the days without one, and what became of each failure. `head`: the log that
 *  it was made from, to be compared with what others hold of it. */
export function renderHistoryHtml(population: Population, head: Checkpoint): string {
  const { runs, findings } = population;
  const gaps = gapsIn(population);
  return htmlPage({
    title: `History: ${counted(runs.length, "run")}, Ringfence`,
    headline: headline(population, head),
    sections: [
      { id: "calendar", name: "Calendar", body: historyCalendar(population) },
      {
        id: "findings",
        name: "Not contained",
        count: countText(findings.length),
        body: findingTable(findings),
      },
      {
        id: "gaps",
        name: "Gaps",
        ...(population.cadenceMs === null ? {} : { count: countText(gaps) }),
        body: gapTable(population),
      },
      { id: "runs", name: "Every run", count: countText(runs.length), body: runTable(population) },
    ],
    footer: footer(head),
  });
}

function gapsIn({ places }: Population): number {
  return places.reduce((sum, { gaps }) => sum + (gaps?.length ?? 0), 0);
}

function headline(population: Population, { origin }: Checkpoint): Html {
  const { runs, findings, period, cadenceMs } = population;
  const open = findings.filter(({ state }) => state === "open").length;
  const gaps = gapsIn(population);
  const graded = (grades: readonly (string | null)[]) =>
    runs.filter(({ grade }) => grades.includes(grade)).length;
  const unended = runs.filter(({ state }) => state !== "judged").length;
  const figures: [name: string, count: number, mark: string][] = [
    ["runs", runs.length, "plain"],
    ["passed", graded(["pass", "pass-with-exceptions"]), "contained"],
    ["breached", graded(["breached"]), "breached"],
    ["inconclusive", graded(["inconclusive"]), "inconclusive"],
    ["without an end", unended, "inconclusive"],
    ...(cadenceMs === null ? [] : [["gaps", gaps, "inconclusive"] as [string, number, string]]),
    ["still open", open, "breached"],
  ];
  const { mark, symbol, text } = stateOf(population);
  return html`<header class="headline ${mark}">
<p class="overline">Ringfence history · ${origin}</p>
<h1><span class="subject">${shortTime(period.from)} to ${shortTime(period.until)} UTC</span>
<span class="grade"><span class="symbol" aria-hidden="true">${symbol}</span>${text}</span></h1>
<p class="lead">${lead(population)}</p>
<dl class="figures">
${figures.map(
  ([
    name,
    count,
    kind,
  ]) => html`<div class="${count === 0 ? "nil" : kind}"><dt>${name}</dt><dd>${countText(count)}</dd></div>
`,
)}</dl>
<div class="fidelity"><p><strong>As the log tells it.</strong> This page verifies nothing: whether these are all records, as they were written, is for <a href="#verify">history verify</a> to say.</p></div>
</header>`;
}

const passing = new Set<RegionGrade | null>(["pass", "pass-with-exceptions"]);

/** What outweighs all else of the period. "Nothing open" is said only where nothing was when it ended, every region
 *  passed when it was last tested as a whole, and no run since lacks an end: nobody knows what it found. */
function stateOf(population: Population): { mark: string; symbol: string; text: string } {
  const open = population.findings.filter(({ state }) => state === "open");
  const excepted = population.findings.some(({ state }) => state === "excepted");
  const clearedLater = population.findings.filter(
    ({ cleared }) => cleared && Date.parse(cleared.at) >= population.period.until,
  ).length;
  const last = population.places.map(({ runs }) => runs.findLast(isWhole));
  const untested = last.filter((run) => !run).length;
  const failed = last.filter((run) => run && !passing.has(run.grade)).length;
  const unended = population.places.some(({ runs }) =>
    runs.slice(runs.findLastIndex(isWhole)).some(({ state }) => state !== "judged"),
  );
  const gaps = gapsIn(population);
  if (open.some(({ worst }) => worst === "breached"))
    return { mark: "breached", symbol: "✕", text: `${countText(open.length)} still open` };
  const doubt = { mark: "inconclusive", symbol: "?" };
  if (open.length > 0) return { ...doubt, text: `${countText(open.length)} still open` };
  if (clearedLater > 0) return { ...doubt, text: `${countText(clearedLater)} open when the period ended` };
  if (population.places.length === 0) return { ...doubt, text: "No run" };
  if (untested > 0) return { ...doubt, text: `${counted(untested, "region")} not tested as a whole` };
  if (failed > 0) return { ...doubt, text: `${counted(failed, "region")} did not pass when last tested` };
  if (unended) return { ...doubt, text: "A later run has no end" };
  if (gaps > 0) return { ...doubt, text: counted(gaps, "gap") };
  if (excepted || last.some((run) => run?.grade !== "pass"))
    return { ...doubt, symbol: "!", text: "Passed with exceptions" };
  return { mark: "pass", symbol: "✓", text: "Nothing open" };
}

function lead({ findings, cadenceMs, places }: Population): string {
  const words = { open: "still open", excepted: "excepted by the map", cleared: "cleared by a later run" };
  const parts = Object.entries(words).flatMap(([state, text]) => {
    const count = findings.filter((finding) => finding.state === state).length;
    return count === 0 ? [] : [`${countText(count)} ${text}`];
  });
  const found =
    findings.length === 0
      ? "No run that was judged found anything but contained attempts."
      : `${counted(findings.length, "finding")}: ${parts.join(", ")}.`;
  const promised =
    cadenceMs === null
      ? "How often a run was promised was not named, so gaps were not looked for."
      : `A whole run of ${places.length === 1 ? "the region" : `each of ${countText(places.length)} regions`} was promised every ${cadenceMs / 3_600_000} hours.`;
  return `${found} ${promised}`;
}

function footer({ origin, size, root }: Checkpoint): Html {
  return html`<footer>
<h2 id="verify">Verify it yourself</h2>
<p>STORE is the history’s folder or bucket; FILE is your trust file; HELD is a checkpoint of this log that somebody kept elsewhere: only it shows that nothing was taken off the log’s end, or written anew.</p>
${commandLine(command)}
<dl class="provenance">
<div><dt>Log</dt><dd><code>${origin}</code></dd></div>
<div><dt>Records</dt><dd><code>${countText(size)}</code></dd></div>
<div><dt>Root of the tree over them (RFC 6962), as in its checkpoint</dt><dd><code>${root.toString("base64")}</code></dd></div>
</dl>
<p class="honest">Management-generated evidence. Records which runs a log holds, and what they found. Does not establish that no other run was made, the absence of other paths, compliance, or an auditor’s conclusion.</p>
</footer>`;
}
