import type { Population, PopulationRun } from "../population.ts";
import type { Finding, RunReference } from "../population-findings.ts";
import type { Gap, Place } from "../population-places.ts";
import { type Content, type Html, html } from "./escape-html.ts";
import { counted, countText, gradeWords, regionGradeWords, shortTime, systemWords } from "./words.ts";

/** What was not contained, what is still open first. */
export function findingTable(findings: readonly Finding[]): Html {
  if (findings.length === 0)
    return html`<p class="note">No run of this period that was judged found anything but contained attempts.</p>`;
  const weight = { open: 0, excepted: 1, cleared: 2 } as const;
  const sorted = findings.toSorted((a, b) => weight[a.state] - weight[b.state]);
  return table("What was not contained", {
    head: ["Now", "Where", "What", "Found first by", "Last by", "Cleared by"],
    rows: sorted.map((finding) => [
      stateMark(finding),
      place(finding.region, finding),
      html`${gradeWords[finding.worst].symbol} ${gradeWords[finding.worst].text}: ${systemWords(finding)}<span class="minor">${counted(finding.last.count, "attempt")} when it was last seen, in ${counted(finding.seen.length, "run")}</span>`,
      runName(finding.first),
      runName(finding.last.run),
      clearing(finding),
    ]),
  });
}

function stateMark({ state, worst }: Finding): Html {
  if (state === "cleared") return html`<span class="mark contained">✓ cleared</span>`;
  if (state === "excepted") return html`<span class="mark inconclusive">! excepted by the map</span>`;
  return html`<span class="mark ${worst}">${gradeWords[worst].symbol} still open</span>`;
}

function clearing({ cleared, triedLess }: Finding): Content {
  if (cleared)
    return html`${runName(cleared)}${cleared.partial ? html`<span class="minor">which tried a part of the map</span>` : null}`;
  if (!triedLess) return "nothing yet";
  return html`nothing yet<span class="minor">${triedLess.runId} found it contained, with ${countText(triedLess.attempts)} of ${countText(triedLess.of)} attempts</span>`;
}

/** Times without a whole run that were longer than was promised. */
export function gapTable({ places, cadenceMs }: Population): Html {
  if (cadenceMs === null)
    return html`<p class="note">How often a whole run was promised was not named, so gaps were not looked for: <code>--cadence 24h</code>.</p>`;
  const gaps = places.flatMap((where) => (where.gaps ?? []).map((gap) => ({ where, gap })));
  const promised = `one whole run of each region every ${cadenceMs / 3_600_000} hours, a tenth late at most`;
  if (gaps.length === 0) return html`<p class="note">None, against ${promised}.</p>`;
  return html`<p class="note">Against ${promised}.</p>
${table("Times without a whole run", {
  head: ["Where", "From (UTC)", "Until (UTC)", "Hours", "After", "Before"],
  rows: gaps.map(({ where, gap }) => gapRow(where, gap)),
})}`;
}

function gapRow(where: Place, { from, until, after, before }: Gap): Content[] {
  const hours = ((until - from) / 3_600_000).toFixed(1);
  const ends = [after ?? "the beginning", before ?? "the end of the period"];
  return [place(where.region, where), time(from), time(until), hours, ...ends];
}

/** Every run, in the order in which they were started. */
export function runTable({ runs }: Population): Html {
  const regions = [...new Set(runs.flatMap((run) => Object.keys(run.regions)))].sort();
  return table("Runs in the order of their start", {
    head: ["Run", "Started, ended (UTC)", "Result", ...regions, "Trigger", "Commit", "Evidence, SHA-256"],
    rows: runs.map((run) => [
      html`${run.runId}<span class="minor">record ${run.index}, ${run.environment} (${run.fidelity})${run.partial ? ", a part of the map" : ""}</span>`,
      html`${time(run.startedAt)}<span class="minor">${run.endedAt ? time(run.endedAt) : "no end"}${run.clockWentBack ? "; the clock went back: nothing is concluded from it" : ""}</span>`,
      html`${resultMark(run)}${run.reason ? html`<span class="minor">${run.reason}</span>` : null}${run.openOmitted > 0 ? html`<span class="minor">${counted(run.openOmitted, "finding")} more than its record holds</span>` : null}`,
      ...regions.map((region) => regionCell(run, region)),
      run.trigger ?? "",
      run.commit === null ? "" : shortened(run.commit, 10),
      run.evidence === null ? "" : shortened(run.evidence, 12),
    ]),
  });
}

function resultMark({ state, grade }: PopulationRun): Html {
  if (state !== "judged" || grade === null)
    return html`<span class="mark inconclusive">! ${state === "interrupted" ? "interrupted" : "no end"}</span>`;
  const { symbol, text } = regionGradeWords[grade];
  return html`<span class="mark ${grade}">${symbol} ${text}</span>`;
}

function regionCell({ regions, state }: PopulationRun, region: string): Content {
  const mine = regions[region];
  if (!mine) return "";
  const { result, sequence } = mine;
  const words = result
    ? `${regionGradeWords[result.grade].symbol} ${regionGradeWords[result.grade].text}`
    : `! ${state === "interrupted" ? "interrupted" : "no end"}`;
  return html`${words}<span class="minor">its run ${sequence}</span>`;
}

function shortened(text: string, length: number): Html {
  return html`<code title="${text}">${text.length > length ? `${text.slice(0, length)}…` : text}</code>`;
}

function time(at: number | string): Html {
  return html`<time datetime="${new Date(at).toISOString()}">${shortTime(at)}</time>`;
}

function place(region: string, { environment, fidelity }: Pick<Place, "environment" | "fidelity">): Html {
  return html`${region}<span class="minor">${environment}, ${fidelity}</span>`;
}

function runName({ runId, at }: RunReference): Html {
  return html`${runId}<span class="minor">${time(at)}</span>`;
}

function table(name: string, { head, rows }: { head: readonly string[]; rows: readonly Content[][] }): Html {
  return html`<div class="scroller" role="region" aria-label="${name}" tabindex="0"><table class="log"><caption class="unseen">${name}</caption>
<thead><tr>${head.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([
      first,
      ...rest
    ]) => html`<tr><th scope="row">${first ?? null}</th>${rest.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
  )}</tbody></table></div>`;
}
