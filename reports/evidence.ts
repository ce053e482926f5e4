import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { seal } from "../attest/envelope.ts";
import { type HistoryPosition, journalName } from "../attest/observed-statement.ts";
import type { EvidenceSigner } from "../attest/signer.ts";
import { sha256 } from "../core/digest.ts";
import { observersOf } from "../core/plan.ts";
import { buildRegionReport, buildRunSummary, type Judged, type ReportContext } from "./build-report.ts";
import { type Controls, readControls } from "./controls.ts";
import { renderPopulationCsv } from "./render/csv.ts";
import { renderRegionHtml, renderRunHtml } from "./render/html.ts";
import { renderJunit } from "./render/junit.ts";
import { renderRegionMarkdown, renderRunMarkdown } from "./render/markdown.ts";
import { renderSarif } from "./render/sarif.ts";
import { renderWorkbook } from "./render/xlsx.ts";
import type { RegionReport, RunSummary } from "./report.ts";
import { buildRegionStatement, buildRunStatement, type DrillScore } from "./statement.ts";

/** The judge's statement: of a region in its folder, of the whole run beside the regions' folders. */
export const bundleName = "evidence.sigstore.json";
/** A region's statement on its own journal. */
export const observedBundleName = "observed.sigstore.json";
/** Public keys and a trust file, for convenience; no signature covers them, and no verifier may use them. */
export const keysFolder = "keys";

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
  const run = buildRunSummary(judged, context);
  const reports = plan.scope.regions.map((region) => buildRegionReport(region, judged, context));
  const { text: controlsText, controls } = judged.controls ?? readControls();
  const write = (name: string, content: string | Uint8Array) => writeFileSync(join(directory, name), content);
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  const digests = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, sha256(readFileSync(join(directory, name)))]));
  write("residency.yaml", judged.mapText);
  write("controls.yaml", controlsText);
  write("map.json", json(map));
  write("plan.json", json(plan));
  for (const report of reports) {
    const { id } = report.region;
    write(`${id}/report.json`, json(report));
    write(`${id}/report.md`, renderRegionMarkdown(report));
    write(`${id}/junit.xml`, renderJunit(report));
    const covered = digests(coveredFiles(id, observersOf(map, plan)));
    const statement = buildRegionStatement(report, covered, { drills, history: history?.[id] ?? null });
    write(`${id}/${bundleName}`, await seal(statement, judge));
    write(`${id}/report.html`, renderRegionHtml(report, controls));
  }
  write("report.html", renderRunHtml(run, reports, controls));
  write("report.md", renderRunMarkdown(run, reports));
  write("population.csv", renderPopulationCsv(reports));
  write("population.xlsx", renderWorkbook(run, reports));
  write("results.sarif", renderSarif(run, reports, judged.mapText));
  write("verify.sh", readFileSync(join(import.meta.dirname, "verify.sh"), "utf8"));
  // Last but for its signature: it says that all is there.
  write("run.json", json(run));
  const files = digests(filesBelow(directory).filter(isCovered));
  write(bundleName, await seal(buildRunStatement(run, reports, { files, signedAt }), judge));
  return { run, reports };
}

/** What the judge's statement of one region covers: what its verdicts were joined from, and its reports. */
export function coveredFiles(region: string, observers: readonly string[]): string[] {
  const own = regionFiles.map((name) => `${region}/${name}`);
  return [...own, ...observers.map(journalName), ...inputs].sort();
}

/** Whether the judge's statement of the run has to cover a file. */
export function isCovered(name: string): boolean {
  return name !== bundleName && !name.startsWith(`${keysFolder}/`);
}

/** What is neither a file nor a folder with something in it. A link may lead to other content tomorrow. */
export function oddEntriesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) =>
      entry.isDirectory() ? readdirSync(join(entry.parentPath, entry.name)).length === 0 : !entry.isFile(),
    )
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}
