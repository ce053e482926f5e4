import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { evidenceName, type JudgedRecord, recordName, type Started } from "../attest/history/record.ts";
import { frontierOf, includes, inclusionProof, rootOf } from "../attest/history/tree.ts";
import type { Whole } from "../attest/history/verify-checkpoints.ts";
import { type HistoryPosition, ObservedStatement } from "../attest/observed-statement.ts";
import { openStatement } from "../attest/open-envelope.ts";
import { judgeRole } from "../attest/trust.ts";
import { canonicalJson, sha256 } from "../core/digest.ts";
import { bundleName, observedBundleName } from "./evidence.ts";
import { historyResult } from "./history-result.ts";
import { readRun } from "./read-run.ts";
import type { RegionReport, RunSummary } from "./report.ts";
import { RunFolder } from "./run-folder.ts";
import {
  RegionStatement,
  RunStatement,
  regionExtension,
  runExtension,
  timeOfRegion,
  timeOfRun,
} from "./statement.ts";

export interface RunsVerification {
  problems: string[];
  notes: string[];
  /** Folders that are the log's runs, with every bundle as it is there. */
  held: number;
}

/** Whether folders of runs are those that a log speaks of, and are what it says of them. What else is in them is
 *  for `verifyEvidence`: the bundles that are compared here cover it. */
export function verifyRuns(directories: readonly string[], log: Whole): RunsVerification {
  const found = directories.map(runsIn);
  const problems = found.flatMap((runs, index) =>
    runs.length > 0 ? [] : [`${directories[index]} holds no run`],
  );
  const matched = new Set<number>();
  let held = 0;
  for (const directory of found.flat()) {
    const { index, problems: wrong } = checked(directory, log);
    problems.push(...wrong.map((problem) => `${directory}: ${problem}`));
    if (index !== null) matched.add(index);
    if (wrong.length === 0) held++;
  }
  const rest = judgedIn(log).filter(({ index }) => !matched.has(index));
  const notes = rest.length === 0 || directories.length === 0 ? [] : [restNote(rest)];
  return { problems, notes, held };
}

function restNote(rest: readonly { record: JudgedRecord }[]): string {
  const names = rest.slice(0, 5).map(({ record }) => record.runId);
  const more = rest.length > names.length ? ` and ${rest.length - names.length} more` : "";
  return `of ${rest.length} runs of the log no folder was named: ${names.join(", ")}${more}`;
}

/** A run's folder, or one with runs' folders in it; a link to one is followed, because a run behind it counts as well. */
function runsIn(directory: string): string[] {
  if (existsSync(join(directory, bundleName))) return [directory];
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(directory)
    .map((name) => join(directory, name))
    .filter((run) => existsSync(join(run, bundleName)))
    .sort();
}

function judgedIn({ entries }: Whole) {
  return entries.flatMap(({ record, subjects }, index) =>
    record.event === "finished" && record.outcome === "judged"
      ? [{ index, record, evidence: subjects.get(evidenceName) }]
      : [],
  );
}

interface Checked {
  index: number | null;
  problems: string[];
}

function checked(directory: string, log: Whole): Checked {
  try {
    const odd = new RunFolder(directory).oddNames().map((name) => `${name} is no file`);
    // Nothing is opened then: a pipe would never end.
    return odd.length > 0 ? { index: null, problems: odd } : checkFolder(directory, log);
  } catch (error) {
    return { index: null, problems: [`it cannot be read: ${(error as Error).message.split("\n")[0]}`] };
  }
}

function checkFolder(directory: string, log: Whole): Checked {
  const text = readFileSync(join(directory, bundleName), "utf8");
  const { trust } = log;
  const opened = openStatement(text, { role: judgeRole, trust, schema: RunStatement, timeOf: timeOfRun });
  if ("problem" in opened) return { index: null, problems: [`${bundleName}: ${opened.problem}`] };
  const { runId, regions } = opened.statement.predicate[runExtension];
  const places = Object.keys(regions).flatMap((region) => placeProblems(directory, { region, runId, log }));
  const ended = judgedIn(log).find(({ evidence }) => evidence === sha256(text));
  if (!ended) return { index: null, problems: [absence(runId, log), ...places] };
  const { index, record } = ended;
  const bundles = Object.entries(record.regions).flatMap(([region, { observed, evidence }]) => [
    ...bundleProblem(directory, { name: `${region}/${observedBundleName}`, digest: observed, index }),
    ...bundleProblem(directory, { name: `${region}/${bundleName}`, digest: evidence, index }),
  ]);
  return {
    index,
    problems: [
      ...(record.runId === runId
        ? []
        : [`${recordName(index)} has its evidence as that of run ${record.runId}`]),
      ...(isIncluded(index, log) ? [] : [`${recordName(index)} is not in the log's tree`]),
      ...bundles,
      ...places,
      ...(bundles.length > 0
        ? []
        : accountProblems(directory, { index, record, statement: opened.statement, log })),
    ],
  };
}

/** Whether the log says of a run what the run's own summary and reports say, which the judge signed there. */
function accountProblems(
  directory: string,
  of: { index: number; record: JudgedRecord; statement: RunStatement; log: Whole },
): string[] {
  const { index, record, statement, log } = of;
  const { run, reports } = readRun(directory);
  const names = ["run.json", ...reports.map(({ region }) => `${region.id}/report.json`)];
  const altered = names.filter((name) => {
    const signed = statement.subject.find((one) => one.name === name)?.digest.sha256;
    return signed !== sha256(readFileSync(join(directory, name)));
  });
  if (altered.length > 0) return altered.map((name) => `${name} is not what the judge signed`);
  const { evidence: _, ...result } = historyResult(directory, { run, reports, at: record.at });
  const { grade, partial, open, openOmitted } = record;
  const regions = Object.entries(record.regions).map(([region, { sequence: __, ...one }]) => [region, one]);
  const ended = { at: record.at, grade, partial, open, openOmitted, regions: Object.fromEntries(regions) };
  const started = log.entries[record.started.index]?.record;
  return [
    ...otherwise(index, ended, result),
    ...(started?.event === "started"
      ? otherwise(started.index, factsIn(started), factsOf(run, reports))
      : []),
  ];
}

function factsIn({ at, map, plan, version, environment, fidelity, partial, regions }: Started) {
  return { at, map, plan, version, environment, fidelity, partial, regions: Object.keys(regions).sort() };
}

function factsOf(
  { startedAt: at, environment, fidelity, partial, regions }: RunSummary,
  [report]: readonly RegionReport[],
) {
  const { map, plan } = report?.digests ?? {};
  const common = { at, environment, fidelity, partial, regions: Object.keys(regions).sort() };
  return { map, plan, version: report?.version, ...common };
}

function otherwise<T extends object>(index: number, recorded: T, known: object): string[] {
  const facts: Record<string, unknown> = { ...known };
  const different = Object.entries(recorded).filter(
    ([name, value]) => canonicalJson(value) !== canonicalJson(facts[name] ?? null),
  );
  if (different.length === 0) return [];
  return [`${recordName(index)} says otherwise of it: ${different.map(([name]) => name).join(", ")}`];
}

/** Why a run whose evidence no record has is not in the log, as far as the log can tell. */
function absence(runId: string, { entries }: Whole): string {
  const start = entries.findIndex(({ record }) => record.event === "started" && record.runId === runId);
  if (start < 0) return `run ${runId} is not in the log`;
  const end = entries.findIndex(
    ({ record }) => record.event === "finished" && record.started.index === start,
  );
  if (end < 0) return `run ${runId} was started (${recordName(start)}), and its end is not in the log`;
  const { record } = entries[end] as (typeof entries)[number];
  return record.event === "finished" && record.outcome === "interrupted"
    ? `run ${runId} was interrupted (${recordName(end)}), and here is evidence of it`
    : `run ${runId} ended with other evidence than this (${recordName(end)})`;
}

function isIncluded(index: number, { leaves }: Whole): boolean {
  const leaf = leaves[index] as Buffer;
  const proof = inclusionProof(leaves, index);
  return includes(rootOf(frontierOf(leaves)), { leaf, index, size: leaves.length, proof });
}

function bundleProblem(
  directory: string,
  { name, digest, index }: { name: string; digest: string | null; index: number },
): string[] {
  const file = join(directory, name);
  const actual = existsSync(file) ? sha256(readFileSync(file)) : null;
  if (actual === digest) return [];
  return [actual === null ? `${name} is missing` : `${name} is not the one that ${recordName(index)} names`];
}

/** What the region itself signed of its place counts; the judge's word stands in where it could not sign. */
function placeProblems(
  directory: string,
  { region, runId, log }: { region: string; runId: string; log: Whole },
): string[] {
  const own = join(directory, region, observedBundleName);
  const judged = join(directory, region, bundleName);
  const file = existsSync(own) ? own : judged;
  if (!existsSync(file)) return [`${region} has no statement`];
  const text = readFileSync(file, "utf8");
  const { trust } = log;
  const opened =
    file === own
      ? openStatement(text, {
          role: region,
          trust,
          schema: ObservedStatement,
          timeOf: ({ predicate }) => predicate.signedAt,
        })
      : openStatement(text, { role: judgeRole, trust, schema: RegionStatement, timeOf: timeOfRegion });
  if ("problem" in opened) return [`${region}: ${opened.problem}`];
  const { predicate } = opened.statement;
  const history = "history" in predicate ? predicate.history : predicate[regionExtension].history;
  if (!history) return [`${region} was observed without a history`];
  const problem = placeProblem(history, { region, runId, log });
  return problem ? [`${region}: ${problem}`] : [];
}

function placeProblem(
  { origin, index, started, sequence, previous }: HistoryPosition,
  { region, runId, log }: { region: string; runId: string; log: Whole },
): string | null {
  const { entries } = log;
  if (origin !== log.origin) return `it stands in another log, ${origin}`;
  const entry = entries[index];
  if (!entry && index < log.size)
    return `${recordName(index)}, in which it stands, or one before it is missing`;
  if (!entry)
    return `it stands in ${recordName(index)}, and here are ${entries.length} records: the end was cut off`;
  if (entry.digest !== started)
    return `it stands in ${recordName(index)}, which was another record then: the log was rewritten`;
  if (entry.record.event !== "started" || entry.record.runId !== runId)
    return `${recordName(index)} is not the start of run ${runId}`;
  const place = entry.record.regions[region];
  return place?.sequence === sequence && place.previous === previous
    ? null
    : `it stands as run ${sequence}, and ${recordName(index)} says otherwise`;
}
