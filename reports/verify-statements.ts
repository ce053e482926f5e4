import type { z } from "zod";
import { journalName, ObservedStatement } from "../attest/observed-statement.ts";
import { openStatement } from "../attest/open-envelope.ts";
import { type SignerIdentity, sameSigner, signerText } from "../attest/signer.ts";
import { judgeRole } from "../attest/trust.ts";
import { canonicalJson } from "../core/digest.ts";
import type { Journal } from "../core/journal.ts";
import type { Judged } from "./build-report.ts";
import { bundleName, coveredFiles, isCovered, observedBundleName } from "./evidence.ts";
import { pageDigest } from "./render/html-form.ts";
import {
  RegionStatement,
  RunStatement,
  regionExtension,
  runExtension,
  subjectsOf,
  timeOfRegion,
  timeOfRun,
} from "./statement.ts";
import type { Examined } from "./verify.ts";
import { timeProblems } from "./verify-times.ts";

type Opening = Pick<Examined, "folder" | "trust" | "problems" | "checked">;

/** What was signed, where it could be opened. */
export interface Statements {
  /** Whose files are in it, whether they have verdicts or not. */
  observers: readonly string[];
  /** By the judge, of the run. */
  ofRun: RunStatement | null;
  /** By the judge, of each region. */
  ofRegions: ReadonlyMap<string, RegionStatement>;
}

/** The judge's statement of the run: every file is in it, as it was, and no other is there. */
export function openRunStatement(opening: Opening): RunStatement | null {
  const { folder, problems, checked } = opening;
  const signed = open(bundleName, opening, { role: judgeRole, schema: RunStatement, timeOf: timeOfRun });
  if (!signed) return null;
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
  return signed.statement;
}

type Ground = Omit<Judged, "judgement"> & Pick<Statements, "observers" | "ofRun">;

/** Those of the regions on their journals, and of the judge on each region: of this very run, and in that order. */
export function openStatements(examined: Examined, ground: Ground): Statements {
  const { problems, run } = examined;
  const { plan, journals, observers, ofRun } = ground;
  const opener = new Opener(examined, ground);
  const observed = new Map(journals.flatMap((journal) => named(journal.region, opener.observed(journal))));
  const ofRegions = new Map(plan.scope.regions.flatMap((region) => named(region, opener.judged(region))));
  if (ofRun) problems.push(...contradictions(ofRun, examined));
  if (run.environment !== plan.environment)
    problems.push(`run.json says ${run.environment}, and its plan is of ${plan.environment}`);
  problems.push(
    ...timeProblems({ startedAt: run.startedAt, journals, ...timesOf({ observed, ofRegions, ofRun }) }),
  );
  for (const [region, { history }] of observed) {
    const judged = ofRegions.get(region)?.predicate[regionExtension];
    if (judged && canonicalJson(history) !== canonicalJson(judged.history))
      problems.push(`${region}: it and the judge name different places in the history`);
  }
  return { observers, ofRun, ofRegions };
}

function named<T>(region: string, one: T | null): [string, T][] {
  return one === null ? [] : [[region, one]];
}

function contradictions({ predicate }: RunStatement, { run }: Examined): string[] {
  const { runId, grade } = predicate[runExtension];
  return [
    ...(runId === run.runId ? [] : [`run.json is of run ${run.runId}, and ${runId} was signed`]),
    ...(grade === run.grade ? [] : [`run.json says ${run.grade}, and ${grade} was signed`]),
  ];
}

type Observed = ObservedStatement["predicate"];

function timesOf({
  observed,
  ofRegions,
  ofRun,
}: Pick<Statements, "ofRegions" | "ofRun"> & { observed: ReadonlyMap<string, Observed> }) {
  const byRegion = [...ofRegions].map(([region, statement]): [string, string] => [
    `${region}/${bundleName}`,
    timeOfRegion(statement),
  ]);
  return {
    observedAt: new Map([...observed].map(([region, { signedAt }]) => [region, signedAt])),
    judgedAt: new Map([...byRegion, ...named(bundleName, ofRun && timeOfRun(ofRun))]),
  };
}

/** Opens the statements of one run, and says what each says that is not so. */
class Opener {
  readonly #examined: Examined;
  readonly #ground: Ground;
  readonly #pages = new Map<string, string>();

  constructor(examined: Examined, ground: Ground) {
    this.#examined = examined;
    this.#ground = ground;
  }

  /** A region that did not finish could not sign; its journal then proves nothing, and no pass rests on it. */
  observed({ region, entries }: Journal): Observed | null {
    const { folder, problems, notes, run } = this.#examined;
    const { plan, planDigest } = this.#ground;
    const name = `${region}/${observedBundleName}`;
    if (tryRead(() => folder.sha256(name)) === null && entries.at(-1)?.type !== "run-finished") {
      notes.push(`${region} did not finish its journal, and did not sign it`);
      return null;
    }
    const signed = open(name, this.#examined, {
      role: region,
      schema: ObservedStatement,
      timeOf: ({ predicate }) => predicate.signedAt,
    });
    if (!signed) return null;
    const { subject, predicate } = signed.statement;
    const [journal] = subject;
    if (journal.name !== journalName(region) || predicate.region !== region)
      problems.push(`${name}: it is of ${predicate.region}`);
    if (journal.digest.sha256 !== folder.sha256(journalName(region)))
      problems.push(`${journalName(region)} is not the journal that ${region} signed`);
    if (predicate.runId !== run.runId) problems.push(`${name}: it is of run ${predicate.runId}`);
    if (predicate.plan !== planDigest) problems.push(`${name}: it is of another plan`);
    if (predicate.map !== plan.map) problems.push(`${name}: it is of another map`);
    this.#sameVersion(region, predicate.version);
    this.#sameAsShown(region, "observed", signed.who);
    return predicate;
  }

  judged(region: string): RegionStatement | null {
    const { folder, problems, run } = this.#examined;
    const { planDigest, observers } = this.#ground;
    const name = `${region}/${bundleName}`;
    const signed = open(name, this.#examined, {
      role: judgeRole,
      schema: RegionStatement,
      timeOf: timeOfRegion,
    });
    if (!signed) return null;
    const { predicate } = signed.statement;
    const said = predicate[regionExtension];
    if (said.region !== region) problems.push(`${name}: it is of region ${said.region}`);
    if (said.runId !== run.runId) problems.push(`${name}: it is of run ${said.runId}, not ${run.runId}`);
    const plans = predicate.configuration.find((one) => one.name === "plan")?.digest?.sha256;
    if (plans !== planDigest) problems.push(`${name}: it is of another plan`);
    const subjects = subjectsOf(signed.statement);
    for (const file of coveredFiles(region, observers)) {
      const digest = subjects.get(file);
      if (digest === undefined) problems.push(`${name}: it does not cover ${file}`);
      else if (digest !== tryRead(() => folder.sha256(file)))
        problems.push(`${name}: ${file} is not what was signed`);
    }
    this.#samePage(`${region}/report.html`, said.pages.region);
    this.#samePage("report.html", said.pages.run);
    this.#sameAsShown(region, "judged", signed.who);
    return signed.statement;
  }

  /** A page has to hold for its readers' browsers, too. */
  #samePage(name: string, signed: string): void {
    const { folder, problems } = this.#examined;
    const digest = this.#pages.get(name) ?? tryRead(() => pageDigest(folder.text(name))) ?? "";
    this.#pages.set(name, digest);
    if (digest !== signed) problems.push(`${name}: it does not show what the judge signed for it`);
  }

  /** Whoever has no verdicts has no report of its own. */
  #sameVersion(observer: string, signed: string): void {
    const { problems, reportOf } = this.#examined;
    const { regions } = this.#ground.plan.scope;
    const region = regions.includes(observer) ? observer : regions[0];
    const version = region === undefined ? null : reportOf(region).head.version;
    if (signed !== version)
      problems.push(`${region}/report.json says version ${version}, and ${observer} signed for ${signed}`);
  }

  /** The pages show whose signatures to expect: those have to be the real ones. */
  #sameAsShown(region: string, what: "observed" | "judged", who: SignerIdentity): void {
    const { problems, reportOf } = this.#examined;
    if (!this.#ground.plan.scope.regions.includes(region)) return;
    const shown = reportOf(region).head.signers[what];
    if (!shown || !sameSigner(shown, who))
      problems.push(`${region}/report.json names another signer than ${signerText(who)}`);
  }
}

interface Expected<T> {
  role: string;
  schema: z.ZodType<T>;
  timeOf(statement: T): string;
}

function open<T>(
  name: string,
  { folder, trust, problems, checked }: Opening,
  { role, schema, timeOf }: Expected<T>,
) {
  const bundle = tryRead(() => folder.text(name));
  const result =
    bundle === null ? { problem: "it is missing" } : openStatement(bundle, { role, trust, schema, timeOf });
  if ("problem" in result) problems.push(`${name}: ${result.problem}`);
  else checked.signatures++;
  return "problem" in result ? null : result;
}

function tryRead<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
