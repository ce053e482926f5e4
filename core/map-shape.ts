import type { z } from "zod";
import { nearest } from "./nearest.ts";
import { looksSecret, type MapProblem, type Path, show, suggestion, valueAt } from "./raw-map.ts";

/** What the schema found, in the words of whoever writes YAML. `keysAt`: which keys it knows in a place. */
export function shapeProblems(
  issue: z.core.$ZodIssue,
  { raw, keysAt }: { raw: unknown; keysAt: (path: Path) => string[] },
): MapProblem[] {
  const path = issue.path.filter((part) => typeof part !== "symbol") as Path;
  const got = show(valueAt(raw, path), path);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysAt(path);
      return issue.keys.map((key) => {
        const [near] = nearest(key, known);
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
