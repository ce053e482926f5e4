import { endpointOf, homesOf, type ResidencyMap, type System } from "./residency-map.ts";

/** The systems of a map, found by what is asked of them for every attempt. */
export interface SystemBook {
  byId: ReadonlyMap<string, System>;
  names: readonly OwnName[];
}

/** What an endpoint of the map calls a host, a region or a bucket of its own, in lower case. */
export interface OwnName {
  region: string;
  what: "host" | "region" | "bucket";
  name: string;
  /** A vendor's: what is below its name may be anywhere. */
  vendor: boolean;
}

/** An endpoint's other fields hold paths, receivers, names inside of a system, and what has to be refused. */
const fields = [
  ["host", "host"],
  ["sts", "host"],
  ["backup", "host"],
  ["region", "region"],
  ["bucket", "bucket"],
] as const;

/** By map, which nobody changes once it was read. */
const books = new WeakMap<ResidencyMap, SystemBook>();

export function systemBook(map: ResidencyMap): SystemBook {
  const known = books.get(map);
  if (known) return known;
  let names: SystemBook["names"] | undefined;
  const book: SystemBook = {
    byId: new Map(map.systems.toReversed().map((system) => [system.id, system])),
    get names() {
      names ??= namesIn(map);
      return names;
    },
  };
  books.set(map, book);
  return book;
}

function namesIn(map: ResidencyMap): SystemBook["names"] {
  const all = map.systems.flatMap((system) =>
    homesOf(system, map).flatMap((region) => {
      const endpoint = endpointOf(system, region);
      const proxy = endpoint.proxy as { host?: unknown } | undefined;
      const own = fields.map(([key, what]) => ({ what, name: endpoint[key], vendor: "vendor" in endpoint }));
      return [...own, { what: "host" as const, name: proxy?.host, vendor: false }].flatMap((one) =>
        typeof one.name === "string" ? [{ ...one, region, name: one.name.toLowerCase() }] : [],
      );
    }),
  );
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}
