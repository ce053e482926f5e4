import { z } from "zod";
import { HistoryPosition } from "../attest/observed-statement.ts";
import { canonicalJson } from "../core/digest.ts";
import { RegionGrade } from "../core/vocabulary.ts";
import type { ReportVerdict, RunSummary } from "./report.ts";
import type { ReportHead } from "./report-text.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const digest = z.strictObject({ sha256 });
const Descriptor = z.strictObject({
  name: z.string(),
  digest: digest.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

const predicateType = "https://in-toto.io/attestation/test-result/v0.1";
export const regionExtension = "urn:ringfence:region:v1";
export const runExtension = "urn:ringfence:run:v1";

const DrillScore = z.strictObject({ caught: z.int(), planned: z.int(), catalogue: z.string() });
export type DrillScore = z.infer<typeof DrillScore>;

/** What both of the judge's statements say of a run. */
const common = {
  runId: z.string(),
  environment: z.string(),
  fidelity: z.enum(["replica", "real"]),
  version: z.string(),
  grade: RegionGrade,
  partial: z.boolean(),
  startedAt: z.string(),
  /** What the window of the judge's key, and a timestamp, are held against. */
  signedAt: z.iso.datetime(),
  wording: z.string(),
};

const RegionClaims = z.strictObject({
  ...common,
  region: z.string(),
  finishedAt: z.string(),
  limits: z.array(z.string()),
  counts: z.record(z.string(), z.int()),
  /** How many holes this version was shown to find, and the digest of the drills; null: never recorded. */
  drills: DrillScore.nullable(),
  history: HistoryPosition.nullable(),
  /** What the region's page and the run's show: `pageDigest` of each. A page carries this statement, so that the
   *  statement cannot have the digest of its file. */
  pages: z.strictObject({ region: sha256, run: sha256 }),
});

type RegionClaims = z.infer<typeof RegionClaims>;

const RunClaims = z.strictObject({
  ...common,
  regions: z.record(z.string(), RegionGrade),
});

/** Several thousand regions', of which each has seven. An archive takes no more, either. */
const mostFiles = 65_535;

/** An in-toto Statement v1 with a test-result predicate; the full truth is in one extension object. */
function statement<Key extends string, Claims extends z.ZodType>(extension: Record<Key, Claims>) {
  return z.strictObject({
    _type: z.literal("https://in-toto.io/Statement/v1"),
    subject: z
      .array(z.strictObject({ name: z.string(), digest }))
      .min(1)
      .max(mostFiles),
    predicateType: z.literal(predicateType),
    predicate: z.strictObject({
      result: z.enum(["PASSED", "WARNED", "FAILED"]),
      configuration: z.array(Descriptor),
      passedTests: z.array(z.string()),
      warnedTests: z.array(z.string()),
      failedTests: z.array(z.string()),
      ...extension,
    }),
  });
}

/** Of one region: its attempts are the tests. */
export const RegionStatement = statement({ [regionExtension]: RegionClaims });
export type RegionStatement = z.infer<typeof RegionStatement>;

/** Of the run: its regions are the tests, and every file of the folder is a subject. */
export const RunStatement = statement({ [runExtension]: RunClaims });
export type RunStatement = z.infer<typeof RunStatement>;

const resultOf = {
  pass: "PASSED",
  "pass-with-exceptions": "WARNED",
  breached: "FAILED",
  inconclusive: "FAILED",
} as const;

export function timeOfRegion({ predicate }: RegionStatement): string {
  return predicate[regionExtension].signedAt;
}

export function timeOfRun({ predicate }: RunStatement): string {
  return predicate[runExtension].signedAt;
}

/** What a statement says of each attempt. */
type Graded = Pick<ReportVerdict, "id" | "grade" | "waiver">;

/** `files`: what this region's evidence rests on, name → SHA-256. The format has no word for inconclusive:
 *  whatever is neither contained nor a waived breach is a failed test. */
export function buildRegionStatement(
  report: ReportHead & { verdicts: readonly Graded[] },
  files: Readonly<Record<string, string>>,
  { drills, history, pages, signedAt }: Pick<RegionClaims, "drills" | "history" | "pages" | "signedAt">,
): RegionStatement {
  const names = (wanted: (verdict: Graded) => boolean) =>
    report.verdicts.filter(wanted).map((verdict) => verdict.id);
  return {
    ...statementOver(files),
    predicate: {
      result: resultOf[report.grade],
      configuration: configurationOf(report),
      passedTests: names(({ grade }) => grade === "contained"),
      warnedTests: names(({ grade, waiver }) => grade === "breached" && waiver !== null),
      failedTests: names(
        ({ grade, waiver }) => grade === "inconclusive" || (grade === "breached" && waiver === null),
      ),
      [regionExtension]: {
        ...commonOf(report),
        region: report.region.id,
        startedAt: report.startedAt,
        finishedAt: report.finishedAt,
        signedAt,
        limits: report.limits,
        counts: report.counts,
        drills,
        history,
        pages,
        wording: wording(report),
      },
    },
  };
}

/** `files`: every file of the run's folder, name → SHA-256. */
export function buildRunStatement(
  run: RunSummary,
  reports: readonly ReportHead[],
  { files, signedAt }: { files: Readonly<Record<string, string>>; signedAt: string },
): RunStatement {
  const [first] = reports;
  if (!first) throw new TypeError("a run of no region has nothing to be signed for");
  const names = (result: RunStatement["predicate"]["result"]) =>
    reports.filter(({ grade }) => resultOf[grade] === result).map(({ region }) => region.id);
  return {
    ...statementOver(files),
    predicate: {
      result: resultOf[run.grade],
      configuration: configurationOf(first),
      passedTests: names("PASSED"),
      warnedTests: names("WARNED"),
      failedTests: names("FAILED"),
      [runExtension]: {
        ...commonOf(first),
        grade: run.grade,
        partial: run.partial,
        startedAt: run.startedAt,
        signedAt,
        regions: Object.fromEntries(reports.map(({ region, grade }) => [region.id, grade])),
        wording: reports.map(wording).join(" "),
      },
    },
  };
}

function statementOver(files: Readonly<Record<string, string>>) {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: Object.entries(files).map(([name, sha256]) => ({ name, digest: { sha256 } })),
    predicateType,
  } as const;
}

function configurationOf({ digests, version }: ReportHead) {
  return [
    { name: "residency-map", digest: { sha256: digests.map } },
    { name: "plan", digest: { sha256: digests.plan } },
    { name: "ringfence", annotations: { version } },
  ];
}

function commonOf({ runId, environment, fidelity, version, grade, partial }: ReportHead) {
  return { runId, environment, fidelity, version, grade, partial };
}

/** Name → SHA-256 of what a statement is over. */
export function subjectsOf({ subject }: Pick<RunStatement, "subject">): Map<string, string> {
  return new Map(subject.map(({ name, digest }) => [name, digest.sha256]));
}

/** What the evidence claims, and no more. */
export function wording(report: ReportHead): string {
  return [
    "Management-generated evidence.",
    `Records ${report.counts.planned} attempts made from inside ${report.region.id} between ${report.startedAt} and ${report.finishedAt}.`,
    "Does not establish the absence of other paths, compliance, or an auditor's conclusion.",
  ].join(" ");
}

/** By name, what of its predicate one statement says otherwise than another. */
export function differencesIn<Statement extends RegionStatement | RunStatement>(
  signed: Statement,
  rebuilt: Statement,
): string[] {
  const [one, other] = [fieldsOf(signed), fieldsOf(rebuilt)];
  return Object.keys({ ...other, ...one }).filter(
    (name) => canonicalJson(one[name]) !== canonicalJson(other[name]),
  );
}

/** With those of the extension in a row, and the names of what it is over. */
function fieldsOf({ subject, predicate }: RegionStatement | RunStatement): Record<string, unknown> {
  const {
    [regionExtension]: ofRegion,
    [runExtension]: ofRun,
    ...rest
  } = predicate as Record<string, unknown>;
  return { ...rest, ...(ofRegion ?? ofRun ?? {}), subject: subject.map(({ name }) => name) };
}
