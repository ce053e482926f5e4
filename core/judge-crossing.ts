import type { ControlBook } from "./controls.ts";
import { type Evidence, type Finding, unproven } from "./finding.ts";
import type { Try } from "./journal.ts";
import { lameness, tolerance } from "./lameness.ts";
import type { PlannedItem } from "./plan.ts";
import { height, higher, join, type Rung, rungs } from "./vocabulary.ts";

/** Attempts to reach a far system, or to send to it: they must be stopped. The worst try decides; null
 *  where there was none. */
export function judgeCrossing(planned: PlannedItem, evidence: Evidence): Finding | null {
  return worst(evidence.tries.map((one) => judgeTry(planned, one, evidence)));
}

function worst(findings: readonly Finding[]): Finding | null {
  const grade = join(findings.map((finding) => finding.grade));
  return findings.find((finding) => finding.grade === grade) ?? null;
}

function judgeTry(planned: PlannedItem, one: Try, evidence: Evidence): Finding {
  return (
    strangeAnswer(planned, one, evidence) ??
    breach(planned, one) ??
    fault(one) ??
    footing(planned, one, evidence) ??
    stopped(planned, one, evidence)
  );
}

/** The wrong system answered. Our own canary: we reached ourselves. A canary that nobody planted: somebody
 *  pretends, which matters where being stopped above the connection itself still counts. */
function strangeAnswer(planned: PlannedItem, one: Try, { book }: Evidence): Finding | null {
  const canary = one.outcome.kind === "reached" ? one.outcome.canary : undefined;
  if (canary === undefined) return null;
  if (book.plantedIn(planned.from.region).includes(canary)) {
    return unproven(`${planned.from.region}'s own system answered, not ${planned.to.region}'s`, "OWN_CANARY");
  }
  const byWord = height(planned.stopBy) > height("tls");
  if (!byWord || book.originsOf(canary).length > 0) return null;
  return unproven("it answered with a canary that nobody planted", "UNKNOWN_CANARY");
}

/** The highest rung that the try is known to have passed: seen on the socket, or said by its outcome. */
function passed({ climbed, outcome }: Try): Rung | null {
  switch (outcome.kind) {
    case "reached":
      return higher(climbed, outcome.rung);
    case "refused":
    case "silent":
      return higher(climbed, rungs[height(outcome.rung) - 1] ?? null);
    case "faulted":
      return climbed;
  }
}

/** Passing the stop-by rung is a breach, whatever came after: a refused login crossed the network. */
export function breach(planned: PlannedItem, one: Try): Finding | null {
  const reached = passed(one);
  if (height(reached) < height(planned.stopBy)) return null;
  const { outcome } = one;
  const code = outcome.kind === "refused" || outcome.kind === "faulted" ? outcome.code : null;
  const read = outcome.kind === "reached" && outcome.canary ? ", and a canary was read there" : "";
  const then = code ? `, then answered ${code}` : "";
  return {
    grade: "breached",
    stoppedAt: outcome.kind === "refused" || outcome.kind === "silent" ? outcome.rung : null,
    code,
    reason: `passed ${reached} at ${one.address ?? "the target"}, where it had to be stopped at ${planned.stopBy} or before${then}${read}`,
  };
}

export function fault({ outcome }: Try): Finding | null {
  if (outcome.kind === "faulted") {
    return unproven(`the attempt itself failed (${outcome.code}), which proves nothing`, outcome.code);
  }
  if (outcome.kind === "reached") {
    return unproven(`it was not stopped, and went no further than ${outcome.rung}`);
  }
  if (outcome.kind === "silent" && outcome.rung === "name") {
    return unproven("no name server answered, so nothing was attempted", "DNS_SILENT");
  }
  return null;
}

/** Both controls, before and after, by the same vector; and, unless the service itself refused, on the
 *  very address: a public service answers from many, but a silent address may be nobody's. */
export function footing(planned: PlannedItem, one: Try, { twin, targetAlive }: Evidence): Finding | null {
  const lame =
    lameness("the twin", twin, one, tolerance.own) ??
    lameness("the target-alive control", targetAlive, one, tolerance.far);
  if (lame) return unproven(lame, "CONTROL_FAILED");
  const mute = unheard(planned, one);
  if (mute) return unproven(mute, "OWN_SYSTEM_FAILED");
  if (planned.contacts === "target" && isOwnAddress(one, { twin, targetAlive }))
    return unproven(`${one.address} is ${planned.from.region}'s own system`, "OWN_SYSTEM_ANSWERED");
  const answering = planned.contacts === "own" ? twin : targetAlive;
  const { address, outcome } = one;
  const answered = outcome.kind === "refused" && height(outcome.rung) > height("tls");
  const nowhere = address === null && outcome.kind === "refused" && outcome.rung === "name";
  const isProven = address !== null && answering?.addresses.includes(address);
  if (!answered && !nowhere && !isProven)
    return unproven(`nothing shows that ${address ?? "what it tried"} answers at home`, "ADDRESS_UNPROVEN");
  return null;
}

/** A name may lead home, where it was overridden: whatever refuses there keeps nobody from the far system. What is
 *  shared by both is either's; but not on the network, where the twin got through to it. */
function isOwnAddress(
  { address, outcome }: Try,
  { twin, targetAlive }: Pick<Evidence, "twin" | "targetAlive">,
): boolean {
  if (address === null || !twin?.addresses.includes(address)) return false;
  const onNetwork = outcome.kind !== "faulted" && outcome.rung === "network";
  return onNetwork || !targetAlive?.addresses.includes(address);
}

/** Where a way leads over the own system, that has to be there: where it is not, no border had a say. What
 *  refuses by itself (`local`), as a proxy does, was there. */
function unheard({ contacts, from }: PlannedItem, { outcome }: Try): string | null {
  if (contacts !== "own" || (outcome.kind !== "refused" && outcome.kind !== "silent")) return null;
  const lowest = outcome.kind === "refused" ? "authentication" : "tls";
  const wasThere = height(outcome.rung) >= height(lowest) || (outcome.kind === "refused" && outcome.local);
  return wasThere ? null : `${from.region}'s own system refused or kept silent, so no border had a say`;
}

function stopped(planned: PlannedItem, one: Try, evidence: Evidence): Finding {
  const { outcome } = one;
  const { book } = evidence;
  if (outcome.kind !== "refused" && outcome.kind !== "silent") return unproven("it has no end");
  const doubt =
    climbedOn(one) ??
    (outcome.kind === "silent" ? tooShort(planned, one, book) : null) ??
    contradiction(planned, one, evidence);
  if (doubt)
    return {
      ...unproven(doubt),
      stoppedAt: outcome.rung,
      code: outcome.kind === "refused" ? outcome.code : null,
    };
  const where = one.address ?? "the name server";
  return {
    grade: "contained",
    stoppedAt: outcome.rung,
    code: outcome.kind === "refused" ? outcome.code : "SILENCE",
    reason:
      outcome.kind === "refused"
        ? `refused at ${outcome.rung} by ${where}: ${outcome.code}`
        : `no answer from ${where} within ${Math.round(one.durationMs)} ms, though it answers at home`,
  };
}

/** What answers late was slow, not stopped: nobody knows what would have met the attempt further on. */
function climbedOn(one: Try): string | null {
  const { outcome } = one;
  const reached = passed(one);
  if ((outcome.kind !== "refused" && outcome.kind !== "silent") || height(reached) < height(outcome.rung))
    return null;
  return `it was stopped at ${outcome.rung}, and passed ${reached} all the same`;
}

/** The same for what was sent one way, where silence is no sign. */
export function reflection(planned: PlannedItem, one: Try, evidence: Evidence): Finding | null {
  const doubt = contradiction(planned, one, evidence);
  return doubt ? unproven(doubt) : null;
}

/** Silence counts only when an answer had time to come: 3 × the slowest control, and two SYNs sent. */
function tooShort(planned: PlannedItem, one: Try, book: ControlBook): string | null {
  if (one.outcome.kind === "silent" && one.outcome.rung !== "network") {
    return `the connection was open and ${one.address} said nothing at ${one.outcome.rung}: a hung server looks the same`;
  }
  const doubt = impatience(planned, one, book);
  if (doubt) return doubt;
  if ((one.syns ?? 0) < 2) {
    return "fewer than two SYN segments were seen to leave, and one may get lost";
  }
  return null;
}

/** Whether an answer had no time to come. */
export function impatience(planned: PlannedItem, one: Try, book: ControlBook): string | null {
  const slowest = book.slowestMs(planned);
  if (one.durationMs < planned.deadlineMs * 0.98)
    return `it waited ${Math.round(one.durationMs)} ms of ${planned.deadlineMs} ms`;
  if (slowest === Number.POSITIVE_INFINITY)
    return "another control of its kind was not answered, so no silence is long enough";
  if (one.durationMs < 3 * slowest) {
    return `a wait of ${Math.round(one.durationMs)} ms is too short: the slowest control took ${Math.round(slowest)} ms`;
  }
  return null;
}

/** A reset or an ICMP answer counts only where the map says that the border rejects, and one that comes late is no
 *  silence elsewhere. */
function contradiction(planned: PlannedItem, one: Try, { map, book }: Evidence): string | null {
  const code = one.outcome.kind === "silent" ? book.refusedLate(planned) : refusalOnTheWay(one);
  // Outside nobody guards: what stops there is the own region's border.
  const guard = (map.regions[planned.to.region] ?? map.regions[planned.from.region])?.guard;
  return code === undefined || guard === "reject"
    ? null
    : `${code} came back though the border is declared to drop: packets may have arrived`;
}

function refusalOnTheWay({ outcome }: Try): string | undefined {
  if (outcome.kind !== "refused" || outcome.local) return undefined;
  return outcome.rung === "network" || outcome.rung === "tls" ? outcome.code : undefined;
}
