import type { Log, Notification, Result, Run } from "sarif";
import { sha256 } from "../../core/digest.ts";
import type { RegionReport, RunSummary } from "../report.ts";
import { sarifText } from "./escape-sarif.ts";
import { mapLines } from "./map-lines.ts";
import { runView } from "./run-view.ts";
import { problemResults, type Site, verdictResults } from "./sarif-results.ts";
import { SarifRules } from "./sarif-rules.ts";
import { pictured } from "./visible.ts";
import { fidelityWords } from "./words.ts";

/** What code scanning takes of one run. */
const mostResults = 25_000;

/** SARIF 2.1.0: what is not contained, on the line of the residency map that declares the system. No result
 *  is a pass; a region that is not shown to be isolated always has an error. Exceptions are suppressed. `mapFile`: where the map lies in
 *  the repository whose alerts these become. */
export function renderSarif(
  run: RunSummary,
  reports: readonly RegionReport[],
  mapText: string,
  mapFile = "residency.yaml",
): string {
  const rules = new SarifRules(reports);
  const site: Site = {
    rules,
    file: { uri: encodeURI(mapFile), index: 0 },
    lines: lazily(() => mapLines(mapText)),
  };
  const found = [...problemResults(reports, site), ...verdictResults(reports, site)];
  const results = [...found].sort((a, b) => weight(a) - weight(b)).slice(0, mostResults);
  const log: Log = {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "Ringfence",
            version: [...new Set(reports.map(({ version }) => version))].join(", ") || "unknown",
            rules: rules.descriptors,
          },
        },
        automationDetails: { id: `${categoryOf(run, reports)}/${run.runId}` },
        columnKind: "utf16CodeUnits",
        artifacts: [
          {
            location: { uri: encodeURI(mapFile) },
            mimeType: "application/yaml",
            hashes: { "sha-256": sha256(mapText) },
          },
        ],
        invocations: [invocation(run, reports, found.length - results.length)],
        results,
        properties: { ...facts(run, reports) },
      },
    ],
  };
  return `${JSON.stringify(log, (_key, value: unknown) => (typeof value === "string" ? pictured(value) : value), 2)}\n`;
}

/** What stands before the last slash. Code scanning takes for fixed whatever the next file of a category lacks, and
 *  a part of the map lacks what it did not try. Source: GitHub Docs, "SARIF support for code scanning". */
function categoryOf({ environment, partial }: RunSummary, reports: readonly RegionReport[]): string {
  const asked = sha256(JSON.stringify(reports.map(({ scope }) => scope))).slice(0, 12);
  return `ringfence/${environment}${partial ? `/part-${asked}` : ""}`;
}

/** Errors are the last to be cut, and exceptions the first. */
function weight({ level, suppressions }: Result): number {
  return suppressions ? 2 : level === "error" ? 0 : 1;
}

function invocation(
  run: RunSummary,
  reports: readonly RegionReport[],
  cut: number,
): NonNullable<Run["invocations"]>[number] {
  const notes: Notification[] = [
    note("note", fidelityWords[run.fidelity].unlimited),
    ...runView(run, reports).limits.map((limit) => note("note", limit)),
    ...(run.partial ? [note("warning", "Only a part of the map was asked for: no full proof.")] : []),
    ...(cut > 0
      ? [
          note(
            "warning",
            `${cut} more results were left out, for SARIF readers take ${mostResults}: see population.csv.`,
          ),
        ]
      : []),
  ];
  return {
    executionSuccessful: reports.every(({ journalProblems }) => journalProblems.length === 0),
    exitCode: run.exitCode,
    startTimeUtc: run.startedAt,
    endTimeUtc: new Date(Date.parse(run.startedAt) + run.durationMs).toISOString(),
    toolExecutionNotifications: notes,
  };
}

function note(level: Notification["level"], text: string): Notification {
  return { ...(level ? { level } : {}), message: { text: sarifText(text) } };
}

function facts(
  { runId, environment, fidelity, grade, partial, regions }: RunSummary,
  reports: readonly RegionReport[],
) {
  const digests = (which: "plan" | "map") => [...new Set(reports.map((report) => report.digests[which]))];
  return {
    runId,
    environment,
    fidelity,
    grade,
    partial,
    regions,
    planDigests: digests("plan"),
    mapDigests: digests("map"),
  };
}

/** A clean run has no result, and needs no line. */
function lazily<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
