import type { RegionGrade } from "../../core/vocabulary.ts";
import { type Content, type Html, html } from "./escape-html.ts";
import { countText, durationText, fidelityWords, regionGradeWords, utcText } from "./words.ts";

/** The first screen: the grade, of what, how sure one may be, when. */
export interface Headline {
  title: string;
  subject: string;
  place: Content;
  grade: RegionGrade;
  lead: string;
  /** What crosses a border, each crossing once. */
  crossings: readonly string[];
  figures: readonly {
    name: string;
    count: number;
    mark?: "contained" | "inconclusive" | "breached" | "excepted";
  }[];
  fidelity: "replica" | "real";
  limits: readonly string[];
  partial: string | null;
  environment: string;
  startedAt: string;
  durationMs: number;
}

export function htmlHeadline(headline: Headline): Html {
  const { symbol, text } = regionGradeWords[headline.grade];
  return html`<header class="headline ${headline.grade}">
<p class="overline">Ringfence isolation evidence · ${headline.title}</p>
<h1><span class="subject">${headline.subject}</span> <span class="place">${headline.place}<span class="unseen">:</span></span>
<span class="grade"><span class="symbol" aria-hidden="true">${symbol}</span>${text}</span></h1>
<p class="lead">${headline.lead}</p>
${crossingList(headline.crossings)}
${headline.partial === null ? null : html`<p class="partial"><strong>Partial scope, no full proof.</strong> ${headline.partial}</p>`}
<dl class="figures">
${headline.figures.map(
  ({ name, count, mark }) =>
    html`<div class="${count === 0 ? "nil" : (mark ?? "plain")}"><dt>${name}</dt><dd>${countText(count)}</dd></div>
`,
)}</dl>
${fidelityNote(headline)}
<p class="when"><time datetime="${headline.startedAt}">${utcText(headline.startedAt)}</time> · took ${durationText(headline.durationMs)} · environment “${headline.environment}”</p>
</header>`;
}

const mostCrossings = 4;

function crossingList(crossings: readonly string[]): Html | null {
  if (crossings.length === 0) return null;
  const rest = crossings.length - mostCrossings;
  return html`<ul class="crossings">${crossings.slice(0, mostCrossings).map((crossing) => html`<li>${crossing}</li>`)}${
    rest > 0 ? html`<li><a href="#open">and ${countText(rest)} more</a></li>` : null
  }</ul>`;
}

function fidelityNote({ fidelity, limits }: Headline): Html {
  const words = fidelityWords[fidelity];
  const sentence = limits.length > 0 ? words.text : words.unlimited;
  return html`<div class="fidelity ${fidelity}">
<p><strong>${words.name}.</strong> ${sentence}</p>
${limits.length > 0 ? html`<ul>${limits.map((limit) => html`<li>${limit}</li>`)}</ul>` : null}
</div>`;
}
