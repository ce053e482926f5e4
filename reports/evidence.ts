import { readFileSync } from "node:fs";
import { join } from "node:path";
import { seal } from "../attest/envelope.ts";
import { type HistoryPosition, journalName } from "../attest/observed-statement.ts";
import type { EvidenceSigner } from "../attest/signer.ts";
import { canonicalPieces, sha256 } from "../core/digest.ts";
import { observersOf } from "../core/plan.ts";
import { buildRegionReport, buildRunSummary, type Judged, type ReportContext } from "./build-report.ts";
import { type Controls, readControls } from "./controls.ts";
import { renderPopulationCsv } from "./render/csv.ts";
import { renderRegionHtml, renderRunHtml } from "./render/html.ts";
import { carrying } from "./render/html-check.ts";
import { pageDigest } from "./render/html-form.ts";
import { renderJunit } from "./render/junit.ts";
import { renderRegionMarkdown, renderRunMarkdown } from "./render/markdown.ts";
import { renderSarif } from "./render/sarif.ts";
import { renderWorkbook } from "./render/xlsx.ts";
import type { RegionReport, RunSummary } from "./report.ts";
import { reportPieces } from "./report-text.ts";
import { RunFolder } from "./run-folder.ts";
import { buildRegionStatement, buildRunStatement, type DrillScore } from "./statement.ts";

/** The judge's statement: of a region in its folder, of the whole run beside the regions' folders. */
export const bundleName = "evidence.sigstore.json";
/** A region's statement on its own journal. */
export const observedBundleName = "observed.sigstore.json";
/** Public keys and a trust file, for convenience; no signature covers them, and no verifier may use them. */
export const keysFolder = "keys";

const conveniences = new RegExp(`^${keysFolder}/([\\w.-]+\\.pub\\.pem|trust\\.yaml)$`);

/** Files of the run that one region's verdicts rest on, beside the journals. */
const inputs = ["residency.yaml", "controls.yaml", "map.json", "plan.json"] as const;
/** Of one region, and signed for it. */
const regionFiles = ["report.json", "report.md", "junit.xml"] as const;
export interface Signing {
  judge: EvidenceSigner;
  drills: DrillScore | null;
  /** Where the run stands in a history, by region. */
  history?: Readonly<Record<string, HistoryPosition>>;
  signedAt: string;
}

/** Writes pages and the judge's signed statements into a folder that already holds the journals, and the
 *  regions' statements on them. */
export async function writeEvidence(
  directory: string,
  judged: Judged & { mapText: string; controls?: { text: string; controls: Controls } },
  { context, judge, drills, history, signedAt }: Signing & { context: ReportContext },
): Promise<{ run: RunSummary; reports: RegionReport[] }> {
  const { plan, map } = judged;
  const folder = new RunFolder(directory);
  const run = buildRunSummary(judged, context);
  const reports = plan.scope.regions.map((region) => buildRegionReport(region, judged, context));
  const { text: controlsText, controls } = judged.controls ?? readControls();
  const digests = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, folder.sha256(name)]));
  folder.write("residency.yaml", judged.mapText);
  folder.write("controls.yaml", controlsText);
  folder.write("map.json", `${JSON.stringify(map, null, 2)}\n`);
  // In the very text that its digest is over: SHA-256 of the file is what pages and statements name.
  folder.write("plan.json", canonicalPieces(plan));
  const pages = new Map(reports.map((report) => [report.region.id, renderRegionHtml(report, controls)]));
  const runPage = renderRunHtml(run, reports, controls);
  const bundles: string[] = [];
  for (const report of reports) {
    const { id } = report.region;
    const { verdicts, ...head } = report;
    folder.write(`${id}/report.json`, reportPieces(head, verdicts));
    folder.write(`${id}/report.md`, renderRegionMarkdown(report));
    folder.write(`${id}/junit.xml`, renderJunit(report));
    const covered = digests(coveredFiles(id, observersOf(map, plan)));
    const page = pages.get(id) ?? "";
    const statement = buildRegionStatement(report, covered, {
      drills,
      history: history?.[id] ?? null,
      pages: { region: pageDigest(page), run: pageDigest(runPage) },
      signedAt,
    });
    const bundle = await seal(statement, judge);
    folder.write(`${id}/${bundleName}`, bundle);
    folder.write(`${id}/report.html`, carrying(page, { bundles: [bundle], publicKey: judge.publicPem }));
    bundles.push(bundle);
  }
  folder.write("report.html", carrying(runPage, { bundles, publicKey: judge.publicPem }));
  folder.write("report.md", renderRunMarkdown(run, reports));
  folder.write("population.csv", renderPopulationCsv(reports));
  folder.write("population.xlsx", renderWorkbook(run, reports));
  folder.write("results.sarif", renderSarif(run, reports, judged.mapText));
  folder.write("verify.sh", readFileSync(join(import.meta.dirname, "verify.sh"), "utf8"));
  const summary = `${JSON.stringify(run, null, 2)}\n`;
  const names = folder.names().filter(isCovered);
  const files = { ...digests(names), "run.json": sha256(summary) };
  const statement = buildRunStatement(run, reports, { files: inOrder(files), signedAt });
  folder.write(bundleName, await seal(statement, judge));
  // Last: it says that all is there, and signed.
  folder.write("run.json", summary);
  return { run, reports };
}

function inOrder(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What the judge's statement of one region covers: what its verdicts were joined from, and its reports. */
export function coveredFiles(region: string, observers: readonly string[]): string[] {
  const own = regionFiles.map((name) => `${region}/${name}`);
  return [...own, ...observers.map(journalName), ...inputs].sort();
}

/** Whether the judge's statement of the run has to cover a file. */
export function isCovered(name: string): boolean {
  return name !== bundleName && !conveniences.test(name);
}
