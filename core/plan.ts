import { z } from "zod";
import { digestOf } from "./digest.ts";
import {
  type Check,
  homesOf,
  outside,
  type ResidencyMap,
  type System,
  type SystemKind,
} from "./residency-map.ts";
import { sdkHosts } from "./sdk-defaults.ts";
import { type ForeignEndpoint, foreignEndpoints, vendorDoubts } from "./vendor-use.ts";
import type { Vendor } from "./vendors.ts";
import { AttemptFamily, height, LeakPath, Rung, Vector, vectorId, vectorText } from "./vocabulary.ts";

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
  looksFor: z.enum(["canaries", "links", "place", "settings"]).optional(),
  /** Where settings may lead to: jurisdictions by host name, which stands for all names under it, too. */
  hosts: z.record(z.string(), z.array(z.string())).optional(),
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
  /** Jurisdictions by host name, of those that no system of the map is served from; the SDKs' own unless told. */
  hosts?: Readonly<Record<string, readonly string[]>>;
}

/** Map × probes × vectors → attempts, controls and gaps. Pure: one map and scope, one plan. */
export function planAttempts(map: ResidencyMap, kinds: readonly SystemKind[], scope: PlanScope): Plan {
  const vantages = Object.keys(map.regions).filter(
    (id) => !scope.regions?.length || scope.regions.includes(id),
  );
  const systems = map.systems.filter((system) => !scope.paths?.length || scope.paths.includes(system.path));
  const attempts: PlannedItem[] = [];
  const gaps: Gap[] = vendorGaps(systems, { map, vantages, vendors: scope.vendors ?? [] });
  const notClaimed: NotClaimed[] = [];
  const world = {
    map,
    outside: scope.outside ?? false,
    vendors: scope.vendors ?? [],
    hosts: scope.hosts ?? sdkHosts,
  };
  for (const { system, check, kind } of checksOf(systems, kinds)) {
    const unclaimed = notClaimedOf(system, check, kind);
    if (unclaimed) {
      notClaimed.push(unclaimed);
      continue;
    }
    for (const region of vantages) {
      const planned = attemptsFrom(region, { ...world, system, check, kind });
      attempts.push(...planned);
      gaps.push(...gapsOf(planned, region, world.outside));
    }
  }
  const needed = new Set(attempts.flatMap((attempt) => [attempt.twin, attempt.targetAlive]));
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

interface Subject {
  map: ResidencyMap;
  outside: boolean;
  vendors: readonly Vendor[];
  system: System;
  check: Check;
  kind: SystemKind;
  hosts: NonNullable<PlanScope["hosts"]>;
}

function checksOf(systems: readonly System[], kinds: readonly SystemKind[]) {
  return systems.flatMap((system) => {
    const kind = kinds.find((candidate) => candidate.kind === system.kind);
    const checks = kind?.checks.filter(({ needs }) => needs === undefined || needs in system.endpoint);
    return kind ? (checks ?? []).map((check) => ({ system, check, kind })) : [];
  });
}

function vectorsOf(check: Check, system: System): Vector[] {
  return check.routes.flatMap((route) =>
    [...system.addressFamilies]
      .sort()
      .flatMap((addressFamily) =>
        check.credentials.map((credentials) => ({ route, addressFamily, credentials })),
      ),
  );
}

function attemptsFrom(region: string, subject: Subject): PlannedItem[] {
  const { map, system, check } = subject;
  const homes = homesOf(system, map);
  // Nothing of production may be in what is not production, whichever region it is of.
  const sought = Object.keys(map.regions).filter((id) => id !== region || !system.production);
  return vectorsOf(check, system).flatMap((vector) => {
    if (check.family === "trespass" || check.family === "send") {
      return targetsFrom(region, subject).map((target) => {
        const twin = twinSystem(region, vector, subject);
        const aliveBy = { probe: check.aliveBy ?? check.probe };
        return item(subject, {
          id: `${system.path}/${system.id}/${check.probe}/${vectorId(vector)}/${region}/${placeOf(target)}`,
          role: "attempt",
          vector,
          from: region,
          to: target,
          ...(twin ? { own: twin.id, twin: controlId(twin, check, vector, { region }) } : {}),
          targetAlive: controlId(system, aliveBy, vector, target),
        });
      });
    }
    if (!homes.includes(region)) return [];
    const inside = { role: "attempt" as const, vector, from: region, to: { region } };
    const id = `${system.path}/${system.id}/${check.probe}/${vectorId(vector)}/${region}`;
    if (!check.perOtherRegion) return [item(subject, { ...inside, id })];
    return sought.map((about) => item(subject, { ...inside, id: `${id}/of/${about}`, about }));
  });
}

/** At home there is nothing to learn: one control serves the vectors by name and by address. */
function controlsAt(target: Target, subject: Subject): PlannedItem[] {
  const { system, check } = subject;
  const [route = "name"] = check.routes;
  return vectorsOf({ ...check, routes: [route] }, system).map((vector) =>
    item(subject, {
      id: controlId(system, check, vector, target),
      role: "control",
      vector,
      from: target.region,
      to: target,
    }),
  );
}

function controlId(
  system: System,
  { probe }: { probe: string },
  { addressFamily, credentials }: Vector,
  target: Target,
): string {
  return `control/${system.id}/${probe}/ipv${addressFamily}-${credentials}/${placeOf(target)}`;
}

/** Where an attempt goes: to a region's system, or to another endpoint of the system's vendor. */
interface Target {
  region: string;
  endpoint?: ForeignEndpoint;
}

function placeOf({ region, endpoint }: Target): string {
  return endpoint?.host ?? region;
}

function targetsFrom(region: string, subject: Subject): Target[] {
  const homes = homesOf(subject.system, subject.map).filter((home) => home !== region);
  return [...homes.map((home) => ({ region: home })), ...foreignFrom(region, subject)];
}

function foreignFrom(region: string, subject: Subject): Target[] {
  if (!subject.check.everyEndpoint) return [];
  return foreignEndpoints(region, subject).map((endpoint) => ({ region: outside, endpoint }));
}

/** Everywhere that somebody may have to show to be alive. */
function targetsOf(subject: Subject): Target[] {
  const homes = homesOf(subject.system, subject.map).map((home): Target => ({ region: home }));
  const foreign = Object.keys(subject.map.regions).flatMap((region) => foreignFrom(region, subject));
  const named = new Map(foreign.map((target) => [placeOf(target), target]));
  return [...homes, ...named.values()].filter(({ region }) => region !== outside || subject.outside);
}

/** The vantage's own system of that kind and address family; the same one where every region has its own. */
function twinSystem(
  region: string,
  vector: Vector,
  { map, system, check, kind }: Subject,
): System | undefined {
  const own = map.systems.filter(
    (other) =>
      other.kind === kind.kind &&
      other.addressFamilies.includes(vector.addressFamily) &&
      (check.needs === undefined || check.needs in other.endpoint) &&
      homesOf(other, map).includes(region),
  );
  const first = own.reduce<System | undefined>((a, b) => (a && a.id < b.id ? a : b), undefined);
  return own.find((other) => other.id === system.id) ?? first;
}

function item(
  { map, system, check, kind, hosts }: Subject,
  part: {
    id: string;
    role: "attempt" | "control";
    vector: Vector;
    from: string;
    to: Target;
    about?: string;
    own?: string;
    twin?: string;
    targetAlive?: string;
  },
): PlannedItem {
  const { from, to, ...rest } = part;
  const place = to.endpoint ? `${to.endpoint.host} (${to.endpoint.jurisdiction})` : to.region;
  const arrow = from === to.region ? `inside ${place}` : `${from} → ${place}`;
  const whose = part.about ? `, canary of ${part.about}` : "";
  return {
    ...rest,
    title: `${arrow} ${system.id} ${check.probe} ${vectorText(part.vector)}${whose}`,
    family: check.family,
    path: system.path,
    kind: kind.kind,
    probe: check.probe,
    from: { region: from, principal: "workload" },
    to: { ...to, system: system.id },
    stopBy: system.stopBy ?? kind.stopBy,
    goal: check.goal,
    contacts: check.contacts,
    ...(check.repeats && part.role === "attempt" ? { repeats: check.repeats } : {}),
    ...(check.looksFor ? { looksFor: check.looksFor } : {}),
    ...(check.looksFor === "settings" ? { hosts: listed(hosts) } : {}),
    ...(check.privateAddresses ? { privateAddresses: true } : {}),
    ...(check.witnessed ? { witnessed: true } : {}),
    deadlineMs: map.attempts.deadlineMs,
  };
}

function listed(hosts: Subject["hosts"]): Record<string, string[]> {
  return Object.fromEntries(Object.entries(hosts).map(([host, places]) => [host, [...places]]));
}

function gapsOf(attempts: readonly PlannedItem[], region: string, seenFromOutside: boolean): Gap[] {
  const [blind] = attempts.filter((attempt) => attempt.to.region === outside && !seenFromOutside);
  if (blind) {
    const what = { path: blind.path, region, system: blind.to.system, probe: blind.probe };
    return [
      { ...what, reason: "nobody outside of the regions can show that what they must not reach is alive" },
    ];
  }
  const [lonely] = attempts.filter((attempt) => attempt.targetAlive && !attempt.twin);
  if (!lonely) return [];
  const what = `${lonely.kind} over IPv${lonely.vector.addressFamily}`;
  return [
    {
      path: lonely.path,
      region,
      system: lonely.to.system,
      probe: lonely.probe,
      reason: `${region} has no ${what} of its own, so nothing there can prove that the client works`,
    },
  ];
}

function notClaimedOf(system: System, check: Check, kind: SystemKind): NotClaimed | null {
  const what = { path: system.path, system: system.id, probe: check.probe };
  if (system.checks && !system.checks.includes(check.probe)) {
    return { ...what, reason: `the map asks only for ${system.checks.join(", ")} here` };
  }
  const stopBy = system.stopBy ?? kind.stopBy;
  if (check.about === undefined || height(check.about) <= height(stopBy)) return null;
  const reason = `it asks whether ${check.about} refuses, and the map promises to stop everybody at ${stopBy} already`;
  return { ...what, reason };
}

function vendorGaps(
  systems: readonly System[],
  { vantages, ...world }: { map: ResidencyMap; vantages: readonly string[]; vendors: readonly Vendor[] },
): Gap[] {
  return systems.flatMap((system) =>
    vantages.flatMap((region) =>
      vendorDoubts(region, { ...world, system }).map((reason) => ({
        path: system.path,
        region,
        system: system.id,
        probe: system.kind,
        reason,
      })),
    ),
  );
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
