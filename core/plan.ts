import { z } from "zod";
import { Atlas, atlasOf } from "./atlas.ts";
import { digestOf } from "./digest.ts";
import {
  backupGaps,
  gapsOf,
  notCarriedTo,
  notClaimedAt,
  notClaimedOf,
  uncarriedGaps,
  vendorGaps,
} from "./plan-gaps.ts";
import { attemptsFrom, checksOf, controlsAt } from "./plan-items.ts";
import { planMemo } from "./plan-memo.ts";
import { targetsOf } from "./plan-targets.ts";
import { looks, outside, type ResidencyMap, type SystemKind } from "./residency-map.ts";
import type { Vendor } from "./vendors.ts";
import { AttemptFamily, LeakPath, Rung, Vector } from "./vocabulary.ts";

const PlannedItem = z.strictObject({
  id: z.string(),
  role: z.enum(["attempt", "control"]),
  family: AttemptFamily,
  path: LeakPath,
  kind: z.string(),
  probe: z.string(),
  title: z.string(),
  vector: Vector,
  from: z.strictObject({ region: z.string(), principal: z.string() }),
  to: z.strictObject({
    region: z.string(),
    system: z.string(),
    /** Another endpoint of the system's vendor, and where it is. */
    endpoint: z.strictObject({ host: z.string(), jurisdiction: z.string() }).optional(),
  }),
  /** The vantage's own system of the kind, where the target is another: its client, and its twin. */
  own: z.string().optional(),
  /** Whose canary a stray attempt looks for. */
  about: z.string().optional(),
  stopBy: Rung,
  goal: Rung,
  contacts: z.enum(["target", "own"]),
  repeats: z.int().min(2).optional(),
  looksFor: z.enum(looks).optional(),
  /** With which codes a write has to be refused, as the map declares it; only for a look at writes. */
  refusals: z.array(z.string()).optional(),
  /** What hosts are judged by that a look may name. */
  atlas: Atlas.optional(),
  privateAddresses: z.boolean().optional(),
  witnessed: z.boolean().optional(),
  deadlineMs: z.int(),
  /** Ids of the controls that must succeed before and after; absent where the attempt carries its own. */
  twin: z.string().optional(),
  targetAlive: z.string().optional(),
});
export type PlannedItem = z.infer<typeof PlannedItem>;

/** Something the map promises and nothing here can prove. */
export const Gap = z.strictObject({
  path: LeakPath,
  region: z.string(),
  system: z.string(),
  probe: z.string(),
  reason: z.string(),
});
export type Gap = z.infer<typeof Gap>;

/** Something the map does not promise, and that is therefore not tried: neither a pass nor a gap. */
export const NotClaimed = z.strictObject({
  path: LeakPath,
  system: z.string(),
  probe: z.string(),
  reason: z.string(),
});
export type NotClaimed = z.infer<typeof NotClaimed>;

export const Plan = z.strictObject({
  format: z.literal(1),
  environment: z.string(),
  map: z.string().describe("SHA-256 of the residency map, canonical JSON"),
  scope: z.strictObject({ regions: z.array(z.string()), paths: z.array(LeakPath), outside: z.boolean() }),
  items: z.array(PlannedItem),
  gaps: z.array(Gap),
  notClaimed: z.array(NotClaimed),
});
export type Plan = z.infer<typeof Plan>;

export interface PlanScope {
  environment: string;
  /** Vantage regions; all when left out. */
  regions?: readonly string[];
  paths?: readonly LeakPath[];
  /** Whether somebody outside of all regions can see that what they must not reach is alive. */
  outside?: boolean;
  vendors?: readonly Vendor[];
  /** Where the settings of SDKs lead; what the vendors' records say, unless told. */
  atlas?: Atlas;
}

/** Map × probes × vectors → attempts, controls and gaps. Pure: one map and scope, one plan. */
export function planAttempts(map: ResidencyMap, kinds: readonly SystemKind[], scope: PlanScope): Plan {
  const vantages = Object.keys(map.regions).filter(
    (id) => !scope.regions?.length || scope.regions.includes(id),
  );
  const systems = map.systems.filter((system) => !scope.paths?.length || scope.paths.includes(system.path));
  const attempts: PlannedItem[] = [];
  const gaps: Gap[] = [
    ...vendorGaps(systems, { map, vantages, vendors: scope.vendors ?? [] }),
    ...backupGaps(systems, { map, vantages }),
  ];
  const notClaimed: NotClaimed[] = [];
  const listeners = checksOf(map.systems, kinds).filter(
    ({ system, check, kind }) => check.probe === "tcp" && (system.stopBy ?? kind.stopBy) === "network",
  );
  const unasked = listeners.filter(({ system, check, kind }) => notClaimedOf(system, check, kind) !== null);
  const world = {
    map,
    outside: scope.outside ?? false,
    vendors: scope.vendors ?? [],
    atlas: scope.atlas ?? atlasOf(scope.vendors ?? []),
    memo: planMemo(map, scope.vendors ?? []),
    listening: listeners.filter((one) => !unasked.includes(one)).map(({ system }) => system),
  };
  for (const { system, check, kind } of checksOf(systems, kinds)) {
    const unclaimed = notClaimedOf(system, check, kind);
    if (unclaimed) {
      notClaimed.push(unclaimed);
      continue;
    }
    notClaimed.push(...notClaimedAt(system, check, map));
    if (check.everySystem) notClaimed.push(...unasked.map((one) => notCarriedTo(one.system, system, check)));
    for (const region of vantages) {
      const subject = { ...world, system, check, kind };
      const planned = attemptsFrom(region, subject);
      attempts.push(...planned);
      gaps.push(...gapsOf(planned, region, world.outside), ...uncarriedGaps(region, subject));
    }
  }
  const needed = new Set<string | undefined>();
  for (const { twin, targetAlive } of attempts) needed.add(twin).add(targetAlive);
  const controls = checksOf(map.systems, kinds)
    .flatMap(({ system, check, kind }) => {
      const subject = { ...world, system, check, kind };
      return targetsOf(subject).flatMap((target) => controlsAt(target, subject));
    })
    .filter((control) => needed.has(control.id));
  return {
    format: 1,
    environment: scope.environment,
    map: digestOf(map),
    scope: {
      regions: vantages,
      paths: [...new Set(systems.map((system) => system.path))].sort(),
      outside: world.outside,
    },
    items: [...controls, ...attempts].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)),
    gaps,
    notClaimed,
  };
}

/** Every region, and whoever sees from outside of all of them, where the plan has anything to see there. */
export function observersOf(map: ResidencyMap, { items }: Plan): string[] {
  const watched = items.some(({ from }) => from.region === outside);
  return [...Object.keys(map.regions), ...(watched ? [outside] : [])];
}

/** What the plan promises, as one digest: signed, and recomputed by `verify`. */
export function planDigest(plan: Plan): string {
  return digestOf(plan);
}
