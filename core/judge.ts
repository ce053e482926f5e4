import type { Control } from "./control-proof.ts";
import { type ControlBook, controlBook } from "./controls.ts";
import { type Evidence, type Finding, unproven } from "./finding.ts";
import type { Journal, Try } from "./journal.ts";
import { judgeCrossing } from "./judge-crossing.ts";
import { judgeInside } from "./judge-inside.ts";
import { judgeWitnessed } from "./judge-witnessed.ts";
import type { Gap, Plan, PlannedItem } from "./plan.ts";
import type { ResidencyMap, Waiver } from "./residency-map.ts";
import { systemBook } from "./system-book.ts";
import { type Grade, join, type RegionGrade } from "./vocabulary.ts";

export interface Verdict extends Finding {
  item: PlannedItem;
  addresses: string[];
  waiver: Waiver | null;
  twin: Control | null;
  targetAlive: Control | null;
}

export interface RegionJudgement {
  grade: RegionGrade;
  planned: number;
  contained: number;
  breached: number;
  inconclusive: number;
  waived: number;
  gaps: Gap[];
  journalProblems: string[];
}

export interface Judgement {
  grade: RegionGrade;
  regions: Record<string, RegionJudgement>;
  verdicts: Verdict[];
}

/** Joins the journals of all regions and judges every planned attempt. Pure: same input, same verdicts,
 *  in whatever order the journals come. A breach needs no control; everything else does. */
export function judge(plan: Plan, map: ResidencyMap, journals: readonly Journal[]): Judgement {
  const book = controlBook(plan, journals);
  const attempts = plan.items.filter((planned) => planned.role === "attempt");
  const unresolved = new Set<PlannedItem>();
  const direct = attempts.map((planned) => {
    const tries = book.triesOf(planned);
    if (tries.some(({ outcome }) => outcome.kind === "refused" && outcome.rung === "name"))
      unresolved.add(planned);
    return verdictOf(planned, { tries, map, book });
  });
  const literal = literalAttempts(direct);
  const verdicts = direct.map((verdict) =>
    unresolved.has(verdict.item) ? withLiteralAddresses(verdict, literal) : verdict,
  );
  const regions = Object.fromEntries(
    plan.scope.regions.map((region) => [region, judgeRegion(region, { plan, verdicts, book })]),
  );
  return { grade: worstRegion(Object.values(regions).map((region) => region.grade)), regions, verdicts };
}

const regionRank = {
  pass: 0,
  "pass-with-exceptions": 1,
  inconclusive: 2,
  breached: 3,
} as const satisfies Record<RegionGrade, number>;

/** The worst of all; no region at all is inconclusive. */
export function worstRegion(all: readonly RegionGrade[]): RegionGrade {
  if (all.length === 0) return "inconclusive";
  return all.reduce((worst, grade) => (regionRank[grade] > regionRank[worst] ? grade : worst));
}

export const exitCodeOf = {
  pass: 0,
  "pass-with-exceptions": 0,
  breached: 1,
  inconclusive: 2,
} as const satisfies Record<RegionGrade, number>;

function judgeRegion(
  region: string,
  { plan, verdicts, book }: { plan: Plan; verdicts: readonly Verdict[]; book: ControlBook },
): RegionJudgement {
  const mine = verdicts.filter((verdict) => verdict.item.from.region === region);
  const count = (grade: Grade) => mine.filter((verdict) => verdict.grade === grade).length;
  const gaps = plan.gaps.filter((gap) => gap.region === region);
  const journalProblems = book.problemsOf(region);
  const broken: Grade[] = gaps.length > 0 || journalProblems.length > 0 ? ["inconclusive"] : [];
  const excepted = mine.filter(isExcepted);
  const nothingPromised = mine.every((verdict) => verdict.waiver !== null);
  const rest = mine.filter((verdict) => !isExcepted(verdict)).map((verdict) => verdict.grade);
  const worst = nothingPromised ? "inconclusive" : join([...rest, ...broken]);
  const grade = worst === "contained" ? (excepted.length > 0 ? "pass-with-exceptions" : "pass") : worst;
  return {
    grade,
    planned: mine.length,
    contained: count("contained"),
    breached: count("breached"),
    inconclusive: count("inconclusive"),
    waived: mine.filter((verdict) => verdict.waiver !== null).length,
    gaps,
    journalProblems,
  };
}

/** A waiver accepts a breach; it cannot stand in for a missing proof. */
function isExcepted(verdict: Verdict): boolean {
  return verdict.waiver !== null && verdict.grade === "breached";
}

function verdictOf(
  planned: PlannedItem,
  { tries, map, book }: { tries: readonly Try[]; map: ResidencyMap; book: ControlBook },
): Verdict {
  const verdict = {
    item: planned,
    addresses: addressesOf(tries),
    waiver: waiverFor(planned, map),
    twin: planned.twin ? book.control(planned.twin) : null,
    targetAlive: planned.targetAlive ? book.control(planned.targetAlive) : null,
  };
  const { twin, targetAlive } = verdict;
  return { ...verdict, ...findingOf(planned, { tries, map, book, twin, targetAlive }) };
}

/** Each once. */
function addressesOf(tries: readonly Try[]): string[] {
  const found: string[] = [];
  for (const { address } of tries) if (address !== null && !found.includes(address)) found.push(address);
  return found;
}

function findingOf(planned: PlannedItem, evidence: Evidence): Finding {
  const broken = journalDoubt(planned, evidence);
  const inside = planned.family === "stray" || planned.family === "wiring";
  const crossing = planned.witnessed ? judgeWitnessed : judgeCrossing;
  const found = (inside ? judgeInside : crossing)(planned, evidence);
  if (!found) return broken ?? unproven("it was never observed");
  if (found.grade !== "contained") return found.grade === "breached" ? found : (broken ?? found);
  return broken ?? untried(planned, evidence) ?? tooSeldom(planned, evidence) ?? found;
}

/** By address means by each of them: the one that nobody tried may be open. */
function untried({ vector, contacts }: PlannedItem, { tries, targetAlive }: Evidence): Finding | null {
  if (vector.route !== "address" || contacts !== "target") return null;
  const tried = new Set(tries.map(({ address }) => address));
  const left = targetAlive?.addresses.find((address) => !tried.has(address));
  return left === undefined
    ? null
    : unproven(`${left} answers at home, and was not tried`, "ADDRESS_UNTRIED");
}

/** A hole may let only some connections through, and what is one's own is asked for one of the target's addresses
 *  at a time: so often every address has to be tried. */
function tooSeldom(
  { repeats = 1, vector, contacts }: PlannedItem,
  { tries, targetAlive }: Evidence,
): Finding | null {
  const asked = vector.route === "address" && contacts === "own" ? (targetAlive?.addresses.length ?? 1) : 1;
  const wanted = repeats * asked;
  if (wanted === 1) return null;
  const byAddress = Map.groupBy(tries, ({ address }) => address);
  byAddress.delete(null);
  const [few] = [...byAddress].filter(([, made]) => made.length < wanted);
  return few ? unproven(`${few[0]} was tried ${few[1].length} times of ${wanted}`, "ADDRESS_UNTRIED") : null;
}

function journalDoubt(planned: PlannedItem, { book }: Evidence): Finding | null {
  const [problem] = book.problemsOf(planned.from.region);
  return problem ? unproven(`the journal of ${planned.from.region} is no evidence: ${problem}`) : null;
}

/** A name that does not resolve stops nobody who knows the address: those attempts must be contained too. */
function withLiteralAddresses(verdict: Verdict, literal: (item: PlannedItem) => readonly Verdict[]): Verdict {
  if (verdict.grade !== "contained") return verdict;
  const alike = literal(verdict.item);
  if (alike.length > 0 && alike.every((other) => other.grade === "contained")) return verdict;
  return {
    ...verdict,
    ...unproven("only the name was refused, and its addresses are not shown to be closed", verdict.code),
  };
}

/** The attempts by literal address that go the same way as one by name; sorted when first asked for. */
function literalAttempts(all: readonly Verdict[]): (item: PlannedItem) => readonly Verdict[] {
  let byWay: Map<string, Verdict[]> | undefined;
  return (item) => {
    byWay ??= Map.groupBy(
      all.filter((verdict) => verdict.item.vector.route === "address"),
      (verdict) => wayOf(verdict.item),
    );
    return byWay.get(wayOf(item)) ?? [];
  };
}

function wayOf({ probe, from, to, vector }: PlannedItem): string {
  const { addressFamily, credentials } = vector;
  const { system, region, endpoint } = to;
  return JSON.stringify([probe, system, region, endpoint?.host, from.region, addressFamily, credentials]);
}

function waiverFor(planned: PlannedItem, map: ResidencyMap): Waiver | null {
  const system = systemBook(map).byId.get(planned.to.system);
  const crossing = planned.about ?? planned.to.region;
  return (
    system?.waivers.find(
      (waiver) =>
        waiver.from === planned.from.region &&
        waiver.to === crossing &&
        (waiver.probe === undefined || waiver.probe === planned.probe),
    ) ?? null
  );
}
