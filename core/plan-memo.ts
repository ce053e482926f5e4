import type { PlannedItem } from "./plan.ts";
import { hasKey, homesOf, type ResidencyMap, type System } from "./residency-map.ts";
import { type ForeignEndpoint, foreignEndpoints } from "./vendor-use.ts";
import type { Vendor } from "./vendors.ts";
import type { AddressFamily } from "./vocabulary.ts";

/** What has one answer for many attempts of a plan, found once: a large map asks a hundred thousand times. */
export interface PlanMemo {
  /** A region's own systems of a kind and an address family, with the key that a check needs; by id, in order. */
  own(region: string, wanted: OwnSystem): ReadonlyMap<string, System>;
  foreign(region: string, system: System): readonly ForeignEndpoint[];
  from(region: string): PlannedItem["from"];
  /** The same text as one string, however often it is made. */
  once(text: string): string;
}

interface OwnSystem {
  kind: string;
  addressFamily: AddressFamily;
  needs: string | undefined;
}

export function planMemo(map: ResidencyMap, vendors: readonly Vendor[]): PlanMemo {
  const own = new Map<string, ReadonlyMap<string, System>>();
  const foreign = new Map<string, readonly ForeignEndpoint[]>();
  const texts = new Map<string, string>();
  const origins = new Map<string, PlannedItem["from"]>();
  return {
    own: (region, wanted) =>
      remembered(own, `${region} ${wanted.addressFamily} ${wanted.kind} ${wanted.needs}`, () =>
        ownSystems(region, wanted, map),
      ),
    foreign: (region, system) =>
      remembered(foreign, `${region} ${system.id}`, () => foreignEndpoints(region, { system, map, vendors })),
    from: (region) => remembered(origins, region, () => ({ principal: "workload", region })),
    once: (text) => remembered(texts, text, () => text),
  };
}

function ownSystems(
  region: string,
  { kind, addressFamily, needs }: OwnSystem,
  map: ResidencyMap,
): ReadonlyMap<string, System> {
  const own = map.systems.filter(
    (system) =>
      system.kind === kind &&
      system.addressFamilies.includes(addressFamily) &&
      hasKey(system, region, needs) &&
      homesOf(system, map).includes(region),
  );
  const inOrder = own.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return new Map(inOrder.map((system) => [system.id, system]));
}

function remembered<T>(known: Map<string, T>, key: string, find: () => T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  const one = find();
  known.set(key, one);
  return one;
}
