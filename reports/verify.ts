import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { z } from "zod";
import { canonicalJson, sha256 } from "../core/digest.ts";
import { readJournal } from "../core/journal.ts";
import { judge } from "../core/judge.ts";
import { observersOf, Plan, planDigest } from "../core/plan.ts";
import type { ResidencyMap } from "../core/residency-map.ts";
import { buildRegionReport, buildRunSummary } from "./build-report.ts";
import { openBundle, type TrustedKey } from "./bundle.ts";
import { bundleName, coveredFiles } from "./evidence.ts";
import { RegionReport, RunSummary } from "./report.ts";
import { extensionKey, type Statement } from "./statement.ts";

export interface Verification {
  /** Empty when everything holds. */
  problems: string[];
  run: RunSummary | null;
  checked: { signatures: number; files: number; observations: number; verdicts: number };
}

/** What the reports layer may not know: how a map is read and planned (that takes the probes). */
export interface Replay {
  parseMap(text: string, today: string): ResidencyMap;
  plan(map: ResidencyMap, scope: Plan["scope"] & { environment: string }): Plan;
}

/** Replays a run offline from its journals: signatures against the given keys, digests, chains, the
 *  plan, every verdict. Collects all problems; throws nothing but programming errors. */
export async function verifyEvidence(
  directory: string,
  keys: readonly TrustedKey[],
  replay: Replay,
): Promise<Verification> {
  const verification: Verification = {
    problems: [],
    run: null,
    checked: { signatures: 0, files: 0, observations: 0, verdicts: 0 },
  };
  try {
    await verifyInto(verification, directory, { keys, replay });
  } catch (error) {
    verification.problems.push(
      `the folder is incomplete or damaged: ${(error as Error).message.split("\n")[0]}`,
    );
  }
  return verification;
}

async function verifyInto(
  verification: Verification,
  directory: string,
  { keys, replay }: { keys: readonly TrustedKey[]; replay: Replay },
): Promise<void> {
  const { problems, checked } = verification;
  const read = (name: string) => readFileSync(join(directory, name));
  const json = <T>(name: string, schema: z.ZodType<T>) =>
    schema.parse(JSON.parse(read(name).toString("utf8")));
  const run = json("run.json", RunSummary);
  verification.run = run;
  const plan = json("plan.json", Plan);
  const map = replay.parseMap(read("residency.yaml").toString("utf8"), run.startedAt.slice(0, 10));
  if (canonicalJson(map) !== canonicalJson(JSON.parse(read("map.json").toString("utf8")))) {
    problems.push("map.json is not what residency.yaml says");
  }
  const replanned = replay.plan(map, { ...plan.scope, environment: plan.environment });
  if (planDigest(replanned) !== planDigest(plan))
    problems.push("plan.json is not the plan of this map by this version of Ringfence");
  const regions = observersOf(map, plan);
  const covered = new Set<string>();
  for (const region of plan.scope.regions) {
    const statement = openStatement(region);
    if (statement) checkSubjects(region, statement);
  }
  if (checked.signatures === 0) problems.push("no signature by a trusted key was found");
  checkStrangers();
  const journals = regions.map((region) =>
    readJournal(read(`${region}/observations.jsonl`).toString("utf8"), {
      runId: run.runId,
      region,
      plan: planDigest(plan),
      map: plan.map,
    }),
  );
  checked.observations = journals
    .flatMap(({ entries }) => entries)
    .filter((entry) => entry.type === "observation").length;
  compareVerdicts();

  function openStatement(region: string): Statement | null {
    const opened = openBundle(read(`${region}/${bundleName}`).toString("utf8"), region, keys);
    if ("problem" in opened) {
      problems.push(`${region}: ${opened.problem}`);
      return null;
    }
    checked.signatures++;
    const claims = opened.statement.predicate[extensionKey];
    if (claims.region !== region)
      problems.push(`${region}: the signed statement is of region ${claims.region}`);
    if (claims.runId !== run.runId)
      problems.push(`${region}: the signed statement is of run ${claims.runId}, not ${run.runId}`);
    if (claims.keyFingerprint !== opened.fingerprint)
      problems.push(`${region}: signed by another key than the report names`);
    const planned = opened.statement.predicate.configuration.find(({ name }) => name === "plan")?.digest
      ?.sha256;
    if (planned !== planDigest(plan)) problems.push(`${region}: the signed plan digest is another`);
    return opened.statement;
  }

  function checkSubjects(region: string, statement: Statement): void {
    const signed = new Map(statement.subject.map(({ name, digest }) => [name, digest.sha256]));
    for (const name of coveredFiles(region, regions)) {
      if (!signed.has(name)) problems.push(`${region}: its signature does not cover ${name}`);
    }
    for (const [name, digest] of signed) {
      if (name.startsWith("/") || name.split("/").includes("..")) {
        problems.push(`${region}: a signed file lies outside the folder: ${JSON.stringify(name)}`);
        continue;
      }
      covered.add(name);
      checked.files++;
      const actual = tryRead(() => sha256(read(name)));
      if (actual === null) problems.push(`${name} is missing`);
      else if (actual !== digest) problems.push(`${name} was changed after ${region} signed it`);
    }
  }

  function checkStrangers(): void {
    for (const name of filesBelow(directory)) {
      if (covered.has(name) || name.startsWith("keys/") || name.endsWith(`/${bundleName}`)) continue;
      problems.push(`${name} is not covered by any signature`);
    }
  }

  function compareVerdicts(): void {
    const judged = { plan, map, journals, judgement: judge(plan, map, journals) };
    for (const region of plan.scope.regions) {
      const stored = json(`${region}/report.json`, RegionReport);
      const context = {
        ...stored,
        durationMs: run.durationMs,
        startedAt: run.startedAt,
        filtered: stored.partial,
        rerunOptions: "",
        keyFingerprints: { [region]: stored.keyFingerprint },
      };
      const rebuilt = buildRegionReport(region, judged, context);
      checked.verdicts += rebuilt.verdicts.length;
      const bare = ({ verdicts, partial: _, ...rest }: RegionReport) => ({
        ...rest,
        verdicts: verdicts.map(({ rerun: __, ...verdict }) => verdict),
      });
      if (canonicalJson(bare(rebuilt)) === canonicalJson(bare(stored))) continue;
      const wrong = stored.verdicts.find(
        (verdict, index) => verdict.grade !== rebuilt.verdicts[index]?.grade,
      );
      problems.push(
        `${region}/report.json is not what the journals say${wrong ? `: ${wrong.id} is ${wrong.grade} there` : ""}`,
      );
    }
    const summary = buildRunSummary(judged, {
      ...run,
      limits: [],
      version: "",
      rerunOptions: "",
      filtered: run.partial,
      keyFingerprints: {},
    });
    if (canonicalJson(summary) !== canonicalJson(run)) problems.push("run.json is not what the journals say");
  }
}

function tryRead<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}
