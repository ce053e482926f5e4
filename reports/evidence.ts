import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../core/digest.ts";
import { observersOf } from "../core/plan.ts";
import { buildRegionReport, buildRunSummary, type Judged, type ReportContext } from "./build-report.ts";
import { type Controls, readControls } from "./controls.ts";
import type { SigningKey } from "./keys.ts";
import { renderPopulationCsv } from "./render/csv.ts";
import { renderRegionHtml, renderRunHtml } from "./render/html.ts";
import { renderJunit } from "./render/junit.ts";
import { renderRegionMarkdown, renderRunMarkdown } from "./render/markdown.ts";
import { renderSarif } from "./render/sarif.ts";
import { renderWorkbook } from "./render/xlsx.ts";
import type { RegionReport, RunSummary } from "./report.ts";
import { signStatement } from "./sign.ts";
import { buildStatement, type DrillScore } from "./statement.ts";

export const bundleName = "evidence.sigstore.json";

/** Files of the whole run, beside the regions' folders. `run.json` comes last: it says that all is there. */
export const runFiles = [
  "residency.yaml",
  "controls.yaml",
  "map.json",
  "plan.json",
  "report.html",
  "report.md",
  "population.csv",
  "population.xlsx",
  "results.sarif",
  "verify.sh",
  "run.json",
] as const;
export const regionFiles = [
  "observations.jsonl",
  "report.json",
  "report.html",
  "report.md",
  "junit.xml",
] as const;

/** Writes pages and one signed bundle per region into a folder that already holds the journals. */
export async function writeEvidence(
  directory: string,
  judged: Judged & { mapText: string; controls?: { text: string; controls: Controls } },
  {
    context,
    keys,
    drills,
  }: { context: ReportContext; keys: Readonly<Record<string, SigningKey>>; drills: DrillScore | null },
): Promise<{ run: RunSummary; reports: RegionReport[] }> {
  const { plan, map } = judged;
  const run = buildRunSummary(judged, context);
  const reports = plan.scope.regions.map((region) => buildRegionReport(region, judged, context));
  const { text: controlsText, controls } = judged.controls ?? readControls();
  const write = (name: string, content: string | Uint8Array) => writeFileSync(join(directory, name), content);
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  write("residency.yaml", judged.mapText);
  write("controls.yaml", controlsText);
  write("map.json", json(map));
  write("plan.json", json(plan));
  for (const report of reports) {
    const folder = report.region.id;
    write(`${folder}/report.json`, json(report));
    write(`${folder}/report.html`, renderRegionHtml(report, controls));
    write(`${folder}/report.md`, renderRegionMarkdown(report));
    write(`${folder}/junit.xml`, renderJunit(report));
  }
  write("report.html", renderRunHtml(run, reports, controls));
  write("report.md", renderRunMarkdown(run, reports));
  write("population.csv", renderPopulationCsv(reports));
  write("population.xlsx", renderWorkbook(run, reports));
  write("results.sarif", renderSarif(run, reports, judged.mapText));
  write("verify.sh", readFileSync(join(import.meta.dirname, "verify.sh"), "utf8"));
  write("run.json", json(run));
  for (const report of reports) {
    const key = keys[report.region.id];
    if (!key) throw new TypeError(`no signing key for ${report.region.id}`);
    const files = Object.fromEntries(
      coveredFiles(report.region.id, observersOf(map, plan)).map((name) => [
        name,
        sha256(readFileSync(join(directory, name))),
      ]),
    );
    write(
      `${report.region.id}/${bundleName}`,
      await signStatement(buildStatement(report, files, drills), key),
    );
  }
  return { run, reports };
}

/** What one region's signature covers: its own folder, the run's files, and every journal the verdicts
 *  were joined from. */
export function coveredFiles(region: string, regions: readonly string[]): string[] {
  const own = regionFiles.map((name) => `${region}/${name}`);
  const journals = regions.map((id) => `${id}/observations.jsonl`);
  return [...new Set([...own, ...journals, ...runFiles])].sort();
}
