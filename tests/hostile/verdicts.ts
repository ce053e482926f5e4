import { aTrial, type Run, silentAt, type TrialParts, type Tried, verdictOn } from "../../core/a-trial.ts";
import { type Judgement, judge, type Verdict } from "../../core/judge.ts";
import type { Rung } from "../../core/vocabulary.ts";
import { deadlineMs, type HostileCase, type HostileResult } from "./case.ts";

/** What core makes of a hostile answer in a run where everything else is as promised: the best chance
 *  that the server has to look contained, or to prove something. */

const looks = {
  stray: "stray",
  tenant: "stray",
  directory: "stray",
  links: "links",
  record: "links",
  cookie: "links",
  log: "links",
  wiring: "wiring",
  place: "wiring",
  frozen: "frozen",
  whole: "whole",
} as const;

export function lookOf({ probe }: Pick<HostileCase, "probe">): (typeof looks)[keyof typeof looks] | null {
  const last = probe.split("-").at(-1) ?? "";
  return last in looks ? looks[last as keyof typeof looks] : null;
}

/** Kinds whose network is open to everybody, so that authorization has to stop an attempt. */
export function isPublic({ kind }: Pick<HostileCase, "kind">): boolean {
  return ["s3", "sqs", "sns", "aws-snapshots", "dns"].includes(kind);
}

/** Ways that lead over the region's own proxy or resolver, which is the hostile one. */
export function isByOwn({ probe }: Pick<HostileCase, "probe">): boolean {
  return probe === "vendor-proxy" || probe === "dns-private" || probe.startsWith("proxy-");
}

/** Whose receiver is asked, and which climb nothing by what they meet. */
export function isWitnessed({ probe }: Pick<HostileCase, "probe">): boolean {
  return probe.startsWith("proxy-") && probe.endsWith("-name");
}

/** As the builder wants it: at the address of the trial's own system, and at its time. */
function asTried({ tries, late }: HostileResult): Tried[] {
  return tries.map(({ climbed, outcome, durationMs, findings }) => ({
    climbed: late.reduce<Rung | null>((_, rung) => rung, climbed),
    outcome,
    durationMs,
    syns: 3,
    ...(findings ? { findings } : {}),
  }));
}

export function trialOf(one: HostileCase, result: HostileResult, parts: TrialParts = {}): Run {
  const look = lookOf(one);
  return aTrial({
    attempt: asTried(result),
    findings: {},
    stopBy: isPublic(one) ? "authorization" : "network",
    deadlineMs,
    ...(look ? { probe: look } : {}),
    ...(isByOwn(one) ? { probe: isWitnessed(one) ? ("relay" as const) : ("carry" as const) } : {}),
    ...parts,
  });
}

export function asAttempt(one: HostileCase, result: HostileResult, parts: TrialParts = {}): Verdict {
  return verdictOn(trialOf(one, result, parts));
}

/** The hostile server is the one that a silent attempt's controls met. */
export function asControl(result: HostileResult, role: "twin" | "targetAlive"): Verdict {
  const met = { before: asTried(result), after: asTried(result) };
  return verdictOn(aTrial({ attempt: silentAt("network"), [role]: met }));
}

export function judgementOf({ plan, map, journals }: Run): Judgement {
  return judge(plan, map, journals);
}
