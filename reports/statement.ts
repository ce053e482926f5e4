import { z } from "zod";
import { RegionGrade } from "../core/vocabulary.ts";
import type { RegionReport, ReportVerdict } from "./report.ts";

const digest = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });
const Descriptor = z.strictObject({
  name: z.string(),
  digest: digest.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

export const predicateType = "https://in-toto.io/attestation/test-result/v0.1";

/** An in-toto Statement v1 with a test-result predicate; the full truth is in one extension object. */
export const Statement = z.strictObject({
  _type: z.literal("https://in-toto.io/Statement/v1"),
  subject: z
    .array(z.strictObject({ name: z.string(), digest }))
    .min(1)
    .max(1024),
  predicateType: z.literal(predicateType),
  predicate: z.strictObject({
    result: z.enum(["PASSED", "WARNED", "FAILED"]),
    configuration: z.array(Descriptor),
    passedTests: z.array(z.string()),
    warnedTests: z.array(z.string()),
    failedTests: z.array(z.string()),
    "urn:ringfence:run:v1": z.strictObject({
      runId: z.string(),
      region: z.string(),
      environment: z.string(),
      fidelity: z.enum(["replica", "real"]),
      limits: z.array(z.string()),
      version: z.string(),
      grade: RegionGrade,
      partial: z.boolean(),
      startedAt: z.string(),
      finishedAt: z.string(),
      counts: z.record(z.string(), z.int()),
      keyFingerprint: z.string(),
      /** How many holes this version was shown to find, and the digest of the drills; null: never recorded. */
      drills: z.strictObject({ caught: z.int(), planned: z.int(), catalogue: z.string() }).nullable(),
      wording: z.string(),
    }),
  }),
});
export type Statement = z.infer<typeof Statement>;

export type DrillScore = NonNullable<Statement["predicate"]["urn:ringfence:run:v1"]["drills"]>;

export const extensionKey = "urn:ringfence:run:v1";

const resultOf = {
  pass: "PASSED",
  "pass-with-exceptions": "WARNED",
  breached: "FAILED",
  inconclusive: "FAILED",
} as const;

/** `files`: every file of the run that this region's evidence rests on, name → SHA-256. The format has
 *  no word for inconclusive: whatever is neither contained nor a waived breach is a failed test. */
export function buildStatement(
  report: RegionReport,
  files: Readonly<Record<string, string>>,
  drills: DrillScore | null,
): Statement {
  const names = (wanted: (verdict: ReportVerdict) => boolean) =>
    report.verdicts.filter(wanted).map((verdict) => verdict.id);
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: Object.entries(files).map(([name, sha256]) => ({ name, digest: { sha256 } })),
    predicateType,
    predicate: {
      result: resultOf[report.grade],
      configuration: [
        { name: "residency-map", digest: { sha256: report.digests.map } },
        { name: "plan", digest: { sha256: report.digests.plan } },
        { name: "ringfence", annotations: { version: report.version } },
      ],
      passedTests: names(({ grade }) => grade === "contained"),
      warnedTests: names(({ grade, waiver }) => grade === "breached" && waiver !== null),
      failedTests: names(
        ({ grade, waiver }) => grade === "inconclusive" || (grade === "breached" && waiver === null),
      ),
      [extensionKey]: {
        runId: report.runId,
        region: report.region.id,
        environment: report.environment,
        fidelity: report.fidelity,
        limits: report.limits,
        version: report.version,
        grade: report.grade,
        partial: report.partial,
        startedAt: report.startedAt,
        finishedAt: report.finishedAt,
        counts: report.counts,
        keyFingerprint: report.keyFingerprint,
        drills,
        wording: wording(report),
      },
    },
  };
}

/** What the evidence claims, and no more. */
export function wording(report: RegionReport): string {
  return [
    "Management-generated evidence.",
    `Records ${report.counts.planned} attempts made from inside ${report.region.id} between ${report.startedAt} and ${report.finishedAt}.`,
    "Does not establish the absence of other paths, compliance, or an auditor's conclusion.",
  ].join(" ");
}
