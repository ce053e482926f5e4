import { z } from "zod";
import { SignerIdentity } from "../attest/signer.ts";
import { Gap, NotClaimed } from "../core/plan.ts";
import { AttemptFamily, grades, LeakPath, RegionGrade, Rung } from "../core/vocabulary.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const ControlSummary = z.strictObject({
  id: z.string(),
  ok: z.boolean(),
  /** Why it proves nothing; null when it held before and after the attempts. */
  problem: z.string().nullable(),
  addresses: z.array(z.string()),
});

const WaiverSummary = z.strictObject({
  owner: z.string(),
  reason: z.string(),
  approver: z.string(),
  expires: z.string(),
});

/** One line of a report: a planned attempt and what the judge made of it. */
export const ReportVerdict = z.strictObject({
  id: z.string(),
  family: AttemptFamily,
  path: LeakPath,
  probe: z.string(),
  vector: z.string().describe('In words: "by name, IPv4, own credentials"'),
  from: z.strictObject({ region: z.string(), principal: z.string() }),
  to: z.strictObject({
    region: z.string(),
    system: z.string(),
    address: z.string().nullable(),
    /** Another endpoint of the system's vendor than any region's own. */
    endpoint: z.strictObject({ host: z.string(), jurisdiction: z.string() }).optional(),
  }),
  /** Whose data it is about: the target region, or the region whose canary was looked for. */
  about: z.string(),
  grade: z.enum(grades),
  stoppedAt: Rung.nullable(),
  code: z.string().nullable(),
  reason: z.string(),
  rerun: z.string().describe("The command that reruns this one line"),
  waiver: WaiverSummary.nullable(),
  controls: z.strictObject({ twin: ControlSummary.nullable(), targetAlive: ControlSummary.nullable() }),
});
export type ReportVerdict = z.infer<typeof ReportVerdict>;

const Counts = z.strictObject({
  planned: z.int(),
  contained: z.int(),
  breached: z.int(),
  inconclusive: z.int(),
  waived: z.int(),
  /** Control runs that were planned: each is made before and after the attempts. */
  controls: z.int(),
});

/** `report.json` of one region. */
export const RegionReport = z.strictObject({
  format: z.literal(1),
  runId: z.string(),
  title: z.string(),
  environment: z.string(),
  fidelity: z.enum(["replica", "real"]),
  /** What a green in this environment does not say, in words. */
  limits: z.array(z.string()),
  version: z.string(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  durationMs: z.int(),
  /** True when only some paths, regions or tests were asked for: then the report is no full proof. */
  partial: z.boolean(),
  scope: z.strictObject({
    regions: z.array(z.string()),
    paths: z.array(LeakPath),
    /** Whether somebody stood outside of all regions. */
    outside: z.boolean(),
  }),
  region: z.strictObject({ id: z.string(), jurisdiction: z.string(), place: z.string() }),
  regions: z.array(z.strictObject({ id: z.string(), jurisdiction: z.string(), place: z.string() })),
  grade: RegionGrade,
  counts: Counts,
  digests: z.strictObject({ plan: digest, map: digest }),
  /** Who put a name to the region's journal, null where it never ended, and who to the verdicts. */
  signers: z.strictObject({ observed: SignerIdentity.nullable(), judged: SignerIdentity }),
  gaps: z.array(Gap),
  /** What the map does not promise here, and was not tried. */
  notClaimed: z.array(NotClaimed),
  journalProblems: z.array(z.string()),
  /** The declared inventory of this region. */
  systems: z.array(
    z.strictObject({
      id: z.string(),
      kind: z.string(),
      path: LeakPath,
      holds: z.string(),
      retention: z.string(),
      readers: z.array(z.string()),
      exporters: z.array(z.string()),
      backups: z.string(),
    }),
  ),
  verdicts: z.array(ReportVerdict),
});
export type RegionReport = z.infer<typeof RegionReport>;

/** `run.json`: the whole run in a few lines, for machines. */
export const RunSummary = z.strictObject({
  /** Also the name of a folder. */
  runId: z.string().regex(/^\w[\w.-]{0,99}$/),
  environment: z.string(),
  fidelity: z.enum(["replica", "real"]),
  grade: RegionGrade,
  exitCode: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  durationMs: z.int(),
  startedAt: z.iso.datetime(),
  partial: z.boolean(),
  regions: z.record(
    z.string(),
    z.strictObject({
      grade: RegionGrade,
      planned: z.int(),
      contained: z.int(),
      breached: z.int(),
      inconclusive: z.int(),
    }),
  ),
});
export type RunSummary = z.infer<typeof RunSummary>;
