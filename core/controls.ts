import { type Control, type ItemRecord, type Late, proofOf } from "./control-proof.ts";
import type { Journal, Phase, RowSum, Try } from "./journal.ts";
import type { Plan, PlannedItem } from "./plan.ts";
import { higher } from "./vocabulary.ts";
import { sendToken } from "./witness.ts";

/** A region, and a system in it. */
interface Origin {
  region: string;
  system: string;
}

/** A receiver that saw something, and from where it came. */
interface Sighting extends Origin {
  from: string;
}

/** The journals, asked by item. */
export interface ControlBook {
  control(id: string): Control;
  triesOf(item: PlannedItem): Try[];
  /** The code with which something refused an item, once its silence had been noted. */
  refusedLate(item: PlannedItem): string | undefined;
  plantedIn(region: string): string[];
  plantedFor(region: string, system: string): string | undefined;
  /** Where canaries of that digest were planted: in one system, unless somebody planted one twice. */
  originsOf(digest: string): readonly Origin[];
  /** The slowest control of its kind that was answered; Infinity where one in its own regions was not. */
  slowestMs(item: PlannedItem): number;
  /** Which receivers say that they saw what an item sent. */
  sightingsOf(item: PlannedItem, phase: Phase): readonly Sighting[];
  /** When the receiver of an item was last asked (ms since 1970; -Infinity: never). */
  askedAt(item: PlannedItem): number;
  problemsOf(region: string): string[];
  /** What is said of the tenants that moved between the systems of that id, by every region that was to be asked. */
  sumsOf(system: string): ReadonlyMap<string, readonly RowSum[]>;
}

export function controlBook(plan: Plan, journals: readonly Journal[]): ControlBook {
  const records = recordsOf(plan, journals);
  const planted = plantedBy(journals);
  const origins = new Map<string, Origin[]>();
  for (const [region, systems] of planted)
    for (const [system, digest] of systems) push(origins, digest, { region, system });
  const plantedFor = (region: string, system: string) => planted.get(region)?.get(system);
  const problemsOf = (region: string) => {
    const own = journals.filter((journal) => journal.region === region);
    return own.length === 0 ? ["there is none"] : own.flatMap((journal) => journal.problems);
  };
  const receivers = receiversOf(journals);
  const sums = sumsBySystem(records);
  const runId = runOf(journals);
  const sightingsOf = (item: PlannedItem, wanted: Phase) =>
    receivers.sightings.get(sendToken(runId, item.id, wanted)) ?? [];
  return {
    control: memoised((id) => proofOf(id, records.get(id), { plantedFor, problemsOf, sightingsOf })),
    sightingsOf,
    askedAt: ({ to }) => receivers.askedAt.get(`${to.region}/${to.system}`) ?? Number.NEGATIVE_INFINITY,
    triesOf: (item) => {
      const { attempt = [], late } = records.get(item.id) ?? {};
      const tries =
        attempt.length > 1 ? attempt.flatMap((observation) => observation.tries) : (attempt[0]?.tries ?? []);
      return late ? tries.map((one) => climbedLate(one, tries, late)) : tries;
    },
    refusedLate: ({ id }) => records.get(id)?.late?.find(({ refused }) => refused !== undefined)?.refused,
    plantedIn: memoised((region) => [...(planted.get(region)?.values() ?? [])]),
    plantedFor,
    originsOf: (digest) => origins.get(digest) ?? [],
    slowestMs: slowestControls(records),
    problemsOf: memoised(problemsOf),
    sumsOf: (system) => sums.get(system) ?? new Map(),
  };
}

function recordsOf(plan: Plan, journals: readonly Journal[]): Map<string, ItemRecord> {
  const records = new Map<string, ItemRecord>();
  for (const item of plan.items) records.set(item.id, { item });
  for (const { region, entries } of journals) {
    for (const entry of entries) {
      if (entry.type !== "observation" && entry.type !== "late") continue;
      const record = records.get(entry.item);
      if (record?.item.from.region !== region) continue;
      if (entry.type === "late") record.late = added(record.late, entry);
      else record[entry.phase] = added(record[entry.phase], entry);
    }
  }
  return records;
}

/** System → region → what is said there. */
function sumsBySystem(records: ReadonlyMap<string, ItemRecord>): Map<string, Map<string, RowSum[]>> {
  const sums = new Map<string, Map<string, RowSum[]>>();
  for (const { item, attempt = [] } of records.values()) {
    if (item.looksFor !== "sums") continue;
    const tries = attempt.flatMap((observation) => observation.tries);
    const said = tries.flatMap(({ findings }) => findings?.sums ?? []);
    const byRegion = sums.get(item.to.system) ?? new Map<string, RowSum[]>();
    byRegion.set(item.from.region, [...(byRegion.get(item.from.region) ?? []), ...said]);
    sums.set(item.to.system, byRegion);
  }
  return sums;
}

/** Region → system → digest, from the first line of each of the region's journals. */
function plantedBy(journals: readonly Journal[]): Map<string, Map<string, string>> {
  const planted = new Map<string, Map<string, string>>();
  for (const { region, entries } of journals) {
    const [first] = entries;
    if (first?.type !== "run-started") continue;
    planted.set(region, new Map([...(planted.get(region) ?? []), ...Object.entries(first.planted)]));
  }
  return planted;
}

interface Receivers {
  /** By "region/system". */
  askedAt: Map<string, number>;
  /** By token. */
  sightings: Map<string, Sighting[]>;
}

/** What the receivers said, each in the journal of its own region. */
function receiversOf(journals: readonly Journal[]): Receivers {
  const askedAt = new Map<string, number>();
  const sightings = new Map<string, Sighting[]>();
  for (const { region, entries } of journals) {
    for (const entry of entries) {
      if (entry.type !== "witnessed") continue;
      const { system, at, arrivals } = entry;
      const key = `${region}/${system}`;
      askedAt.set(key, Math.max(askedAt.get(key) ?? 0, Date.parse(at)));
      for (const { token, from } of arrivals) push(sightings, token, { region, system, from });
    }
  }
  return { askedAt, sightings };
}

/** A journal with problems may be of another run. */
function runOf(journals: readonly Journal[]): string {
  const sound = journals.find(({ problems }) => problems.length === 0) ?? journals[0];
  const first = sound?.entries[0];
  return first?.type === "run-started" ? first.runId : "";
}

/** Of those that were answered, by kind, and anywhere. One that was not tells no time of its own region: there no
 *  wait is long enough; for the lines between others it says nothing. */
function slowestControls(records: ReadonlyMap<string, ItemRecord>): (planned: PlannedItem) => number {
  const slowest = new Map<string, number>();
  const unanswered = new Set<string>();
  for (const { item, before = [], after = [] } of records.values()) {
    if (item.role !== "control") continue;
    for (const { outcome, durationMs } of [...before, ...after].flatMap(({ tries }) => tries)) {
      if (outcome.kind !== "silent")
        slowest.set(item.kind, Math.max(slowest.get(item.kind) ?? 0, durationMs));
      else if (!item.witnessed) unanswered.add(`${item.kind} ${item.to.region}`);
    }
  }
  return ({ kind, from, to }) => {
    const unknown = [from, to].some(({ region }) => unanswered.has(`${kind} ${region}`));
    return unknown ? Number.POSITIVE_INFINITY : (slowest.get(kind) ?? 0);
  };
}

function memoised<T>(compute: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const computed = compute(key);
    known.set(key, computed);
    return computed;
  };
}

/** A late answer counts for the try at its address; one that fits no try counts for all of them. */
function climbedLate(one: Try, all: readonly Try[], late: readonly Late[]): Try {
  const rungs = late
    .filter(({ refused }) => refused === undefined)
    .filter((entry) => entry.address === one.address || !all.some((other) => other.address === entry.address))
    .map((entry) => entry.rung);
  return { ...one, climbed: rungs.reduce(higher, one.climbed) };
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  map.set(key, added(map.get(key), value));
}

function added<T>(list: T[] | undefined, one: T): T[] {
  if (!list) return [one];
  list.push(one);
  return list;
}
