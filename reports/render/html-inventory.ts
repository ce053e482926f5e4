import type { RegionReport } from "../report.ts";
import { type Html, html } from "./escape-html.ts";
import { pathWords } from "./words.ts";

/** What the residency map says this region keeps. Declared by its owners, not observed. */
export function inventory({ systems, region }: RegionReport): Html {
  if (systems.length === 0) return html`<p>The residency map declares no system in ${region.id}.</p>`;
  const caption = `Systems declared in ${region.id}`;
  return html`<p>As declared in the residency map. Ringfence tries what is declared; it does not discover what is not.</p>
<div class="scroller" role="region" aria-label="${caption}" tabindex="0"><table class="inventory"><caption class="unseen">${caption}</caption>
<thead><tr><th scope="col">System</th><th scope="col">Holds</th><th scope="col">Kept for</th><th scope="col">Read by</th><th scope="col">Taken out by</th><th scope="col">Backups</th></tr></thead>
<tbody>
${systems.map(
  (
    system,
  ) => html`<tr><th scope="row">${system.id}<span class="minor">${pathWords(system.path)} · ${system.kind}</span></th><td>${system.holds}</td><td>${system.retention}</td><td>${listed(system.readers)}</td><td>${listed(system.exporters)}</td><td>${system.backups}</td></tr>
`,
)}</tbody></table></div>`;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "nobody" : names.join(", ");
}

/** The regions of the run, with whose law and where. */
export function regionList(regions: RegionReport["regions"]): Html {
  return html`<ul class="regions">${regions.map(({ id, jurisdiction, place }) => html`<li><strong>${id}</strong> <span>${jurisdiction}, ${place}</span></li>`)}</ul>`;
}
