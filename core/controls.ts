import type { Entry, Findings, Journal, Phase, Try } from "./journal.ts";
import type { Plan, PlannedItem } from "./plan.ts";
import { height, higher, type Rung } from "./vocabulary.ts";

type Observation = Extract<Entry, { type: "observation" }>;

/** What one control proved: its addresses answered, from `provenFrom` until `provenUntil` (ms since 1970). */
export interface Control {
  id: string;
  problem: string | null;
  addresses: string[];
  provenFrom: number;
  provenUntil: number;
}

/** The journals, asked by item. */
export interface ControlBook {
  control(id: string): Control;
  triesOf(item: PlannedItem): Try[];
  findingsOf(item: PlannedItem): Findings[];
  plantedIn(region: string): string[];
  plantedFor(region: string, system: string): string | undefined;
  everythingPlanted(): Map<string, string>;
  slowestMs(kind: string): number;
  problemsOf(region: string): string[];
}

export function controlBook(plan: Plan, journals: readonly Journal[]): ControlBook {
  const items = new Map(plan.items.map((item) => [item.id, item]));
  const byRegion = new Map(journals.map((journal) => [journal.region, journal]));
  const observations = new Map<string, Observation[]>();
  const late = new Map<string, Extract<Entry, { type: "late" }>[]>();
  for (const { region, entries } of journals) {
    for (const entry of entries) {
      if (entry.type !== "observation" && entry.type !== "late") continue;
      if (items.get(entry.item)?.from.region !== region) continue;
      if (entry.type === "observation") push(observations, entry.item, entry);
      else push(late, entry.item, entry);
    }
  }
  const started = (region: string) => {
    const first = byRegion.get(region)?.entries[0];
    return first?.type === "run-started" ? first : undefined;
  };
  const phase = (id: string, wanted: Phase) =>
    (observations.get(id) ?? []).filter((observation) => observation.phase === wanted);
  const plantedFor = (region: string, system: string) => started(region)?.planted[system];

  return {
    control: (id) => proofOf(id, items.get(id), { phase, plantedFor, problemsOf }),
    triesOf: (item) =>
      phase(item.id, "attempt")
        .flatMap((observation) => observation.tries)
        .map((one) => climbedLate(one, late.get(item.id) ?? [])),
    findingsOf: (item) => phase(item.id, "attempt").flatMap((observation) => observation.findings ?? []),
    plantedIn: (region) => Object.values(started(region)?.planted ?? {}),
    plantedFor,
    everythingPlanted: () =>
      new Map(
        journals.flatMap(({ region }) =>
          Object.values(started(region)?.planted ?? {}).map((digest) => [digest, region] as const),
        ),
      ),
    slowestMs: (kind) =>
      Math.max(
        0,
        ...plan.items
          .filter((item) => item.role === "control" && item.kind === kind)
          .flatMap((item) => [...phase(item.id, "before"), ...phase(item.id, "after")])
          .flatMap((observation) => observation.tries.map((one) => one.durationMs)),
      ),
    problemsOf,
  };

  function problemsOf(region: string): string[] {
    return byRegion.get(region)?.problems ?? ["there is none"];
  }
}

interface Shelf {
  phase(id: string, wanted: Phase): Observation[];
  plantedFor(region: string, system: string): string | undefined;
  problemsOf(region: string): string[];
}

/** A control proves its ground only if every one of its runs, before and after, arrived. */
function proofOf(id: string, item: PlannedItem | undefined, shelf: Shelf): Control {
  const nothing = { id, addresses: [], provenFrom: Number.NaN, provenUntil: Number.NaN };
  if (item?.role !== "control") return { ...nothing, problem: "it is not planned" };
  const [broken] = shelf.problemsOf(item.from.region);
  if (broken) return { ...nothing, problem: `the journal of ${item.from.region} is no evidence: ${broken}` };
  const before = shelf.phase(id, "before");
  const after = shelf.phase(id, "after");
  if (before.length === 0) return { ...nothing, problem: "it was not run before the attempts" };
  if (after.length === 0) return { ...nothing, problem: "it was not run after the attempts" };
  const tries = [...before, ...after].flatMap((observation) => observation.tries);
  const planted = shelf.plantedFor(item.to.region, item.to.system);
  const failure = tries.map((one) => shortfall(item, one, planted)).find((reason) => reason !== null);
  if (failure) return { ...nothing, problem: failure };
  const first = before.flatMap((observation) => observation.tries);
  const last = after.flatMap((observation) => observation.tries);
  const lastAddresses = new Set(last.map((one) => one.address));
  return {
    id,
    problem: null,
    addresses: [...new Set(first.flatMap((one) => one.address ?? []))].filter((address) =>
      lastAddresses.has(address),
    ),
    provenFrom: Math.max(...first.map((one) => Date.parse(one.startedAt) + one.durationMs)),
    provenUntil: Math.min(...last.map((one) => Date.parse(one.startedAt))),
  };
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

function climbedLate(one: Try, late: readonly { address: string | null; rung: Rung }[]): Try {
  const rungs = late.filter((entry) => entry.address === one.address).map((entry) => entry.rung);
  return { ...one, climbed: rungs.reduce(higher, one.climbed) };
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
