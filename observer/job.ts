import { type Plan, planDigest } from "../core/plan.ts";
import type { ResidencyMap } from "../core/residency-map.ts";
import type { Place } from "../probes/attempt.ts";
import type { Fingerprints } from "./same-credential.ts";

/** What a region's process is told, on one line of its stdin. Credentials are not in it: they are in the
 *  process's own environment. */
export interface Job {
  runId: string;
  region: string;
  version: string;
  map: ResidencyMap;
  plan: Plan;
  /** SHA-256 of what is planted in this region, by system. */
  planted: Record<string, string>;
  /** Where else the environment's inventory has far systems, as seen from here, by "region/system". */
  elsewhere?: Record<string, Place[]>;
  /** A pattern of leak paths and titles, to rerun some lines only. */
  only?: string;
  /** What the journal leaves out, and the digests of the plan and the map that are published without it. */
  redaction?: { salt: string; plan: string; map: string };
}

/** What a journal names: the published plan and map where something was left out of them. */
export function recordedDigests({ plan, redaction }: Job): { plan: string; map: string } {
  return { plan: redaction?.plan ?? planDigest(plan), map: redaction?.map ?? plan.map };
}

/** What a home region tells the others once its controls have held. Offers (links that open the canary
 *  and nothing else, for minutes) and fingerprints pass through memory only and are never written. */
export interface HomeReport {
  addresses: Record<string, string[]>;
  offers: Record<string, string>;
  /** Of the canary credentials that worked here, so that whoever tries them abroad knows they are these. */
  credentials: Fingerprints;
  /** The slowest answered control, in ms, by kind: all regions wait long enough for it. */
  slowestMs: Record<string, number>;
}

export type Stage = "controls-before" | "attempts" | "controls-after" | "finished";

/** The lines between a region's process and the coordinator. */
export type FromRegion =
  | { type: "journal"; lines: string[] }
  | { type: "missing"; reference: string }
  | { type: "done"; stage: Stage; report: HomeReport };
export type ToRegion = { type: "go"; after: Stage; reports: Record<string, HomeReport> };
