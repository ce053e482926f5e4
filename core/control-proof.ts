import type { ControlBook } from "./controls.ts";
import type { Entry, Phase, Try } from "./journal.ts";
import type { PlannedItem } from "./plan.ts";
import { height } from "./vocabulary.ts";

type Observation = Extract<Entry, { type: "observation" }>;
export type Late = Extract<Entry, { type: "late" }>;

/** What one control proved: its addresses answered, from `provenFrom` until `provenUntil` (ms since 1970). */
export interface Control {
  id: string;
  problem: string | null;
  addresses: string[];
  provenFrom: number;
  provenUntil: number;
}

/** What its own region's journal says of one item. */
export interface ItemRecord extends Partial<Record<Phase, Observation[]>> {
  item: PlannedItem;
  late?: Late[];
}

interface Shelf {
  plantedFor(region: string, system: string): string | undefined;
  problemsOf(region: string): string[];
  sightingsOf: ControlBook["sightingsOf"];
}

/** A control proves its ground only if every one of its runs, before and after, arrived. */
export function proofOf(id: string, record: ItemRecord | undefined, shelf: Shelf): Control {
  const { item, before = [], after = [] } = record ?? {};
  const nothing = { id, addresses: [], provenFrom: Number.NaN, provenUntil: Number.NaN };
  if (item?.role !== "control") return { ...nothing, problem: "it is not planned" };
  const [broken] = shelf.problemsOf(item.from.region);
  if (broken) return { ...nothing, problem: `the journal of ${item.from.region} is no evidence: ${broken}` };
  if (before.length === 0) return { ...nothing, problem: "it was not run before the attempts" };
  if (after.length === 0) return { ...nothing, problem: "it was not run after the attempts" };
  const first = before.flatMap((observation) => observation.tries);
  const last = after.flatMap((observation) => observation.tries);
  const planted = shelf.plantedFor(item.to.region, item.to.system);
  const failure = item.witnessed
    ? unseen(item, { before: first, after: last }, shelf)
    : [...first, ...last].map((one) => shortfall(item, one, planted)).find((reason) => reason !== null);
  if (failure) return { ...nothing, problem: failure };
  const provenFrom = Math.max(...first.map((one) => Date.parse(one.startedAt) + one.durationMs));
  const provenUntil = Math.min(...last.map((one) => Date.parse(one.startedAt)));
  if (provenUntil < provenFrom)
    return { ...nothing, problem: "its closing run began before its first had ended" };
  const lastAddresses = new Set(last.map((one) => one.address));
  return {
    id,
    problem: null,
    addresses: [...new Set(first.flatMap((one) => one.address ?? []))].filter((address) =>
      lastAddresses.has(address),
    ),
    provenFrom,
    provenUntil,
  };
}

/** Its own receiver must have seen what it sent, both times; and as often as it was sent to an address, for each
 *  address is proven by it. What goes over something of one's own may be sent on as often as that likes. */
function unseen(
  item: PlannedItem,
  sent: Record<"before" | "after", readonly Try[]>,
  { sightingsOf }: Shelf,
): string | null {
  const failed = [...sent.before, ...sent.after].find(({ outcome }) => outcome.kind === "faulted")?.outcome;
  if (failed?.kind === "faulted") return failed.code;
  const { region, system } = item.to;
  const missed = (["before", "after"] as const).find((phase) => {
    const seen = sightingsOf(item, phase).filter((one) => one.region === region && one.system === system);
    return seen.length < (item.contacts === "own" ? 1 : sent[phase].length);
  });
  return missed ? `its own receiver did not see all that it sent ${missed} the attempts` : null;
}

function shortfall(item: PlannedItem, one: Try, planted: string | undefined): string | null {
  const { outcome } = one;
  if (outcome.kind !== "reached") {
    return outcome.kind === "silent" ? `no answer at ${outcome.rung}` : outcome.code;
  }
  if (height(outcome.rung) < height(item.goal)) return `it came no further than ${outcome.rung}`;
  if (item.goal !== "data") return null;
  if (planted === undefined) return "nothing is planted for it to read";
  return outcome.canary === planted ? null : "it read another canary than the one planted";
}
