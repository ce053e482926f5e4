import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, canonicalPieces, digestOf } from "./digest.ts";

/** The definition, in the words of the standard library alone. */
function asDefined(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item !== null && typeof item === "object" && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : item,
  );
}

const anything = fc.oneof(
  fc.jsonValue(),
  fc.dictionary(
    fc.oneof(fc.string(), fc.constantFrom("__proto__", "toString", "10", "9", "a")),
    fc.jsonValue(),
  ),
  fc.record({ b: fc.constant(undefined), a: fc.array(fc.jsonValue()), at: fc.date({ noInvalidDate: true }) }),
  fc.record({
    many: fc.array(fc.oneof(fc.nat(), fc.constant({ b: 1, a: 2 })), { minLength: 490, maxLength: 1010 }),
  }),
);

test("one value has one text whatever the order of its keys, because a digest is over that text", () => {
  fc.assert(
    fc.property(anything, (value) => {
      expect(canonicalJson(value)).toBe(asDefined(value));
    }),
  );
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
});

test("in pieces it is the same text, because large plans are digested piece by piece", () => {
  fc.assert(
    fc.property(anything, (value) => {
      expect([...canonicalPieces(value)].join("")).toBe(asDefined(value));
      expect(digestOf(value)).toBe(createHash("sha256").update(asDefined(value)).digest("hex"));
    }),
  );
});
