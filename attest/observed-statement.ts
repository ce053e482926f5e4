import { z } from "zod";

const digest = z.string().regex(/^[0-9a-f]{64}$/);

export const observedPredicateType = "urn:ringfence:observed:v1";

/** Where a run stands in the history that it belongs to. */
export const HistoryPosition = z.strictObject({
  /** The log's name, as its checkpoints carry it. */
  origin: z.string(),
  /** Of the record that this run was started, counted from 0. */
  index: z.int().min(0),
  /** SHA-256 of that record. */
  started: digest,
  /** Of this region's runs so far, this one included, and the digest of the record that ended the last one that
   *  had ended by then. */
  sequence: z.int().min(1),
  previous: digest.nullable(),
});
export type HistoryPosition = z.infer<typeof HistoryPosition>;

/** What a region says with its own key, where it observed: this is my journal, of this run, map and plan. */
export const ObservedStatement = z.strictObject({
  _type: z.literal("https://in-toto.io/Statement/v1"),
  subject: z.tuple([z.strictObject({ name: z.string(), digest: z.strictObject({ sha256: digest }) })]),
  predicateType: z.literal(observedPredicateType),
  predicate: z.strictObject({
    runId: z.string(),
    region: z.string(),
    version: z.string(),
    map: digest,
    plan: digest,
    signedAt: z.iso.datetime(),
    history: HistoryPosition.nullable(),
  }),
});
export type ObservedStatement = z.infer<typeof ObservedStatement>;

export function journalName(region: string): string {
  return `${region}/observations.jsonl`;
}

export function buildObservedStatement(
  journal: { sha256: string },
  predicate: ObservedStatement["predicate"],
): ObservedStatement {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: journalName(predicate.region), digest: journal }],
    predicateType: observedPredicateType,
    predicate,
  };
}
