import { worstRegion } from "../../core/judge.ts";
import type { Population } from "../population.ts";
import { type Day, daysBefore, daysOf, type Place } from "../population-places.ts";
import { type Html, html } from "./escape-html.ts";
import { counted, monthText, regionGradeWords } from "./words.ts";

/** What a cell of the calendar says. A run without an end outweighs a pass beside it, and a pass of a part is
 *  none of the whole. */
const states = {
  passed: { symbol: "✓", text: "passed", mark: "contained" },
  excepted: { symbol: "✓*", text: "passed with exceptions", mark: "inconclusive" },
  breached: { symbol: "✕", text: "breached", mark: "breached" },
  inconclusive: { symbol: "?", text: "inconclusive", mark: "inconclusive" },
  unended: { symbol: "!", text: "interrupted, or without an end", mark: "inconclusive" },
  part: { symbol: "○", text: "passed, but was no whole run", mark: "quiet" },
  gap: { symbol: "–", text: "no whole run, though one was promised", mark: "gap" },
  none: { symbol: "·", text: "no run", mark: "quiet" },
} as const;
export type DayState = keyof typeof states;

export function stateOf({ runs, grade, inGap }: Day): DayState {
  const grades = runs.flatMap((run) => run.grade ?? []);
  const worst = grades.length === 0 ? null : worstRegion(grades);
  if (worst === "breached" || worst === "inconclusive") return worst;
  if (runs.some((run) => run.state !== "judged" || run.grade === null)) return "unended";
  if (grade === null) return inGap ? "gap" : runs.length > 0 ? "part" : "none";
  return worst === "pass-with-exceptions" ? "excepted" : "passed";
}

/** Each month of the period as a table: a line for each region, a column for each day. */
export function historyCalendar({ places, period, cadenceMs }: Population): Html {
  const lines = places
    .map((place) => ({ place, days: daysOf(place, period) }))
    .sort((a, b) => nameOf(a.place).localeCompare(nameOf(b.place), "en"));
  const months = [...new Set(lines.flatMap(({ days }) => days.map(({ day }) => day.slice(0, 7))))];
  const shown = (Object.keys(states) as DayState[]).filter((state) => state !== "gap" || cadenceMs !== null);
  const cut = daysBefore(period);
  return html`<p class="note">The worst of each day, in UTC. ${cut > 0 ? `The first ${counted(cut, "day")} of the period are left out: every run is listed below. ` : null}${cadenceMs === null ? "How often a run was promised was not named, so that days without one are not told apart." : null}</p>
<ul class="key">${shown.map((state) => html`<li>${cellMark(state)} ${states[state].text}</li>`)}</ul>
${months.map(
  (
    month,
  ) => html`<div class="scroller" role="region" aria-label="${monthText(month)}" tabindex="0"><table class="calendar"><caption>${monthText(month)}</caption>
<thead><tr><th scope="col">Region</th>${numbersOf(month).map((number) => html`<th scope="col">${number}</th>`)}</tr></thead>
<tbody>${lines.map(({ place, days }) => monthLine(place, { days, month }))}</tbody></table></div>
`,
)}`;
}

function nameOf({ environment, fidelity, region }: Place): string {
  return `${environment} ${fidelity} ${region}`;
}

function numbersOf(month: string): number[] {
  const [year = 0, number = 0] = month.split("-").map(Number);
  return Array.from({ length: new Date(Date.UTC(year, number, 0)).getUTCDate() }, (_, index) => index + 1);
}

function monthLine(
  { region, environment, fidelity }: Place,
  { days, month }: { days: readonly Day[]; month: string },
): Html {
  const byNumber = new Map(
    days.filter(({ day }) => day.startsWith(month)).map((day) => [Number(day.day.slice(8)), day]),
  );
  return html`<tr><th scope="row">${region}<span class="minor">${environment}, ${fidelity}</span></th>${numbersOf(month).map((number) => dayCell(byNumber.get(number)))}</tr>
`;
}

/** A day that is not part of the period is left empty. */
function dayCell(day: Day | undefined): Html {
  if (!day) return html`<td></td>`;
  const state = stateOf(day);
  const gap = day.inGap && state !== "gap" ? "; no whole run, though one was promised" : "";
  const runs = day.runs.map(
    (run) => `${run.runId}: ${run.grade ? regionGradeWords[run.grade].text : run.state}`,
  );
  const title = [`${day.day}: ${states[state].text}${gap}`, ...runs].join("; ");
  const count =
    day.runs.length > 1
      ? html`<span class="minor" aria-label="${counted(day.runs.length, "run")}">${day.runs.length}</span>`
      : null;
  return html`<td class="${day.inGap ? "in-gap" : ""}" title="${title}">${cellMark(state)}${count}</td>`;
}

function cellMark(state: DayState): Html {
  const { symbol, text, mark } = states[state];
  return html`<span class="day ${mark}" role="img" aria-label="${text}">${symbol}</span>`;
}
