import type { z } from "zod";
import { journalName, ObservedStatement } from "../attest/observed-statement.ts";
import { openStatement } from "../attest/open-envelope.ts";
import { type SignerIdentity, sameSigner, signerText } from "../attest/signer.ts";
import { judgeRole, type Trust } from "../attest/trust.ts";
import { canonicalJson, digestOfPieces } from "../core/digest.ts";
import { type Journal, readJournal } from "../core/journal.ts";
import { judge } from "../core/judge.ts";
import { observersOf, Plan, planDigest } from "../core/plan.ts";
import type { ResidencyMap } from "../core/residency-map.ts";
import { buildRegionReport, buildRunSummary, type Judged } from "./build-report.ts";
import { bundleName, coveredFiles, isCovered, observedBundleName } from "./evidence.ts";
import { pageDigest } from "./render/html-form.ts";
import { type RegionReport, RunSummary } from "./report.ts";
import { type ReportHead, reportPieces } from "./report-text.ts";
import { RunFolder } from "./run-folder.ts";
import {
  buildRegionStatement,
  buildRunStatement,
  differencesIn,
  RegionStatement,
  RunStatement,
  regionExtension,
  runExtension,
  timeOfRegion,
  timeOfRun,
} from "./statement.ts";
import { readStoredReport, type StoredReport } from "./stored-report.ts";
import { type RunTimes, timeProblems } from "./verify-times.ts";

export interface Verification {
  /** Empty when everything holds. */
  problems: string[];
  /** What holds, and yet has to be known. */
  notes: string[];
  run: RunSummary | null;
  checked: { signatures: number; files: number; observations: number; verdicts: number };
}

/** What the reports layer may not know: how a map is read and planned (that takes the probes). */
export interface Replay {
  parseMap(text: string, today: string): ResidencyMap;
  plan(map: ResidencyMap, scope: Plan["scope"] & { environment: string }): Plan;
}

/** Replays a run offline from its journals: every signature against the trust file, digests, chains, the
 *  plan, every verdict. Collects all problems; throws nothing but programming errors. */
export async function verifyEvidence(directory: string, trust: Trust, replay: Replay): Promise<Verification> {
  const verification: Verification = {
    problems: [],
    notes: [],
    run: null,
    checked: { signatures: 0, files: 0, observations: 0, verdicts: 0 },
  };
  try {
    verifyInto(verification, directory, { trust, replay });
  } catch (error) {
    verification.problems.push(
      `the folder is incomplete or damaged: ${(error as Error).message.split("\n")[0]}`,
    );
  }
  return verification;
}

function verifyInto(
  verification: Verification,
  directory: string,
  { trust, replay }: { trust: Trust; replay: Replay },
): void {
  const { problems, notes, checked } = verification;
  const folder = new RunFolder(directory);
  const text = (name: string) => folder.read(name).toString("utf8");
  const json = <T>(name: string, schema: z.ZodType<T>) => schema.parse(JSON.parse(text(name)));
  let signedRun: RunStatement | null = null;
  const reports = new Map<string, StoredReport>();
  const pages = new Map<string, string>();
  const odd = folder.oddNames();
  problems.push(...odd.map((name) => `${name} is no file, and no folder with files`));
  // Nothing is opened then: a pipe would never end, and a link may lead anywhere.
  if (odd.length > 0) return;
  checkFolder();
  const run = json("run.json", RunSummary);
  verification.run = run;
  const map = replayedMap();
  const { plan, planned } = replayedPlan();
  const observers = observersOf(map, plan);
  let journals = observers.map((region) =>
    readJournal(folder.lines(journalName(region)), {
      runId: run.runId,
      region,
      plan: planned,
      map: plan.map,
    }),
  );
  const observed = new Map(journals.map((journal) => [journal.region, checkObserved(journal)]));
  requireOneVersion();
  const claims = new Map(plan.scope.regions.map((region) => [region, checkClaims(region)]));
  problems.push(...timeProblems({ startedAt: run.startedAt, journals, ...timesOfSigning() }));
  for (const region of observers) {
    const [seen, judged] = [observed.get(region), claims.get(region)?.predicate[regionExtension]];
    if (seen && judged && canonicalJson(seen.history) !== canonicalJson(judged.history))
      problems.push(`${region}: it and the judge name different places in the history`);
  }
  checked.observations = journals
    .flatMap(({ entries }) => entries)
    .filter((entry) => entry.type === "observation").length;
  compareVerdicts();

  function opened<T>(role: string, name: string, schema: z.ZodType<T>, timeOf: (statement: T) => string) {
    const bundle = tryRead(() => text(name));
    const result =
      bundle === null ? { problem: "it is missing" } : openStatement(bundle, { role, trust, schema, timeOf });
    if ("problem" in result) problems.push(`${name}: ${result.problem}`);
    else checked.signatures++;
    return "problem" in result ? null : result;
  }

  /** Every file is in the judge's statement of the run, as it was, and no other is there. */
  function checkFolder(): void {
    const signed = opened(judgeRole, bundleName, RunStatement, timeOfRun);
    if (!signed) return;
    signedRun = signed.statement;
    const subjects = subjectsOf(signed.statement);
    for (const [name, digest] of subjects) {
      if (name.startsWith("/") || name.split("/").includes("..")) {
        problems.push(`a signed file lies outside the folder: ${JSON.stringify(name)}`);
        continue;
      }
      checked.files++;
      const actual = tryRead(() => folder.sha256(name));
      if (actual === null) problems.push(`${name} is missing`);
      else if (actual !== digest) problems.push(`${name} was changed after it was signed`);
    }
    const strangers = folder.names().filter((name) => isCovered(name) && !subjects.has(name));
    problems.push(...strangers.map((name) => `${name} is not covered by any signature`));
    const { runId, grade } = signed.statement.predicate[runExtension];
    const stored = json("run.json", RunSummary);
    if (runId !== stored.runId) problems.push(`run.json is of run ${stored.runId}, and ${runId} was signed`);
    if (grade !== stored.grade) problems.push(`run.json says ${stored.grade}, and ${grade} was signed`);
  }

  function timesOfSigning(): Pick<RunTimes, "observedAt" | "judgedAt"> {
    const byRegion = [...claims].flatMap(([region, claim]): [string, string][] =>
      claim ? [[`${region}/${bundleName}`, timeOfRegion(claim)]] : [],
    );
    const ofRun: [string, string][] = signedRun ? [[bundleName, timeOfRun(signedRun)]] : [];
    return {
      observedAt: new Map([...observed].flatMap(([region, seen]) => (seen ? [[region, seen.signedAt]] : []))),
      judgedAt: new Map([...byRegion, ...ofRun]),
    };
  }

  function requireOneVersion(): void {
    for (const [observer, seen] of observed) {
      const region = plan.scope.regions.includes(observer) ? observer : plan.scope.regions[0];
      const version = region === undefined ? null : reportOf(region).head.version;
      if (seen && seen.version !== version)
        problems.push(
          `${region}/report.json says version ${version}, and ${observer} signed for ${seen.version}`,
        );
    }
    if (run.environment !== plan.environment)
      problems.push(`run.json says ${run.environment}, and its plan is of ${plan.environment}`);
  }

  function replayedMap(): ResidencyMap {
    const parsed = replay.parseMap(text("residency.yaml"), run.startedAt.slice(0, 10));
    if (canonicalJson(parsed) !== canonicalJson(JSON.parse(text("map.json"))))
      problems.push("map.json is not what residency.yaml says");
    return parsed;
  }

  /** The plan that the map asks for, in the scope that the reports name. A `plan.json` of that very digest needs
   *  no reading; any other is judged as it stands, and is a problem where it is not what its map asks for. */
  function replayedPlan(): { plan: Plan; planned: string } {
    const [first] = Object.keys(run.regions);
    if (first !== undefined) {
      const { scope, environment } = reportOf(first).head;
      const asked = replay.plan(map, { ...scope, environment });
      const digest = planDigest(asked);
      if (digest === folder.sha256("plan.json")) return { plan: asked, planned: digest };
    }
    const stored = json("plan.json", Plan);
    const digest = planDigest(stored);
    const replanned = replay.plan(map, { ...stored.scope, environment: stored.environment });
    if (planDigest(replanned) !== digest)
      problems.push("plan.json is not the plan of this map by this version of Ringfence");
    return { plan: stored, planned: digest };
  }

  function reportOf(region: string): StoredReport {
    const report = reports.get(region) ?? readStoredReport(folder, region);
    reports.set(region, report);
    return report;
  }

  /** A region that did not finish could not sign; its journal then proves nothing, and no pass rests on it. */
  function checkObserved({ region, entries }: Journal): ObservedStatement["predicate"] | null {
    const name = `${region}/${observedBundleName}`;
    if (tryRead(() => folder.sha256(name)) === null && entries.at(-1)?.type !== "run-finished") {
      notes.push(`${region} did not finish its journal, and did not sign it`);
      return null;
    }
    const signed = opened(region, name, ObservedStatement, ({ predicate }) => predicate.signedAt);
    if (!signed) return null;
    const { subject, predicate } = signed.statement;
    const [journal] = subject;
    if (journal.name !== journalName(region) || predicate.region !== region)
      problems.push(`${name}: it is of ${predicate.region}`);
    if (journal.digest.sha256 !== folder.sha256(journalName(region)))
      problems.push(`${journalName(region)} is not the journal that ${region} signed`);
    if (predicate.runId !== run.runId) problems.push(`${name}: it is of run ${predicate.runId}`);
    if (predicate.plan !== planned) problems.push(`${name}: it is of another plan`);
    if (predicate.map !== plan.map) problems.push(`${name}: it is of another map`);
    sameAsShown(region, "observed", signed.who);
    return predicate;
  }

  function checkClaims(region: string) {
    const name = `${region}/${bundleName}`;
    const signed = opened(judgeRole, name, RegionStatement, timeOfRegion);
    if (!signed) return null;
    const { predicate } = signed.statement;
    const said = predicate[regionExtension];
    if (said.region !== region) problems.push(`${name}: it is of region ${said.region}`);
    if (said.runId !== run.runId) problems.push(`${name}: it is of run ${said.runId}, not ${run.runId}`);
    const plans = predicate.configuration.find((one) => one.name === "plan")?.digest?.sha256;
    if (plans !== planned) problems.push(`${name}: it is of another plan`);
    const subjects = subjectsOf(signed.statement);
    for (const file of coveredFiles(region, observers)) {
      const digest = subjects.get(file);
      if (digest === undefined) problems.push(`${name}: it does not cover ${file}`);
      else if (digest !== tryRead(() => folder.sha256(file)))
        problems.push(`${name}: ${file} is not what was signed`);
    }
    samePage(`${region}/report.html`, said.pages.region);
    samePage("report.html", said.pages.run);
    sameAsShown(region, "judged", signed.who);
    return signed.statement;
  }

  /** A page has to hold for its readers' browsers, too. */
  function samePage(name: string, signed: string): void {
    const digest = pages.get(name) ?? tryRead(() => pageDigest(text(name))) ?? "";
    pages.set(name, digest);
    if (digest !== signed) problems.push(`${name}: it does not show what the judge signed for it`);
  }

  /** The pages show whose signatures to expect: those have to be the real ones. */
  function sameAsShown(region: string, what: "observed" | "judged", who: SignerIdentity): void {
    if (!plan.scope.regions.includes(region)) return;
    const shown = reportOf(region).head.signers[what];
    if (!shown || !sameSigner(shown, who))
      problems.push(`${region}/report.json names another signer than ${signerText(who)}`);
  }

  function compareVerdicts(): void {
    const judgement = judge(plan, map, journals);
    // What is left to compare takes their first and last entries only: a large run's are best forgotten.
    journals = journals.map(({ entries, ...rest }) => ({
      ...rest,
      entries: [...entries.slice(0, 1), ...entries.slice(1).slice(-1)],
    }));
    const judged = { plan, planDigest: planned, map, journals, judgement };
    const heads = plan.scope.regions.map((region) => {
      checked.verdicts += judgement.regions[region]?.planned ?? 0;
      return compareReport(region, judged);
    });
    const summary = buildRunSummary(judged, { ...run, filtered: run.partial });
    if (canonicalJson(summary) !== canonicalJson(run)) problems.push("run.json is not what the journals say");
    for (const [region, { grade }] of Object.entries(judged.judgement.regions)) {
      const signed = claims.get(region)?.predicate[regionExtension].grade;
      if (signed && signed !== grade) problems.push(`${region}: ${signed} was signed, and it is ${grade}`);
    }
    if (!signedRun || heads.length === 0) return;
    const files = filesOf(signedRun, folder.names().filter(isCovered));
    const rebuilt = buildRunStatement(summary, heads, { files, signedAt: timeOfRun(signedRun) });
    compareStatement(bundleName, signedRun, rebuilt);
  }

  /** What only the judge knows is taken from what was signed: when, the drills' score, and the place in a history. */
  function compareClaims(report: RegionReport): void {
    const { id } = report.region;
    const signed = claims.get(id);
    if (!signed) return;
    const { drills, history, pages, signedAt } = signed.predicate[regionExtension];
    const files = filesOf(signed, coveredFiles(id, observers));
    const rebuilt = buildRegionStatement(report, files, { drills, history, pages, signedAt });
    compareStatement(`${id}/${bundleName}`, signed, rebuilt);
  }

  function compareStatement<S extends RegionStatement | RunStatement>(
    name: string,
    signed: S,
    rebuilt: S,
  ): void {
    const different = differencesIn(signed, rebuilt);
    if (different.length > 0)
      problems.push(`${name}: it says otherwise than the journals: ${different.join(", ")}`);
  }

  /** A report of the very text that the journals lead to needs no reading. What it says of its making (version,
   *  limits, options of its commands) is taken from it. */
  function compareReport(region: string, judged: Judged): ReportHead {
    const { head, rerunOptions, whole } = reportOf(region);
    const { runId, environment, fidelity, durationMs, startedAt, partial } = run;
    const rebuilt = buildRegionReport(region, judged, {
      ...{ runId, environment, fidelity, durationMs, startedAt, filtered: partial },
      ...{ limits: head.limits, version: head.version, rerunOptions },
      signers: { judge: head.signers.judged, regions: { [region]: head.signers.observed } },
    });
    compareClaims(rebuilt);
    const { verdicts, ...rebuiltHead } = rebuilt;
    if (digestOfPieces(reportPieces(rebuiltHead, verdicts)) === folder.sha256(`${region}/report.json`))
      return rebuiltHead;
    const stored = whole();
    if (canonicalJson(rebuilt) === canonicalJson(stored)) return rebuiltHead;
    const wrong = stored.verdicts.find((verdict, index) => verdict.grade !== verdicts[index]?.grade);
    problems.push(
      `${region}/report.json is not what the journals say${wrong ? `: ${wrong.id} is ${wrong.grade} there` : ""}`,
    );
    return rebuiltHead;
  }
}

/** A statement's files under the names that it has to have, with the digests that it gives. */
function filesOf(
  statement: RegionStatement | RunStatement,
  names: readonly string[],
): Record<string, string> {
  const subjects = subjectsOf(statement);
  return Object.fromEntries(names.map((name) => [name, subjects.get(name) ?? ""]));
}

function subjectsOf({ subject }: { subject: { name: string; digest: { sha256: string } }[] }) {
  return new Map(subject.map(({ name, digest }) => [name, digest.sha256]));
}

function tryRead<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
