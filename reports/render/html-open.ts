import type { RegionReport, ReportVerdict } from "../report.ts";
import { type Html, html } from "./escape-html.ts";
import { exceptions, type Finding, groupBy, isExcepted, unclaimed } from "./findings.ts";
import { commandLine, controlLines, gradeMark } from "./html-verdict.ts";
import { counted, countText, crossingWords, pathWords, stopWords } from "./words.ts";

const mostFindings = 100;
const mostMembers = 40;
const printedInFull = 10;

/** Breached first, then inconclusive. Attempts that failed for one reason share one entry. */
export function openList(findings: readonly Finding[], { planned }: { planned: number }): Html {
  if (planned === 0) return html`<p>Nothing was tried, so nothing is shown to be contained.</p>`;
  if (findings.length === 0)
    return html`<p>None. Each of the planned attempts was contained or falls under an exception.</p>`;
  const rest = findings.slice(mostFindings).reduce((sum, { verdicts }) => sum + verdicts.length, 0);
  return html`<ol class="findings">${findings.slice(0, mostFindings).map(findingEntry)}</ol>
${rest > 0 ? html`<p class="note">${counted(rest, "more attempt")} with other reasons: see the list of every attempt.</p>` : null}`;
}

function findingEntry({ grade, first, verdicts }: Finding): Html {
  const members = verdicts.slice(1, mostMembers + 1);
  const rest = verdicts.length - 1 - members.length;
  return html`<li class="finding ${grade}">
<h3>${gradeMark(grade)} ${pathWords(first.path)}: ${crossingWords(first)}</h3>
<p class="reason">${first.reason}</p>
${attemptFacts(first)}
${commandLine(first.rerun)}
${
  members.length === 0
    ? null
    : html`<details${verdicts.length <= printedInFull ? html` class="print-open"` : null}><summary>and ${counted(verdicts.length - 1, "more attempt")} for the same reason</summary><ul class="members">
${members.map((verdict) => html`<li><p>${crossingWords(verdict)} · ${verdict.probe}, ${verdict.vector}</p>${commandLine(verdict.rerun)}</li>`)}
${rest > 0 ? html`<li>${countText(rest)} more are in the list of every attempt</li>` : null}</ul></details>`
}</li>
`;
}

function attemptFacts(verdict: ReportVerdict): Html {
  return html`<dl class="facts">
<div><dt>Stopped</dt><dd>${stopWords(verdict)}</dd></div>
<div><dt>Code</dt><dd>${verdict.code === null ? "none" : html`<code>${verdict.code}</code>`}</dd></div>
<div><dt>Probe</dt><dd>${verdict.probe}, ${verdict.vector}</dd></div>
<div><dt>Address</dt><dd>${verdict.to.address ?? "none learned"}</dd></div>
<div><dt>Controls</dt><dd class="controls">${controlLines(verdict)}</dd></div>
</dl>`;
}

/** What somebody signed for: who, why, until when, and what came through under it. */
export function exceptionList(verdicts: readonly ReportVerdict[]): Html {
  return html`<p>The verdicts stay as they are. A named person accepts them until the day given.</p>
<ol class="findings">${exceptions(verdicts).map(exceptionEntry)}</ol>`;
}

function exceptionEntry(covered: [ReportVerdict, ...ReportVerdict[]]): Html {
  const { waiver } = covered[0];
  const used = covered.filter(isExcepted);
  const unused = covered.length - used.length;
  return html`<li class="finding excepted">
<h3>${waiver?.reason ?? ""}</h3>
<dl class="facts">
<div><dt>Owner</dt><dd>${waiver?.owner ?? ""}</dd></div>
<div><dt>Approved by</dt><dd>${waiver?.approver ?? ""}</dd></div>
<div><dt>Expires</dt><dd>${waiver?.expires ?? ""}</dd></div>
</dl>
<ul class="members">${used.slice(0, mostMembers).map(
    (
      verdict,
    ) => html`<li><p>${gradeMark(verdict.grade)} ${pathWords(verdict.path)}: ${crossingWords(verdict)} · ${verdict.probe}, ${verdict.vector}</p>
<p class="reason">${verdict.reason}</p>${commandLine(verdict.rerun)}</li>`,
  )}
${used.length > mostMembers ? html`<li>${counted(used.length - mostMembers, "more attempt")}: see the list of every attempt</li>` : null}
${unused > 0 ? html`<li>${counted(unused, "attempt")} under this exception ${unused === 1 ? "was" : "were"} contained all the same.</li>` : null}</ul></li>
`;
}

/** What the map of this environment does not promise: nobody may read it as shown, or as missing. */
export function notClaimedList(reports: readonly RegionReport[]): Html {
  return html`<p>The map of this environment does not promise these, so they were not tried: neither a pass nor a gap.</p>
<ul class="plain">${groupBy(unclaimed(reports), ({ system, reason }) => `${system} ${reason}`).map(
    (alike) =>
      html`<li><strong>${pathWords(alike[0].path)}</strong>, ${alike[0].system}, ${alike.map(({ probe }) => probe).join(", ")}: ${alike[0].reason}</li>`,
  )}</ul>`;
}

/** Gaps and journal problems: what nobody may read as shown. */
export function unprovenLists(reports: readonly RegionReport[]): Html {
  const gaps = reports.flatMap((report) => report.gaps);
  const problems = reports.flatMap(({ region, journalProblems }) =>
    journalProblems.map((text) => ({ region: region.id, text })),
  );
  return html`${
    problems.length === 0
      ? null
      : html`<h3>Journal problems</h3>
<p>A record that is not whole is no evidence.</p>
<ul class="plain">${problems.map(({ region, text }) => html`<li>${gradeMark("inconclusive")} <strong>${region}</strong>: ${text}</li>`)}</ul>`
  }${
    gaps.length === 0
      ? null
      : html`<h3>Gaps</h3>
<p>The map promises these, and nothing here can try them.</p>
<ul class="plain">${gaps.map(
          (gap) =>
            html`<li>${gradeMark("inconclusive")} <strong>${pathWords(gap.path)}</strong>, ${gap.region}, ${gap.system}, ${gap.probe}: ${gap.reason}</li>`,
        )}</ul>`
  }`;
}
