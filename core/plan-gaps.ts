import type { Gap, NotClaimed, PlannedItem } from "./plan.ts";
import { isAbroad, type Subject } from "./plan-targets.ts";
import {
  type Check,
  hasKey,
  homesOf,
  outside,
  type ResidencyMap,
  type System,
  type SystemKind,
} from "./residency-map.ts";
import { vendorDoubts } from "./vendor-use.ts";
import type { Vendor } from "./vendors.ts";
import { height } from "./vocabulary.ts";

/** What an attempt lacks to be proven by. */
export function gapsOf(attempts: readonly PlannedItem[], region: string, seenFromOutside: boolean): Gap[] {
  const [blind] = attempts.filter((attempt) => attempt.to.region === outside && !seenFromOutside);
  if (blind) {
    const what = { path: blind.path, region, system: blind.to.system, probe: blind.probe };
    return [
      { ...what, reason: "nobody outside of the regions can show that what they must not reach is alive" },
    ];
  }
  const [lonely] = attempts.filter(
    (attempt) => attempt.targetAlive && !attempt.twin && attempt.about === undefined,
  );
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

export function notClaimedOf(system: System, check: Check, kind: SystemKind): NotClaimed | null {
  const what = { path: system.path, system: system.id, probe: check.probe };
  if (system.checks && !system.checks.includes(check.probe)) {
    return { ...what, reason: `the map asks only for ${system.checks.join(", ")} here` };
  }
  const stopBy = system.stopBy ?? kind.stopBy;
  if (check.about === undefined || height(check.about) <= height(stopBy)) return null;
  const reason = `it asks whether ${check.about} refuses, and the map promises to stop everybody at ${stopBy} already`;
  return { ...what, reason };
}

/** What a check needs, and only some homes have. Where it is needed of the vantage, its lack is a gap instead. */
export function notClaimedAt(system: System, check: Check, map: ResidencyMap): NotClaimed[] {
  const crossesOverOwn = check.contacts === "own" && (check.family === "trespass" || check.family === "send");
  if (crossesOverOwn) return [];
  return homesOf(system, map)
    .filter((home) => !hasKey(system, home, check.needs))
    .map((home) => ({
      ...{ path: system.path, system: system.id, probe: check.probe },
      reason: `its endpoint in ${home} has no ${check.needs}`,
    }));
}

/** A system whose port the map asks nothing of is not one that its proxies are asked to carry to. */
export function notCarriedTo(other: System, proxy: System, check: Check): NotClaimed {
  const what = { path: proxy.path, system: proxy.id, probe: check.probe };
  return { ...what, reason: `the map asks only for ${other.checks?.join(", ")} of ${other.id}` };
}

/** Systems abroad that listen over an address family which a region's proxy does not: it is asked over its own only,
 *  and may carry over the other all the same. */
export function uncarriedGaps(region: string, { system, check, map, listening }: Subject): Gap[] {
  if (!check.everySystem || !homesOf(system, map).includes(region)) return [];
  return listening
    .filter(
      (other) => other.kind !== system.kind && homesOf(other, map).some((home) => isAbroad(home, region)),
    )
    .flatMap((other) => {
      const missing = other.addressFamilies.filter((family) => !system.addressFamilies.includes(family));
      return missing.map((family) => ({
        ...{ path: system.path, region, system: system.id, probe: check.probe },
        reason: `${system.id} does not listen over IPv${family}, so that it is not asked for ${other.id} over it`,
      }));
    });
}

/** Backups that the map itself puts under another law. */
export function backupGaps(
  systems: readonly System[],
  { map, vantages }: { map: ResidencyMap; vantages: readonly string[] },
): Gap[] {
  return systems.flatMap((system) => {
    const { storedIn } = system.backups;
    const law = map.regions[storedIn]?.jurisdiction;
    return homesOf(system, map)
      .filter(
        (home) => vantages.includes(home) && law !== undefined && law !== map.regions[home]?.jurisdiction,
      )
      .map((region) => ({
        ...{ path: system.path, region, system: system.id, probe: system.kind },
        reason: `the map keeps its backups in ${storedIn} (${law})`,
      }));
  });
}

export function vendorGaps(
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
