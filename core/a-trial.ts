import { z } from "zod";
import { sha256 } from "./digest.ts";
import {
  chainLine,
  type Entry,
  emptyHead,
  type Findings,
  type Journal,
  Phase,
  type RowSum,
  readJournal,
  type Try,
  type Write,
} from "./journal.ts";
import { judge, type Verdict } from "./judge.ts";
import { type Gap, observersOf, type Plan, type PlannedItem, planAttempts, planDigest } from "./plan.ts";
import { homesOf, type ResidencyMap, type System, type SystemKind } from "./residency-map.ts";
import { type Outcome, type Rung, rungs } from "./vocabulary.ts";
import { sendToken } from "./witness.ts";

/** Test builders: a whole run, all controls holding and every attempt stopped, but for what a test says. */

export type Tried = Partial<Try> & Pick<Try, "outcome"> & { atSeconds?: number };
type Observed = { tries: Tried[]; findings?: Findings };
/** What is written down for one item in one phase; null where nothing was. */
export type Observe = (item: PlannedItem, phase: Phase) => Observed | null;

const below = (rung: Rung): Rung | null => rungs[rungs.indexOf(rung) - 1] ?? null;

export function silentAt(rung: Rung, rest: Partial<Tried> = {}): Tried {
  return { outcome: { kind: "silent", rung }, climbed: below(rung), durationMs: 4000, syns: 3, ...rest };
}

export function refusedAt(rung: Rung, code: string, rest: Partial<Tried> = {}): Tried {
  const nowhere = rung === "name" ? { address: null } : {};
  return { outcome: { kind: "refused", rung, code }, climbed: below(rung), ...nowhere, ...rest };
}

export function reached(rung: Rung, canary?: string, rest: Partial<Tried> = {}): Tried {
  const outcome: Outcome = { kind: "reached", rung, ...(canary ? { canary } : {}) };
  return { outcome, climbed: rung, ...rest };
}

export function faulted(code: string, rest: Partial<Tried> = {}): Tried {
  return { outcome: { kind: "faulted", code }, climbed: "name", ...rest };
}

/** One datagram, of which its sender never hears again. */
export const sent: Tried = silentAt("network", { durationMs: 20, syns: null });

export function canaryOf(region: string, system = "orders"): string {
  return sha256(`canary of ${system} in ${region}`);
}

const network: Record<string, number> = { eu: 10, us: 20, ap: 30 };

export function addressIn(region: string, family: 4 | 6 = 4): string {
  return family === 4 ? `10.${network[region]}.0.5` : `fd10:${network[region]}::5`;
}

const inside = { routes: ["name"], credentials: ["own"], goal: "data", contacts: "own" } as const;

const blind = { family: "send", credentials: ["none"], witnessed: true, goal: "network" } as const;

/** A kind of system with one check of every sort, one to which things are sent that are not answered, and one
 *  between whose regions tenants move. */
export const kinds: readonly SystemKind[] = [
  {
    kind: "sink",
    endpoint: z.strictObject({ host: z.string() }),
    stopBy: "authorization",
    checks: [
      {
        ...blind,
        probe: "send",
        routes: ["name", "address"],
        contacts: "target",
        repeats: 5,
        proves: "nothing that is sent arrives",
      },
      { ...blind, probe: "relay", routes: ["name"], contacts: "own", proves: "nothing is carried on" },
      {
        probe: "carry",
        family: "trespass",
        routes: ["name"],
        credentials: ["none"],
        goal: "data",
        contacts: "own",
        proves: "nothing is fetched",
      },
    ],
  },
  {
    kind: "store",
    endpoint: z.strictObject({ host: z.string() }),
    stopBy: "network",
    checks: [
      {
        probe: "read",
        family: "trespass",
        routes: ["name", "address"],
        credentials: ["target"],
        goal: "data",
        contacts: "target",
        proves: "no row of the far store",
      },
      {
        ...inside,
        probe: "stray",
        looksFor: "canaries",
        family: "stray",
        perOtherRegion: true,
        proves: "no far canary",
      },
      {
        ...inside,
        probe: "tenant",
        looksFor: "canaries",
        family: "stray",
        perOtherRegion: true,
        opens: "host",
        proves: "no tenant of the far store is served",
      },
      { ...inside, probe: "links", looksFor: "links", family: "stray", proves: "no link leads out" },
      {
        ...inside,
        probe: "wiring",
        family: "wiring",
        looksFor: "place",
        privateAddresses: true,
        proves: "the name ends at home",
      },
    ],
  },
  {
    kind: "mover",
    endpoint: z.strictObject({ host: z.string() }),
    stopBy: "network",
    checks: [
      {
        ...inside,
        probe: "frozen",
        looksFor: "writes",
        refusals: () => ["MOVING"],
        family: "stray",
        proves: "no write while moving",
      },
      { ...inside, probe: "whole", looksFor: "sums", family: "stray", proves: "what left arrived" },
    ],
  },
];

const outward = { ...blind, routes: ["name"], contacts: "own", outward: true } as const;

/** What speaks to a receiver outside of all regions, in two ways that share a twin. */
export const outwardKinds: readonly SystemKind[] = [
  {
    kind: "mouth",
    endpoint: z.strictObject({ host: z.string() }),
    stopBy: "network",
    checks: [
      { ...outward, probe: "shout", proves: "nothing is heard outside" },
      {
        ...outward,
        probe: "whisper",
        twinBy: "shout",
        proves: "nothing is heard outside, were it ever so low",
      },
    ],
  },
];

/** The same write, for a tenant that is being moved and for one that is not. */
export function aWrite(
  tenant: Write["tenant"],
  code: string | null = tenant === "moving" ? "MOVING" : null,
  how = "INSERT",
): Write {
  return { tenant, how, met: code === null ? { kind: "accepted" } : { kind: "refused", code } };
}

/** Four rows of the tenant that moved into a region. */
export function aSum(by: RowSum["by"], region: string, parts: Partial<RowSum> = {}): RowSum {
  return { tenant: `moved-to-${region}`, part: "members", by, rows: 4, digest: sha256(region), ...parts };
}

export function aSystem(parts: Partial<System> = {}): System {
  return {
    id: "orders",
    kind: "store",
    path: "database",
    home: "each-region",
    endpoint: { host: "orders.{region}.internal" },
    holds: "Orders",
    retention: "7 years",
    readers: [],
    exporters: [],
    backups: { storedIn: "same-region", retention: "35 days", restoredTo: [] },
    addressFamilies: [4],
    production: true,
    waivers: [],
    ...parts,
  };
}

export function aMap({
  regions = ["eu", "us", "ap"],
  systems = [aSystem()],
  guard = "drop",
  deadlineMs = 4000,
}: {
  regions?: string[];
  systems?: System[];
  guard?: "drop" | "reject";
  deadlineMs?: number;
} = {}): ResidencyMap {
  const region = (id: string) => ({
    jurisdiction: id.toUpperCase(),
    place: "Somewhere",
    addresses: [`10.${network[id]}.0.0/16`, `fd10:${network[id]}::/48`],
    guard,
  });
  const described = Object.fromEntries(regions.map((id) => [id, region(id)]));
  return { title: "A trial", attempts: { deadlineMs }, regions: described, systems };
}

/** Every control holds, every far system is silent, every look inside is clean. */
export const asPromised: Observe = (item) => {
  const isAsked = item.probe === "relay" || (item.probe === "carry" && item.role === "attempt");
  if (isAsked) return { tries: [refusedAt("authorization", "NXDOMAIN")] };
  if (item.witnessed) return { tries: Array<Tried>(item.repeats ?? 1).fill(sent) };
  const own = canaryOf(item.from.region, item.to.system);
  if (item.role === "control") return { tries: [reached(item.goal, own)] };
  if (item.family === "trespass") return { tries: [silentAt("network")] };
  const servedFrom = { addresses: [addressIn(item.from.region, item.vector.addressFamily)] };
  const links = { canaries: [own], links: [] };
  const findings = {
    wiring: { canaries: [own], servedFrom },
    links,
    stray: { canaries: [own] },
    tenant: { canaries: [own] },
    frozen: { canaries: [own], writes: [aWrite("settled"), aWrite("moving"), aWrite("settled")] },
    whole: { canaries: [own], sums: [aSum("count", item.from.region), aSum("manifest", item.from.region)] },
  };
  return { tries: [reached("data", own)], findings: findings[item.probe as keyof typeof findings] };
};

/** What a receiver says that it saw, and when it is asked. */
export interface Receiver {
  /** How often: true is as often as it was sent. */
  saw(item: PlannedItem, phase: Phase): boolean | number;
  askedAtSeconds: number;
}
/** Null where the receiver is not asked. */
export type Receivers = (region: string, system: string) => Receiver | null;

/** Every receiver saw what was sent to it from its own region, and nothing else. */
export const sawControls = (region: string, system: string): Receiver => ({
  saw: ({ role, to }) => role === "control" && to.region === region && to.system === system,
  askedAtSeconds: 25,
});

const startOf = (secondsIn: number) => new Date(Date.UTC(2026, 10, 22, 12, 0, 0) + secondsIn * 1000);
const secondsIn = { before: 1, attempt: 10, after: 20 } as const satisfies Record<Phase, number>;

function observation(item: PlannedItem, phase: Phase, { tries, findings }: Observed): Entry {
  const contacted = item.contacts === "own" ? item.from : item.to;
  const address = addressIn(contacted.region, item.vector.addressFamily);
  const filled = tries.map(({ atSeconds, ...one }): Try => {
    const startedAt = startOf(atSeconds ?? secondsIn[phase]).toISOString();
    return { address, startedAt, durationMs: 20, climbed: null, ...(findings ? { findings } : {}), ...one };
  });
  return { type: "observation", item: item.id, phase, tries: filled };
}

export interface Run {
  plan: Plan;
  map: ResidencyMap;
  /** The journals as they are written, by region. */
  texts: Record<string, string>;
  journals: Journal[];
}

export interface RunParts {
  plan: Plan;
  map: ResidencyMap;
  observe?: Observe;
  receivers?: Receivers;
  /** Entries between the attempts and the controls after them. */
  extra?: Record<string, Entry[]>;
  /** What a region planted, by system; everything when left out. */
  planted?: Record<string, Record<string, string>>;
}

/** Every region's journal, written and read back by the real code. */
export function aRun(parts: RunParts): Run {
  const { plan, map, observe = asPromised, receivers = sawControls, extra = {}, planted = {} } = parts;
  const observed = (region: string, phase: Phase): Entry[] =>
    plan.items
      .filter((item) => item.from.region === region && (item.role === "attempt") === (phase === "attempt"))
      .flatMap((item) => {
        const seen = observe(item, phase);
        return seen ? [observation(item, phase, seen)] : [];
      });
  const texts = observersOf(map, plan).map((region) => {
    const entries = [...observed(region, "before"), ...observed(region, "attempt")];
    entries.push(...(extra[region] ?? []), ...observed(region, "after"));
    entries.push(...witnessed(plan, region, { receivers, observe }));
    const mine = map.systems.filter((system) => homesOf(system, map).includes(region));
    const all = Object.fromEntries(mine.map(({ id }) => [id, canaryOf(region, id)]));
    const digests = { plan: planDigest(plan), map: plan.map, planted: planted[region] ?? all };
    return [region, journalText(region, digests, entries)] as const;
  });
  return reread({ plan, map, texts: Object.fromEntries(texts) });
}

function witnessed(
  { items }: Plan,
  region: string,
  { receivers, observe }: Required<Pick<RunParts, "receivers" | "observe">>,
): Entry[] {
  const sends = items.filter((item) => item.witnessed);
  const asked = new Set(sends.filter(({ to }) => to.region === region).map(({ to }) => to.system));
  return [...asked].flatMap((system) => {
    const receiver = receivers(region, system);
    if (!receiver) return [];
    const at = startOf(receiver.askedAtSeconds).toISOString();
    const arrivals = sends.flatMap((item) =>
      Phase.options
        .filter((phase) => (item.role === "attempt") === (phase === "attempt"))
        .flatMap((phase) => {
          const saw = receiver.saw(item, phase);
          const times = saw === true ? (observe(item, phase)?.tries.length ?? 1) : Number(saw);
          const token = sendToken("a-run", item.id, phase);
          return Array.from({ length: times }, () => ({ token, from: addressIn(item.from.region), at }));
        }),
    );
    return [{ type: "witnessed" as const, system, at, arrivals }];
  });
}

function journalText(
  region: string,
  digests: { plan: string; map: string; planted: Record<string, string> },
  entries: readonly Entry[],
): string {
  const observations = entries.filter((entry) => entry.type === "observation").length;
  const at = (seconds: number) => startOf(seconds).toISOString();
  let head = emptyHead;
  const whole: Entry[] = [
    { type: "run-started", runId: "a-run", region, version: "0.0.0", at: at(0), ...digests },
    ...entries,
    { type: "run-finished", at: at(30), observations },
  ];
  const lines = whole.map((entry) => {
    const next = chainLine(head, entry);
    head = next.head;
    return `${next.line}\n`;
  });
  return lines.join("");
}

function reread({ plan, map, texts }: Omit<Run, "journals">): Run {
  const digests = { runId: "a-run", plan: planDigest(plan), map: plan.map };
  const journals = Object.entries(texts).map(([region, text]) => readJournal(text, { ...digests, region }));
  return { plan, map, texts, journals };
}

/** The same run, with one region's journal altered line by line after it was written. */
export function damaged(run: Run, region: string, alter: (lines: string[]) => string[]): Run {
  const lines = alter((run.texts[region] ?? "").split("\n").slice(0, -1));
  return reread({ ...run, texts: { ...run.texts, [region]: lines.map((line) => `${line}\n`).join("") } });
}

export type ControlState = { before?: Tried[]; after?: Tried[] };
export const neverRun: ControlState = { before: [], after: [] };

const kindOf = {
  read: "store",
  stray: "store",
  tenant: "store",
  links: "store",
  wiring: "store",
  send: "sink",
  relay: "sink",
  carry: "sink",
  frozen: "mover",
  whole: "mover",
} as const;

export interface TrialParts {
  attempt?: Tried | Tried[];
  probe?: keyof typeof kindOf;
  route?: "name" | "address";
  findings?: Findings;
  /** What the same attempt by literal address met; left out: it is not planned. */
  literal?: Tried;
  twin?: ControlState;
  targetAlive?: ControlState;
  late?: { address: string | null; rung: Rung; refused?: string };
  guard?: "drop" | "reject";
  stopBy?: Rung;
  family?: 4 | 6;
  deadlineMs?: number;
  planted?: Record<string, Record<string, string>>;
  waivers?: System["waivers"];
  gaps?: Gap[];
  /** false: the attempt is made in "staging", beside the production system "orders". */
  production?: false;
  /** Whose canary it looks for; the first that is planned when left out. */
  about?: string;
  receivers?: Receivers;
}

/** One attempt from eu (on us, or inside eu), with its controls; contained by silence unless told otherwise. */
export function aTrial(parts: TrialParts = {}): Run {
  const { probe = "read", route = "name", family = 4, waivers = [], deadlineMs = 4000 } = parts;
  const isRouted = probe === "read" || probe === "send";
  const system = aSystem({
    kind: kindOf[probe],
    addressFamilies: [family],
    waivers,
    ...(parts.stopBy ? { stopBy: parts.stopBy } : {}),
    ...(parts.production === false ? { id: "staging", production: false } : {}),
  });
  const systems = system.production ? [system] : [system, aSystem()];
  const map = aMap({ regions: ["eu", "us"], systems, guard: parts.guard ?? "drop", deadlineMs });
  const whole = planAttempts(map, kinds, { environment: "replica", regions: ["eu"] });
  const tried = whole.items.filter(
    (item) =>
      item.role === "attempt" &&
      item.probe === probe &&
      item.to.system === system.id &&
      (parts.about === undefined || item.about === parts.about) &&
      (!isRouted || item.vector.route === route || parts.literal !== undefined),
  );
  const needed = new Set(tried.flatMap((item) => [item.id, item.twin, item.targetAlive]));
  const plan = { ...whole, items: whole.items.filter((item) => needed.has(item.id)), gaps: parts.gaps ?? [] };
  const main = tried.find((item) => item.vector.route === route || !isRouted);
  const late = parts.late && main ? [lateEntry(main, parts.late)] : [];
  const { planted = {}, receivers = sawControls } = parts;
  return aRun({ plan, map, planted, receivers, extra: { eu: late }, observe });

  function observe(item: PlannedItem, phase: Phase): Observed | null {
    const usual = asPromised(item, phase);
    if (phase !== "attempt") {
      const state =
        item.id === main?.twin ? parts.twin : item.id === main?.targetAlive ? parts.targetAlive : {};
      const tries = state?.[phase];
      return tries ? (tries.length > 0 ? { tries } : null) : usual;
    }
    if (item !== main) return parts.literal ? { tries: [parts.literal] } : usual;
    if (Array.isArray(parts.attempt) && parts.attempt.length === 0) return null;
    const findings = parts.findings ?? usual?.findings;
    const tries = parts.attempt ? [parts.attempt].flat() : (usual?.tries ?? []);
    return { tries, ...(findings ? { findings } : {}) };
  }
}

function lateEntry(item: PlannedItem, late: NonNullable<TrialParts["late"]>): Entry {
  return { type: "late", item: item.id, ...late, at: startOf(15).toISOString() };
}

/** The verdict on the trial's own attempt: the first that does not go by literal address, if there is one. */
export function verdictOn({ plan, map, journals }: Run): Verdict {
  const { verdicts } = judge(plan, map, journals);
  const verdict = verdicts.find(({ item }) => item.vector.route === "name") ?? verdicts[0];
  if (!verdict) throw new TypeError("the trial holds no attempt");
  return verdict;
}
