import type { z } from "zod";
import { overlap } from "./addresses.ts";
import type { Problem } from "./errors.ts";
import { knownKeys } from "./known-keys.ts";
import { outside, type ResidencyMap, residencyMapSchema, type SystemKind } from "./residency-map.ts";

type Path = readonly (string | number)[];
export type MapProblem = Omit<Problem, "path" | "file" | "line"> & { path: Path };

const secretish = /(AKIA|ASIA)[A-Z0-9]{16}|-----BEGIN|:\/\/[^/\s:@]+:[^/\s@]+@|\b(sk|ghp|xox[bp])[-_]/;
const secretKey = /password|secret|token|accessKeyId|privateKey|apiKey/i;

export interface MapRules {
  kinds: readonly SystemKind[];
  /** YYYY-MM-DD. */
  today: string;
  /** The vendors of which there is a record; left out, any name is taken. */
  vendors?: readonly string[];
}

/** Checks a parsed map and returns it, or every problem at once. */
export function checkMap(
  raw: unknown,
  options: MapRules,
): { map: ResidencyMap; problems: [] } | { map: null; problems: MapProblem[] } {
  const schema = residencyMapSchema(options.kinds);
  const parsed = schema.safeParse(raw);
  const keysAt = (path: Path) => knownKeys(schema, path, raw);
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => shapeProblems(issue, { raw, keysAt }))),
    ...meaningProblems(raw, options),
  ];
  const inline = secretProblems(raw).filter(
    (secret) => !problems.some((known) => samePath(known.path, secret.path)),
  );
  problems.push(...inline);
  if (!parsed.success || problems.length > 0) return { map: null, problems };
  return { map: parsed.data as ResidencyMap, problems: [] };
}

function shapeProblems(
  issue: z.core.$ZodIssue,
  { raw, keysAt }: { raw: unknown; keysAt: (path: Path) => string[] },
): MapProblem[] {
  const path = issue.path.filter((part) => typeof part !== "symbol") as Path;
  const got = show(valueAt(raw, path), path);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysAt(path);
      return issue.keys.map((key) => {
        const near = nearest(key, known);
        return {
          code: "MAP_UNKNOWN_KEY",
          path: [...path, key],
          expected: known.length > 0 ? `one of ${known.join(", ")}` : "a key the schema knows",
          got: `"${key}"`,
          fix: near ? `rename it to "${near}", or remove it` : "remove it, or see docs/residency-map.md",
        };
      });
    }
    case "invalid_type": {
      const missing = valueAt(raw, path) === undefined;
      const expected = yamlWords[issue.expected] ?? issue.expected;
      return [
        {
          code: missing ? "MAP_MISSING_KEY" : "MAP_WRONG_TYPE",
          path,
          expected,
          got: missing ? "nothing" : got,
          fix: missing ? `add "${path.at(-1)}"` : `write ${expected} here`,
        },
      ];
    }
    case "invalid_value":
      return [wrongWord(path, valueAt(raw, path), issue.values.map(String))];
    case "invalid_union": {
      if ("options" in issue) return [wrongWord(path, valueAt(raw, path), issue.options.map(String))];
      const branches = issue.errors ?? [];
      const expected =
        branches.length > 0
          ? branches.map((branch) => branch[0]?.message ?? "").join(", or ")
          : issue.message;
      return [{ code: "MAP_WRONG_VALUE", path, expected, got, fix: "choose one of the expected forms" }];
    }
    default:
      return [
        {
          code: looksSecret(path) ? "MAP_INLINE_SECRET" : "MAP_WRONG_VALUE",
          path,
          expected: issue.message,
          got,
          fix: looksSecret(path)
            ? "put the value into the region's environment or a file, and name it here as env:NAME or file:/PATH"
            : "correct the value",
        },
      ];
  }
}

function wrongWord(path: Path, value: unknown, words: readonly string[]): MapProblem {
  return {
    code: value === undefined ? "MAP_MISSING_KEY" : "MAP_WRONG_VALUE",
    path,
    expected: words.map((word) => `"${word}"`).join(" or "),
    got: show(value, path),
    fix: value === undefined ? `add "${path.at(-1)}"` : suggestion(String(value), words),
  };
}

/** What zod expects, in the words of whoever writes YAML. */
const yamlWords: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "keys with values",
  record: "keys with values",
};

function meaningProblems(raw: unknown, { kinds, today, vendors }: MapRules): MapProblem[] {
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

function secretProblems(value: unknown, path: Path = []): MapProblem[] {
  if (typeof value === "string" && secretish.test(value)) {
    return [
      {
        code: "MAP_INLINE_SECRET",
        path,
        expected: "no secret in the map",
        got: "a value that looks like one (not shown)",
        fix: "put it into the region's environment or a file, and name it here as env:NAME or file:/PATH",
      },
    ];
  }
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, item]) =>
    secretProblems(item, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function looksSecret(path: Path): boolean {
  return secretKey.test(String(path.at(-1)));
}

function show(value: unknown, path: Path): string {
  if (value === undefined) return "nothing";
  const written = JSON.stringify(value) ?? String(value);
  const nested = value !== null && typeof value === "object" && secretKey.test(written);
  if (looksSecret(path) || nested || secretish.test(written)) return "a value that is not shown here";
  return written.length > 80 ? `${written.slice(0, 77)}…` : written;
}

function suggestion(
  got: string,
  known: readonly string[],
  otherwise = "choose one of the expected values",
): string {
  const near = nearest(got, known);
  return near ? `write "${near}"? Or ${otherwise}` : otherwise;
}

/** The known word within two edits, so that a typo is named. */
function nearest(word: string, known: readonly string[]): string | undefined {
  return known
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance)[0]?.candidate;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(
        Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)),
      );
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, part) =>
      at !== null && typeof at === "object" ? (at as Record<string | number, unknown>)[part] : undefined,
    value,
  );
}

function entries(value: unknown): [string, unknown][] {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? Object.entries(value) : [];
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}
