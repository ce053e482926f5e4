import { type DrillReport, type DrillResult, isCaught, isClean } from "../drill-report.ts";
import { type Html, html } from "./escape-html.ts";
import { htmlPage } from "./html-page.ts";
import { countText } from "./words.ts";

/** The drills' own page: every hole that was opened, and whether exactly it was found. */
export function renderDrillsHtml(report: DrillReport): string {
  const clean = isClean(report);
  const part =
    report.planned < report.known
      ? ` Only a part of the catalogue of ${countText(report.known)} drills was run.`
      : "";
  const failed = report.drills.filter((drill) => !isCaught(drill));
  return htmlPage({
    title: `Drills: ${report.caught} of ${report.planned} caught`,
    headline: html`<header class="headline">
<p class="overline">Ringfence drills</p>
<h1>${clean ? "✓" : "✕"} ${report.caught} of ${report.planned} holes found</h1>
<p class="lead">Each hole was opened on purpose in a replica, and had to turn exactly the lines red that lead through it. Baseline before: ${report.baselines.before}. Baseline after: ${report.baselines.after}.${part}</p>
</header>`,
    sections: [
      failed.length > 0
        ? {
            id: "failed",
            name: "Not as expected",
            count: countText(failed.length),
            body: failed.map(failure),
          }
        : null,
      {
        id: "drills",
        name: "Every drill",
        count: countText(report.planned),
        body: drillTable(report.drills),
      },
    ],
    footer: html`<footer><p>Ringfence ${report.version} · catalogue, SHA-256 <code>${report.catalogue}</code></p></footer>`,
  });
}

function failure({ id, title, missed, extra, falselyContained }: DrillResult): Html {
  const open = missed.filter((one) => !falselyContained.includes(one));
  const list = (name: string, ids: readonly string[]) =>
    ids.length > 0
      ? html`<p>${name}</p><ul>${ids.map((one) => html`<li><code>${one}</code></li>`)}</ul>`
      : null;
  return html`<div class="finding breached"><h3>${title}</h3><p><code>${id}</code></p>${list("Called contained, though the hole was open", falselyContained)}${list("Inconclusive", open)}${list("Found, and not expected", extra)}</div>`;
}

function drillTable(drills: readonly DrillResult[]): Html {
  return html`<div class="scroller" role="region" aria-label="Every drill" tabindex="0"><table><caption class="unseen">Every drill and what was found</caption>
<thead><tr><th scope="col">Found</th><th scope="col">Leak path</th><th scope="col">What was opened</th><th scope="col">Lines expected</th><th scope="col">Lines found</th><th scope="col">Time</th></tr></thead>
<tbody>${drills.map(drillLine)}</tbody></table></div>`;
}

function drillLine(drill: DrillResult): Html {
  const caught = isCaught(drill);
  return html`<tr><td><span class="mark ${caught ? "contained" : "breached"}">${caught ? "✓ caught" : "✕ missed"}</span></td><td>${drill.path}</td><th scope="row">${drill.title}<span class="minor">${drill.id}${drill.patient ? ", inconclusive in haste, and run once more alone" : ""}</span></th><td>${countText(drill.expected.length)}</td><td>${countText(drill.found.length)}</td><td>${(drill.durationMs / 1000).toFixed(1)} s</td></tr>
`;
}
