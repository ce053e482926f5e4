import { type Controls, supportOf } from "../controls.ts";
import type { RegionReport } from "../report.ts";
import { type Html, html } from "./escape-html.ts";
import type { PageSection } from "./html-page.ts";
import { countText, pathWords } from "./words.ts";

/** Which criteria the run may support, and with how much; in the words that an auditor can use. */
export function controlsSection(
  controls: Controls | null,
  reports: readonly Pick<RegionReport, "verdicts">[],
): PageSection | null {
  const frameworks = controls ? supportOf(controls, reports) : [];
  if (frameworks.length === 0) return null;
  return {
    id: "criteria",
    name: "Criteria it may support",
    body: html`<p>Management-generated evidence that may support these criteria, by the mapping in <code>controls.yaml</code>. It records attempts made at a time. It does not establish the absence of other paths, compliance, or an auditor’s conclusion.</p>
${frameworks.map(framework)}`,
  };
}

function framework({ name, criteria }: ReturnType<typeof supportOf>[number]): Html {
  return html`<div class="scroller" role="region" aria-label="${name}" tabindex="0"><table class="inventory"><caption>${name}</caption>
<thead><tr><th scope="col">Criterion</th><th scope="col">Leak paths tried</th><th scope="col">Attempts contained</th></tr></thead>
<tbody>
${criteria.map(
  ({ id, about, paths, planned, contained }) =>
    html`<tr><th scope="row">${id}<span class="minor">${about}</span></th><td>${paths.map(pathWords).join(", ")}</td><td>${countText(contained)} of ${countText(planned)}</td></tr>
`,
)}</tbody></table></div>
`;
}
