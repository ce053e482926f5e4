import { v5 } from "uuid";
import type { Controls } from "../controls.ts";
import type { RegionReport, RunSummary } from "../report.ts";
import { oscalResult } from "./oscal-result.ts";
import { line, markup, property, some } from "./oscal-terms.ts";
import { fidelityWords, honestWords } from "./words.ts";

/** What all UUIDs come from, with the id of the run. */
const namespace = "4f6d7b0e-5d5b-4c1a-9a53-6f0f6d1f9c37";

export interface OscalSource {
  controls: Controls | null;
  /** SHA-256 of the files in the run's folder, by name. */
  files: Readonly<Record<string, string>>;
}

/** OSCAL 1.1.3 assessment results in JSON: one result a region, in it one finding for the region and one for each
 *  leak path. OSCAL knows no "inconclusive": only what was wholly contained is satisfied. The same run makes the
 *  same bytes. */
export function renderOscal(
  run: RunSummary,
  reports: readonly RegionReport[],
  { controls, files }: OscalSource,
): string {
  const uuid = (...name: string[]) => v5(JSON.stringify(name), v5(run.runId, namespace));
  const file = (name: string) => uuid("file", name);
  const attempts = reports.reduce((sum, { counts }) => sum + counts.planned, 0);
  const finishedAt = reports.map((report) => report.finishedAt).reduce(later, run.startedAt);
  const results = {
    uuid: uuid("assessment-results"),
    metadata: {
      title: markup(`Isolation conformance, run ${run.runId}`),
      "last-modified": finishedAt,
      version: line(reports[0]?.version ?? "unknown"),
      "oscal-version": "1.1.3",
      props: (["runId", "environment", "fidelity", "grade"] as const).map((name) =>
        property(name, run[name]),
      ),
      remarks: markup(`${fidelityWords[run.fidelity].unlimited} ${honestWords(attempts, finishedAt)}`),
    },
    "import-ap": { href: `#${file("plan.json")}`, remarks: "The plan of the run, which is not OSCAL." },
    results: reports.map((report) => {
      const own = (...name: string[]) => uuid("region", report.region.id, ...name);
      return oscalResult(report, { names: { own, file }, controls, partial: run.partial });
    }),
    "back-matter": some(
      "resources",
      Object.entries(files).map(([name, value]) => ({
        uuid: file(name),
        title: markup(name),
        description: "A file in the folder of the run.",
        rlinks: [
          {
            href: line(name).split("/").map(encodeURIComponent).join("/"),
            hashes: [{ algorithm: "SHA-256", value }],
          },
        ],
      })),
    ),
  };
  return `${JSON.stringify({ "assessment-results": results }, null, 2)}\n`;
}

function later(one: string, other: string): string {
  return one > other ? one : other;
}
