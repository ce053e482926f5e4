import { knownKeys } from "./known-keys.ts";
import { type MapRules, meaningProblems } from "./map-meaning.ts";
import { shapeProblems } from "./map-shape.ts";
import { type MapProblem, type Path, secretish } from "./raw-map.ts";
import { type ResidencyMap, residencyMapSchema } from "./residency-map.ts";

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

function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}
