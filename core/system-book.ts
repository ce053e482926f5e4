import { endpointOf, homesOf, type ResidencyMap, type System } from "./residency-map.ts";

/** The systems of a map, found by what is asked of them for every attempt. */
export interface SystemBook {
  byId: ReadonlyMap<string, System>;
  /** Every text in the systems' endpoints but for credentials, in lower case, and whose it is. */
  names: readonly { region: string; name: string }[];
}

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
      const { credentials: _, ...endpoint } = endpointOf(system, region);
      return stringsIn(endpoint).map((name) => ({ region, name }));
    }),
  );
  return [...new Map(all.map((one) => [`${one.region} ${one.name}`, one])).values()];
}

function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value.toLowerCase()];
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(stringsIn) : [];
}
