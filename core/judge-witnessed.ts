import { type Evidence, type Finding, unproven } from "./finding.ts";
import type { Try } from "./journal.ts";
import { breach, fault, footing, impatience, reflection } from "./judge-crossing.ts";
import type { PlannedItem } from "./plan.ts";

/** Datagrams get lost by themselves: so many have to be missed by a live receiver, for each address. */
const fewestSends = 5;

/** What was sent one way: the sender knows nothing, so the receivers' word decides. Null where nothing was
 *  tried, and nothing seen. */
export function judgeWitnessed(planned: PlannedItem, evidence: Evidence): Finding | null {
  const { tries } = evidence;
  const crossed = seenAbroad(planned, evidence);
  const [first] = tries;
  if (crossed || !first) return crossed;
  const doubts = tries.map((one) => doubt(planned, one, evidence)).filter((finding) => finding !== null);
  const breached = doubts.find(({ grade }) => grade === "breached");
  const worst = breached ?? doubts[0] ?? seenAtHome(planned, evidence) ?? tooFew(planned, tries);
  if (worst) return worst;
  const { outcome } = first;
  const times = tries.length === 1 ? "once" : `${tries.length} times`;
  return {
    grade: "contained",
    stoppedAt: outcome.kind === "refused" ? outcome.rung : "network",
    code: outcome.kind === "refused" ? outcome.code : "UNSEEN",
    reason: `it was tried ${times}, and the live receiver in ${planned.to.region} saw nothing of it`,
  };
}

/** Wherever else it arrived, it left: a packet may be led to another receiver than it was sent to. */
function seenAbroad(planned: PlannedItem, { book }: Evidence): Finding | null {
  const here = planned.from.region;
  const seen = book.sightingsOf(planned, "attempt").find(({ region }) => region !== here);
  if (!seen) return null;
  const whose = seen.system === planned.to.system ? "the receiver" : `the receiver of ${seen.system}`;
  const reason = `${whose} in ${seen.region} saw it arrive, from ${seen.from}`;
  return { grade: "breached", stoppedAt: null, code: "WITNESSED", reason };
}

/** What was sent to a far address and was seen at home has never been at the border. */
function seenAtHome(planned: PlannedItem, { book }: Evidence): Finding | null {
  if (planned.contacts === "own" || book.sightingsOf(planned, "attempt").length === 0) return null;
  const { from, to } = planned;
  return unproven(`${from.region}'s own receiver got it, not ${to.region}'s`, "OWN_RECEIVER");
}

function doubt(planned: PlannedItem, one: Try, evidence: Evidence): Finding | null {
  return (
    breach(planned, one) ??
    fault(one) ??
    footing(planned, one, evidence) ??
    unasked(planned, one, evidence) ??
    unheard(planned, one, evidence) ??
    reflection(planned, one, evidence)
  );
}

/** A receiver that was asked before the attempt had ended may not have seen all of it. */
function unasked(planned: PlannedItem, one: Try, { book }: Evidence): Finding | null {
  const ended = Date.parse(one.startedAt) + one.durationMs;
  return book.askedAt(planned) >= ended
    ? null
    : unproven(`the receiver in ${planned.to.region} was not asked after the attempt`, "WITNESS_MISSING");
}

/** The own system that took it, and says nothing, may be at it still: it gets as long as any answer. */
function unheard(planned: PlannedItem, one: Try, { book }: Evidence): Finding | null {
  if (planned.contacts !== "own" || one.outcome.kind !== "silent") return null;
  const doubt = impatience(planned, one, book);
  return doubt ? unproven(doubt) : null;
}

function tooFew(planned: PlannedItem, tries: readonly Try[]): Finding | null {
  if (planned.contacts === "own") return null;
  // What the name does not lead to was not sent at all; its addresses are tried by themselves.
  const named = tries.filter(({ outcome }) => outcome.kind !== "refused" || outcome.rung !== "name");
  if (named.length === 0) return null;
  const counts = named.map(({ address }) => named.filter((one) => one.address === address).length);
  const fewest = Math.min(...counts);
  return fewest < fewestSends ? unproven(`only ${fewest} of at least ${fewestSends} were sent`) : null;
}
