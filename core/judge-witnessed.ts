import { type Evidence, type Finding, unproven } from "./finding.ts";
import type { Try } from "./journal.ts";
import { breach, fault, footing, reflection } from "./judge-crossing.ts";
import type { PlannedItem } from "./plan.ts";

/** Datagrams get lost by themselves: so many have to be missed by a live receiver. */
const fewestSends = 5;

/** What was sent one way: the sender knows nothing, so the receiver's word decides. Null where nothing was
 *  tried. */
export function judgeWitnessed(planned: PlannedItem, evidence: Evidence): Finding | null {
  const { tries, book } = evidence;
  const [seen] = book.arrivalsOf(planned, "attempt");
  if (seen) {
    return {
      grade: "breached",
      stoppedAt: null,
      code: "WITNESSED",
      reason: `the receiver in ${planned.to.region} saw it arrive, from ${seen.from}`,
    };
  }
  const [first] = tries;
  if (!first) return null;
  const doubts = tries.map((one) => doubt(planned, one, evidence)).filter((finding) => finding !== null);
  const worst = doubts.find(({ grade }) => grade === "breached") ?? doubts[0];
  if (worst) return worst;
  if (tries.length < fewestSends && planned.contacts === "target") {
    return unproven(`only ${tries.length} of at least ${fewestSends} were sent`);
  }
  const code = first.outcome.kind === "refused" ? first.outcome.code : "UNSEEN";
  const stoppedAt = first.outcome.kind === "refused" ? first.outcome.rung : "network";
  const reason = `${tries.length === 1 ? "it was sent" : `${tries.length} were sent`}, and the live receiver in ${planned.to.region} saw none`;
  return { grade: "contained", stoppedAt, code, reason };
}

function doubt(planned: PlannedItem, one: Try, evidence: Evidence): Finding | null {
  return (
    breach(planned, one) ??
    fault(one) ??
    footing(planned, one, evidence) ??
    unasked(planned, one, evidence) ??
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
