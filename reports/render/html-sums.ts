import type { ReportVerdict } from "../report.ts";
import { type Html, html } from "./escape-html.ts";
import { groupBy } from "./findings.ts";
import { gradeMark, waiverNote } from "./html-verdict.ts";
import { countText, pathWords, stopWords } from "./words.ts";

const order = ["breached", "inconclusive", "contained"] as const;

/** The attempts of one leak path, those that came to the same in one line, the worst first. */
export function attemptSums(verdicts: readonly [ReportVerdict, ...ReportVerdict[]]): Html {
  const alike = groupBy(verdicts, (verdict) => {
    const { grade, waiver, from, to, about, probe, stoppedAt, code } = verdict;
    return JSON.stringify([grade, waiver !== null, from, to.region, about, probe, stoppedAt, code]);
  }).sort(([a], [b]) => order.indexOf(a.grade) - order.indexOf(b.grade));
  const caption = `${pathWords(verdicts[0].path)}, summed up`;
  return html`<div class="sums scroller" role="region" aria-label="${caption}" tabindex="0"><table><caption class="unseen">${caption}</caption>
<thead><tr><th scope="col">Grade</th><th scope="col">From → to</th><th scope="col">Probe</th><th scope="col">Stopped at</th><th scope="col">Attempts</th></tr></thead>
<tbody>
${alike.map(sumLine)}</tbody></table></div>
`;
}

function sumLine(alike: readonly [ReportVerdict, ...ReportVerdict[]]): Html {
  const [verdict] = alike;
  const { from, to, about, probe, code, grade } = verdict;
  const way = from.region === to.region ? `inside ${from.region}` : `${from.region} → ${to.region}`;
  return html`<tr><td>${gradeMark(grade)}${waiverNote(verdict)}</td><th scope="row">${way}${about === to.region ? null : html`<span class="minor">data of ${about}</span>`}</th><td>${probe}</td><td>${stopWords(verdict)}${code === null ? null : html`<code class="minor">${code}</code>`}</td><td>${countText(alike.length)}</td></tr>
`;
}
