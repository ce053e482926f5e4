import { z } from "zod";
import { LeakPath, RegionGrade } from "../../core/vocabulary.ts";
import { originPattern } from "./checkpoint.ts";

const historyPredicateType = "urn:ringfence:history:v2";

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);
const line = z
  .string()
  .min(1)
  .max(300)
  .regex(/^[^\p{Cc}\p{Cf}]*$/u);
const region = z.string().regex(/^[a-z0-9][\w.-]{0,63}$/i);

const common = {
  /** The log's name, as its checkpoints carry it. */
  origin: z.string().regex(originPattern),
  /** Counted from 0. */
  index: count,
  /** SHA-256 of the record before, as it is stored; null of the first. */
  previous: digest.nullable(),
  runId: z.string().regex(/^[\w.-]{1,100}$/),
  at: z.iso.datetime(),
};

const Started = z.strictObject({
  event: z.literal("started"),
  ...common,
  /** What made it run, and of which commit the infrastructure was, as far as the environment told. */
  trigger: line.nullable(),
  commit: line.nullable(),
  map: digest,
  plan: digest,
  version: z.string().max(100),
  environment: z.string().max(100),
  fidelity: z.enum(["replica", "real"]),
  partial: z.boolean(),
  /** `sequence`: of the region's runs so far, this one included. `previous`: the digest of the record that ended
   *  the last run of the region that had ended by then. */
  regions: z.record(region, z.strictObject({ sequence: z.int().min(1), previous: digest.nullable() })),
});
export type Started = z.infer<typeof Started>;

/** Where a region's attempts were not all contained. `to`: the region that they went to, null for what could not be
 *  tried. `waived`: excepted by the map. Path and system are null where the region as a whole proved nothing. */
const OpenFinding = z.strictObject({
  region,
  path: LeakPath.nullable(),
  system: z.string().max(100).nullable(),
  to: region.nullable(),
  grade: z.enum(["inconclusive", "breached"]),
  waived: z.boolean(),
  count: z.int().min(1),
});
export type OpenFinding = z.infer<typeof OpenFinding>;

export const mostFindings = 2000;
export const mostTried = 5000;

/** `attempts`: how many, by the region that they went to. */
const Tried = z.strictObject({
  path: LeakPath,
  system: z.string().max(100),
  attempts: z.record(region, z.int().min(1)),
});
export type Tried = z.infer<typeof Tried>;

const RecordedRegion = z.strictObject({
  sequence: z.int().min(1),
  grade: RegionGrade,
  planned: count,
  contained: count,
  breached: count,
  inconclusive: count,
  waived: count,
  /** Of the region's own statement on its journal, null where it made none, and of the judge's on the region. */
  observed: digest.nullable(),
  evidence: digest,
  /** Which systems were tried, and where, so that a later reader knows what this run could have cleared. */
  tried: z.array(Tried).max(mostTried),
});
export type RecordedRegion = z.infer<typeof RecordedRegion>;

const finished = {
  event: z.literal("finished"),
  ...common,
  started: z.strictObject({ index: count, digest }),
};

/** The run was judged, and its evidence written: the statement's subject is the judge's bundle over all of it. */
const Judged = z.strictObject({
  ...finished,
  outcome: z.literal("judged"),
  grade: RegionGrade,
  partial: z.boolean(),
  regions: z.record(region, RecordedRegion),
  open: z.array(OpenFinding).max(mostFindings),
  /** How many more there were than are listed. */
  openOmitted: count,
});
export type JudgedRecord = z.infer<typeof Judged>;

const Interrupted = z.strictObject({ ...finished, outcome: z.literal("interrupted"), reason: line });

export const HistoryRecord = z.discriminatedUnion("event", [
  Started,
  z.discriminatedUnion("outcome", [Judged, Interrupted]),
]);
export type HistoryRecord = z.infer<typeof HistoryRecord>;
export type Finished = Exclude<HistoryRecord, Started>;

export const HistoryStatement = z.strictObject({
  _type: z.literal("https://in-toto.io/Statement/v1"),
  subject: z
    .array(z.strictObject({ name: z.string().max(200), digest: z.strictObject({ sha256: digest }) }))
    .min(1)
    .max(2)
    .refine(([one, other]) => one?.name !== other?.name, "one name has two digests"),
  predicateType: z.literal(historyPredicateType),
  predicate: HistoryRecord,
});
export type HistoryStatement = z.infer<typeof HistoryStatement>;

/** What a record is of, by name and SHA-256: map and plan when a run starts, the evidence when it was judged,
 *  the record of its start when it was interrupted. */
export type Subjects = Readonly<Record<string, string>>;

export function statementOf(predicate: HistoryRecord, subjects: Subjects): HistoryStatement {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: Object.entries(subjects).map(([name, sha256]) => ({ name, digest: { sha256 } })),
    predicateType: historyPredicateType,
    predicate,
  };
}

export const evidenceName = "evidence.sigstore.json";

/** What a record's subjects have to be; of a judged run the digest is the record's own news. */
export function subjectsOf(record: HistoryRecord, evidence: string): Subjects {
  if (record.event === "started") return { "residency-map": record.map, plan: record.plan };
  if (record.outcome === "judged") return { [evidenceName]: evidence };
  return { [recordName(record.started.index)]: record.started.digest };
}

export function recordName(index: number): string {
  return `records/${digits(index)}.json`;
}

export function checkpointName(size: number): string {
  return `checkpoints/${digits(size)}`;
}

function digits(count: number): string {
  return String(count).padStart(8, "0");
}

/** Any text as one line that a record takes; null where nothing is left of it. */
export function oneLine(text: string | undefined): string | null {
  const plain = text
    ?.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()
    .slice(0, 300)
    .toWellFormed();
  return plain || null;
}
