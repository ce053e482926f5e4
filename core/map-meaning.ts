import { overlap } from "./addresses.ts";
import { entries, list, type MapProblem, type Path, show, suggestion, valueAt } from "./raw-map.ts";
import { outside, type SystemKind } from "./residency-map.ts";

export interface MapRules {
  kinds: readonly SystemKind[];
  /** YYYY-MM-DD. */
  today: string;
  /** The vendors of which there is a record; left out, any name is taken. */
  vendors?: readonly string[];
}

/** What a schema cannot say: names that nothing has, and what contradicts something else. */
export function meaningProblems(raw: unknown, { kinds, today, vendors }: MapRules): MapProblem[] {
  const regions = entries(valueAt(raw, ["regions"]));
  const names = regions.map(([name]) => name);
  return [
    ...regions.flatMap(([name, region], index) => overlaps(name, region, regions.slice(0, index))),
    ...duplicates(list(valueAt(raw, ["systems"]))),
    ...list(valueAt(raw, ["systems"])).flatMap((system, index) => [
      ...unknownRegions(system, ["systems", index], names),
      ...unknownVendor(system, ["systems", index, "endpoint", "vendor"], vendors),
      ...emptyChecks(system, ["systems", index, "checks"], kinds),
      ...waiverProblems(list(valueAt(system, ["waivers"])), ["systems", index, "waivers"], today),
    ]),
  ];
}

function overlaps(name: string, region: unknown, earlier: [string, unknown][]): MapProblem[] {
  return list(valueAt(region, ["addresses"])).flatMap((block, index) =>
    earlier.flatMap(([other, otherRegion]) =>
      list(valueAt(otherRegion, ["addresses"]))
        .filter((otherBlock) => overlap(String(block), String(otherBlock)))
        .map((otherBlock) => ({
          code: "MAP_OVERLAPPING_ADDRESSES",
          path: ["regions", name, "addresses", index],
          expected: "a block that no other region uses, so that an address says whose it is",
          got: `${String(block)}, which overlaps ${String(otherBlock)} of ${other}`,
          fix: "give one of the two regions another block",
        })),
    ),
  );
}

function duplicates(systems: unknown[]): MapProblem[] {
  const ids = systems.map((system) => valueAt(system, ["id"]));
  return ids.flatMap((id, index) =>
    id !== undefined && ids.indexOf(id) < index
      ? [
          {
            code: "MAP_DUPLICATE_ID",
            path: ["systems", index, "id"],
            expected: "an id used once",
            got: `"${String(id)}", already used by systems[${ids.indexOf(id)}]`,
            fix: "rename one of the two systems",
          },
        ]
      : [],
  );
}

function unknownRegions(system: unknown, path: Path, names: string[]): MapProblem[] {
  const home = valueAt(system, ["home"]);
  const stored = valueAt(system, ["backups", "storedIn"]);
  const mentions: [Path, unknown][] = [
    ...(Array.isArray(home)
      ? home.map((name, index) => [["home", index], name] as [Path, unknown])
      : home === "each-region" || home === outside
        ? []
        : [[["home"], home] as [Path, unknown]]),
    ...(stored === "same-region" || stored === "none"
      ? []
      : [[["backups", "storedIn"], stored] as [Path, unknown]]),
    ...entries(valueAt(system, ["perRegion"])).map(
      ([name]) => [["perRegion", name], name] as [Path, unknown],
    ),
    ...list(valueAt(system, ["waivers"])).flatMap((waiver, index) =>
      ["from", "to"].map((key) => [["waivers", index, key], valueAt(waiver, [key])] as [Path, unknown]),
    ),
  ];
  return mentions
    .filter(
      (mention): mention is [Path, string] => typeof mention[1] === "string" && !names.includes(mention[1]),
    )
    .map(([where, name]) => ({
      code: "MAP_UNKNOWN_REGION",
      path: [...path, ...where],
      expected: `a declared region: ${names.join(", ") || "none is declared"}`,
      got: show(name, where),
      fix: suggestion(name, names, "add the region under `regions`"),
    }));
}

function unknownVendor(system: unknown, path: Path, vendors: readonly string[] | undefined): MapProblem[] {
  const vendor = valueAt(system, ["endpoint", "vendor"]);
  if (typeof vendor !== "string" || !vendors || vendors.includes(vendor)) return [];
  return [
    {
      code: "MAP_UNKNOWN_VENDOR",
      path,
      expected: "a vendor of which there is a record; `ringfence vendors` lists them",
      got: show(vendor, path),
      fix: suggestion(vendor, vendors, "add its record: see docs/vendors.md"),
    },
  ];
}

/** A check that is asked for, and has nothing to try. */
function emptyChecks(system: unknown, path: Path, kinds: readonly SystemKind[]): MapProblem[] {
  const known = kinds.find(({ kind }) => kind === valueAt(system, ["kind"]))?.checks ?? [];
  const regional = entries(valueAt(system, ["perRegion"])).map(([, endpoint]) => endpoint);
  const endpoints = [valueAt(system, ["endpoint"]), ...regional];
  return list(valueAt(system, ["checks"])).flatMap((probe, index) => {
    const needs = known.find((check) => check.probe === probe)?.needs;
    if (needs === undefined || endpoints.some((endpoint) => valueAt(endpoint, [needs]) !== undefined))
      return [];
    return [
      {
        code: "MAP_MISSING_KEY",
        path: [...path, index],
        expected: `"${needs}" in the endpoint, without which ${String(probe)} has nothing to try`,
        got: "nothing",
        fix: `add "${needs}" to the endpoint, or leave ${String(probe)} out of \`checks\``,
      },
    ];
  });
}

function waiverProblems(waivers: unknown[], path: Path, today: string): MapProblem[] {
  return waivers.flatMap((waiver, index) => {
    const expires = valueAt(waiver, ["expires"]);
    if (typeof expires !== "string" || !/^\d{4}-\d\d-\d\d$/.test(expires) || expires >= today) return [];
    return [
      {
        code: "MAP_EXPIRED_WAIVER",
        path: [...path, index, "expires"],
        expected: `a day not before ${today}`,
        got: expires,
        fix: "close the hole and remove the waiver, or have it approved anew",
      },
    ];
  });
}
