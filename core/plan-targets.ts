import type { Atlas } from "./atlas.ts";
import type { PlannedItem } from "./plan.ts";
import type { PlanMemo } from "./plan-memo.ts";
import {
  type Check,
  endpointOf,
  hasKey,
  homesOf,
  outside,
  type ResidencyMap,
  type System,
  type SystemKind,
} from "./residency-map.ts";
import type { ForeignEndpoint } from "./vendor-use.ts";
import type { Vendor } from "./vendors.ts";
import type { Vector } from "./vocabulary.ts";

/** One check of one system, in its map. */
export interface Subject {
  map: ResidencyMap;
  outside: boolean;
  vendors: readonly Vendor[];
  system: System;
  check: Check;
  kind: SystemKind;
  atlas: Atlas;
  memo: PlanMemo;
  /** The systems whose home shows that they take a TCP connection, and that no other region may reach. */
  listening: readonly System[];
}

/** Where an attempt goes: to a region's system, or to another endpoint of the system's vendor. */
export type Target = PlannedItem["to"];

export function targetAt(region: string, { id }: System, endpoint?: ForeignEndpoint): Target {
  return endpoint ? { endpoint, region, system: id } : { region, system: id };
}

export function placeOf({ region, endpoint }: Target): string {
  return endpoint?.host ?? region;
}

export function targetsFrom(region: string, subject: Subject): Target[] {
  const { system, map, check } = subject;
  const homes = homesOf(system, map);
  if (check.outward) return homes.includes(region) ? [targetAt(outside, system)] : [];
  const hostIn = (home: string) => endpointOf(system, home).host;
  // Two regions of one jurisdiction may use the same endpoint of a vendor: that is no crossing.
  const shares = check.everyEndpoint === true && homes.includes(region);
  const others = homesWith(check, system, map).filter(
    (home) => home !== region && !(shares && hostIn(home) === hostIn(region)),
  );
  return [...others.map((home) => targetAt(home, system)), ...foreignFrom(region, subject)];
}

/** Where a check finds what it needs: what goes over something of one's own needs it there, not at the target. */
function homesWith({ contacts, needs }: Check, system: System, map: ResidencyMap): string[] {
  return homesOf(system, map).filter((home) => contacts === "own" || hasKey(system, home, needs));
}

export function systemsAbroad(region: string, { map, system, listening }: Subject, vector: Vector): Target[] {
  return listening
    .filter((other) => other.kind !== system.kind && other.addressFamilies.includes(vector.addressFamily))
    .flatMap((other) =>
      homesOf(other, map)
        .filter((home) => isAbroad(home, region))
        .map((home) => targetAt(home, other)),
    );
}

/** In another region, and not in nobody's. */
export function isAbroad(home: string, region: string): boolean {
  return home !== region && home !== outside;
}

function foreignFrom(region: string, { check, memo, system }: Subject): Target[] {
  if (!check.everyEndpoint) return [];
  return memo.foreign(region, system).map((endpoint) => targetAt(outside, system, endpoint));
}

/** Everywhere that somebody may have to show to be alive. */
export function targetsOf(subject: Subject): Target[] {
  const { check, system, map } = subject;
  const away = check.outward ? [outside] : [];
  const homes = [...homesWith(check, system, map), ...away].map((region) => targetAt(region, system));
  const foreign = Object.keys(map.regions).flatMap((region) => foreignFrom(region, subject));
  const named = new Map(foreign.map((target) => [placeOf(target), target]));
  return [...homes, ...named.values()].filter(({ region }) => region !== outside || subject.outside);
}
