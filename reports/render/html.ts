import type { Controls } from "../controls.ts";
import type { RegionReport, RunSummary } from "../report.ts";
import { type Html, html } from "./escape-html.ts";
import { isOpen, leadSentence, openFindings, unclaimed } from "./findings.ts";
import { attemptList } from "./html-attempts.ts";
import { controlsSection } from "./html-controls.ts";
import { htmlFooter } from "./html-footer.ts";
import { htmlHeadline } from "./html-headline.ts";
import { inventory, regionList } from "./html-inventory.ts";
import { regionMatrix, runMatrix } from "./html-matrix.ts";
import { exceptionList, notClaimedList, openList, unprovenLists } from "./html-open.ts";
import { htmlPage, type PageSection } from "./html-page.ts";
import { regionTable } from "./html-regions.ts";
import { signerEntries } from "./provenance.ts";
import { figuresOf, partialWords, type RunView, runView } from "./run-view.ts";
import { countText, crossingWords, fidelityWords, pathWords, regionGradeWords } from "./words.ts";

/** The page of one region. */
export function renderRegionHtml(report: RegionReport, controls: Controls | null = null): string {
  const { region } = report;
  const others = report.regions.filter(({ id }) => id !== region.id);
  return htmlPage({
    subject: { page: "region", runId: report.runId, regions: [region.id] },
    title: pageTitle(report, region.id),
    headline: htmlHeadline({
      ...report,
      subject: region.id,
      place: html`${region.place} · jurisdiction ${region.jurisdiction}`,
      lead: leadSentence(report.grade, [report]),
      crossings: crossingsOf([report]),
      figures: figuresOf([report]),
      partial: report.partial ? partialWords(report.scope) : null,
    }),
    sections: [
      ...doubts([report]),
      {
        id: "matrix",
        name: "By leak path and region",
        body: html`${regionMatrix(report)}${others.length > 0 ? html`<details><summary>The ${countText(report.regions.length)} regions of this run</summary>${regionList(report.regions)}</details>` : null}`,
      },
      omissions([report]),
      {
        id: "attempts",
        name: "Every attempt",
        count: countText(report.verdicts.length),
        body: attemptList(report.verdicts),
      },
      {
        id: "systems",
        name: "Declared systems",
        count: countText(report.systems.length),
        body: inventory(report),
      },
      controlsSection(controls, [report]),
    ],
    footer: htmlFooter({
      attempts: report.counts.planned,
      startedAt: report.startedAt,
      runId: report.runId,
      versions: [report.version],
      planDigests: [report.digests.plan],
      mapDigests: [report.digests.map],
      signers: signerEntries([report]),
    }),
  });
}

/** The page of a whole run. Links to `<region>/report.html` beside it, where the attempts are. */
export function renderRunHtml(
  run: RunSummary,
  reports: readonly RegionReport[],
  controls: Controls | null = null,
): string {
  const view = runView(run, reports);
  return htmlPage({
    subject: { page: "run", runId: run.runId, regions: reports.map((report) => report.region.id) },
    title: pageTitle(run, view.subject),
    headline: htmlHeadline({
      ...run,
      title: view.titles.join(", "),
      subject: view.subject,
      place: places(view),
      lead: leadSentence(run.grade, reports),
      crossings: crossingsOf(reports),
      figures: figuresOf(reports),
      limits: view.limits,
      partial: view.partial,
    }),
    sections: [
      ...doubts(reports),
      {
        id: "regions",
        name: "Regions",
        count: countText(Object.keys(run.regions).length),
        body: regionTable(run, reports),
      },
      { id: "matrix", name: "By leak path and region", body: runMatrix(reports, view.regions) },
      omissions(reports),
      controlsSection(controls, reports),
    ],
    footer: htmlFooter({
      attempts: reports.reduce((sum, { counts }) => sum + counts.planned, 0),
      startedAt: run.startedAt,
      runId: run.runId,
      versions: reports.map(({ version }) => version),
      planDigests: reports.map(({ digests }) => digests.plan),
      mapDigests: reports.map(({ digests }) => digests.map),
      signers: signerEntries(reports),
    }),
  });
}

function pageTitle({ grade, fidelity }: Pick<RunSummary, "grade" | "fidelity">, subject: string): string {
  return `${regionGradeWords[grade].text}: ${subject} (${fidelityWords[fidelity].name.toLowerCase()}), Ringfence`;
}

function places({ regions }: RunView): Html {
  if (regions.length > 4)
    return html`${[...new Set(regions.map(({ jurisdiction }) => jurisdiction))].join(", ")}`;
  return html`${regions.map(({ id, place, jurisdiction }) => `${id}: ${place}, ${jurisdiction}`).join(" · ")}`;
}

/** Where something got through and nobody signed for it. */
function crossingsOf(reports: readonly RegionReport[]): string[] {
  const breached = reports
    .flatMap(({ verdicts }) => verdicts)
    .filter((verdict) => verdict.grade === "breached" && isOpen(verdict));
  return [...new Set(breached.map((verdict) => `${pathWords(verdict.path)}: ${crossingWords(verdict)}`))];
}

/** Exceptions before everything, then what failed, then what could not be shown. */
function doubts(reports: readonly RegionReport[]): (PageSection | null)[] {
  const verdicts = reports.flatMap((report) => report.verdicts);
  const waived = verdicts.filter(({ waiver }) => waiver !== null);
  const findings = openFindings(verdicts);
  const open = findings.reduce((sum, finding) => sum + finding.verdicts.length, 0);
  const unproven = reports.reduce(
    (sum, { gaps, journalProblems }) => sum + gaps.length + journalProblems.length,
    0,
  );
  return [
    waived.length > 0
      ? {
          id: "exceptions",
          name: "Exceptions",
          count: countText(waived.length),
          body: exceptionList(verdicts),
        }
      : null,
    {
      id: "open",
      name: "Not contained",
      count: countText(open),
      body: openList(findings, { planned: verdicts.length }),
    },
    unproven > 0
      ? { id: "unproven", name: "Not proven", count: countText(unproven), body: unprovenLists(reports) }
      : null,
  ];
}

/** What was not promised, and so not tried; after what was. */
function omissions(reports: readonly RegionReport[]): PageSection | null {
  const count = unclaimed(reports).length;
  if (count === 0) return null;
  return {
    id: "not-claimed",
    name: "Not claimed here",
    count: countText(count),
    body: notClaimedList(reports),
  };
}
