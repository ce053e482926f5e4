import type { Atlas } from "./atlas.ts";
import type { PlannedItem } from "./plan.ts";
import {
  type Check,
  endpointOf,
  homesOf,
  outside,
  type ResidencyMap,
  type System,
  type SystemKind,
} from "./residency-map.ts";
import { type ForeignEndpoint, foreignEndpoints } from "./vendor-use.ts";
import type { Vendor } from "./vendors.ts";
import { type Vector, vectorId, vectorText } from "./vocabulary.ts";

/** One check of one system, in its map. */
export interface Subject {
  map: ResidencyMap;
  outside: boolean;
  vendors: readonly Vendor[];
  system: System;
  check: Check;
  kind: SystemKind;
  atlas: Atlas;
  /** The systems whose home shows that they take a TCP connection, and that no other region may reach. */
  listening: readonly System[];
}

export function checksOf(systems: readonly System[], kinds: readonly SystemKind[]) {
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

export function attemptsFrom(region: string, subject: Subject): PlannedItem[] {
  const { map, system, check } = subject;
  const homes = homesOf(system, map);
  // Nothing of production may be in what is not production, whichever region it is of.
  const sought = Object.keys(map.regions).filter((id) => id !== region || !system.production);
  return vectorsOf(check, system).flatMap((vector) => {
    if (check.family === "trespass" || check.family === "send") {
      return targetsFrom(region, subject, vector).map((target) => {
        const twin = twinSystem(region, vector, subject);
        const aliveBy = { probe: check.aliveBy ?? check.probe };
        return item(subject, {
          id: `${system.path}/${system.id}/${check.probe}/${vectorId(vector)}/${region}/${placeOf(target)}${target.system ? `/${target.system.id}` : ""}`,
          role: "attempt",
          vector,
          from: region,
          to: target,
          ...(twin ? { own: twin.id, twin: controlId(twin, check, vector, { region }) } : {}),
          targetAlive: controlId(target.system ?? system, aliveBy, vector, target),
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
export function controlsAt(target: Target, subject: Subject): PlannedItem[] {
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

/** Where an attempt goes: to a region's system, which is the subject's unless another is named, or to another
 *  endpoint of the system's vendor. */
interface Target {
  region: string;
  system?: System;
  endpoint?: ForeignEndpoint;
}

function placeOf({ region, endpoint }: Target): string {
  return endpoint?.host ?? region;
}

function targetsFrom(region: string, subject: Subject, vector: Vector): Target[] {
  const { system, map, check } = subject;
  if (check.everySystem) return systemsAbroad(region, subject, vector);
  const homes = homesOf(system, map);
  const hostIn = (home: string) => endpointOf(system, home).host;
  // Two regions of one jurisdiction may use the same endpoint of a vendor: that is no crossing.
  const shares = check.everyEndpoint === true && homes.includes(region);
  const others = homes.filter((home) => home !== region && !(shares && hostIn(home) === hostIn(region)));
  return [...others.map((home) => ({ region: home })), ...foreignFrom(region, subject)];
}

function systemsAbroad(region: string, { map, system, listening }: Subject, vector: Vector): Target[] {
  return listening
    .filter((other) => other.kind !== system.kind && other.addressFamilies.includes(vector.addressFamily))
    .flatMap((other) =>
      homesOf(other, map)
        .filter((home) => home !== region && home !== outside)
        .map((home) => ({ region: home, system: other })),
    );
}

function foreignFrom(region: string, subject: Subject): Target[] {
  if (!subject.check.everyEndpoint) return [];
  return foreignEndpoints(region, subject).map((endpoint) => ({ region: outside, endpoint }));
}

/** Everywhere that somebody may have to show to be alive. */
export function targetsOf(subject: Subject): Target[] {
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
  { map, system, check, kind, atlas }: Subject,
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
  const { system: other, ...where } = to;
  const place = to.endpoint ? `${to.endpoint.host} (${to.endpoint.jurisdiction})` : to.region;
  const arrow = from === to.region ? `inside ${place}` : `${from} → ${place}${other ? ` ${other.id}` : ""}`;
  const whose = part.about ? `, canary of ${part.about}` : "";
  return {
    ...rest,
    title: `${arrow} ${system.id} ${check.probe} ${vectorText(part.vector)}${whose}`,
    family: check.family,
    path: system.path,
    kind: kind.kind,
    probe: check.probe,
    from: { region: from, principal: "workload" },
    to: { ...where, system: (other ?? system).id },
    stopBy: system.stopBy ?? kind.stopBy,
    goal: check.goal,
    contacts: check.contacts,
    ...(check.repeats && part.role === "attempt" ? { repeats: check.repeats } : {}),
    ...(check.looksFor ? { looksFor: check.looksFor } : {}),
    ...(check.looksFor === "settings" || check.namesHosts ? { atlas } : {}),
    ...(check.privateAddresses ? { privateAddresses: true } : {}),
    ...(check.witnessed ? { witnessed: true } : {}),
    deadlineMs: map.attempts.deadlineMs,
  };
}
