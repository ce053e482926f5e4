import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sha256 } from "../core/digest.ts";
import { canariesIn, newCanary } from "./canary.ts";

const hex = (text: string) => Buffer.from(text).toString("hex");
const each = (text: string, write: (hexadecimal: string) => string) =>
  [...text].map((letter) => write(hex(letter))).join("");
const sometimes = (text: string, write: (hexadecimal: string) => string) =>
  text.replace(/[-_ce]/g, (letter) => write(hex(letter)));
const base64 = (text: string) => Buffer.from(text).toString("base64");
const lines = (text: string, end: string) => (text.match(/.{1,76}/gs) ?? []).join(end);

const wrappings: Record<string, (text: string) => string> = {
  "JSON escapes": (text) => each(text, (code) => `\\u00${code}`),
  "some JSON escapes": (text) => sometimes(text, (code) => `\\u00${code.toUpperCase()}`),
  "JSON within JSON": (text) => JSON.stringify(sometimes(text, (code) => `\\u00${code}`)),
  "percent signs": (text) => sometimes(text, (code) => `%${code}`),
  "HTML entities": (text) => sometimes(text, (code) => `&#x${code};`),
  "decimal HTML entities": (text) => sometimes(text, (code) => `&#${Number.parseInt(code, 16)};`),
  "quoted-printable": (text) =>
    lines(
      sometimes(text, (code) => `=${code.toUpperCase()}`),
      "=\r\n",
    ),
  base64,
  "base64 for URLs": (text) => Buffer.from(text).toString("base64url"),
  "base64 in lines": (text) => lines(base64(text), "\r\n"),
  "base64 in lines, in JSON": (text) => JSON.stringify(lines(base64(text), "\n")),
  "base64 with slashes escaped": (text) => base64(text).replaceAll("/", "\\/"),
  hexadecimal: hex,
  "hexadecimal in capitals": (text) => hex(text).toUpperCase(),
  nothing: (text) => text,
};

const wrapping = fc.constantFrom(...Object.values(wrappings));
/** Without what the alphabets have in common with a wrapping that breaks off in the middle. */
const around = fc
  .string({ unit: "binary-ascii", maxLength: 40 })
  .filter((text) => !text.includes("ringfence"));

describe("a canary", () => {
  test.each(Object.entries(wrappings))("is found within %s", (_, wrap) => {
    fc.assert(
      fc.property(around, around, (before, after) => {
        const canary = newCanary();
        expect(canariesIn(wrap(`${before} ${canary} ${after}`))).toContain(sha256(canary));
      }),
    );
  });

  test("is found within two of them, as a queue's envelope around a worker's", () => {
    fc.assert(
      fc.property(wrapping, wrapping, around, (inner, outer, before) => {
        const canary = newCanary();
        expect(canariesIn(outer(`{"body":"${inner(`${before} ${canary}`)}"}`))).toContain(sha256(canary));
      }),
    );
  });

  test.each(["\\u002d", "\\\\u002d", "%2D", "=2D", "&#x2d;", "&#45;"])(
    "is found where a line of quoted-printable ends within %s",
    (hyphen) => {
      const canary = `ringfence-canary-${"A".repeat(20)}-${"B".repeat(22)}`;
      const written = canary.replaceAll("-", hyphen);
      for (const end of ["=\n", "=\r\n", "=\\r\\n"])
        for (let at = 0; at <= written.length; at++)
          expect(canariesIn(written.slice(0, at) + end + written.slice(at))).toContain(sha256(canary));
    },
  );

  test("is found in base64 that begins within a longer word", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9+/_-]{0,9}$/), (before) => {
        const canary = newCanary();
        expect(canariesIn(before + base64(`{"note":"${canary}"}`))).toEqual([sha256(canary)]);
      }),
    );
  });

  test("is looked for in little time, however much looks like a wrapping", () => {
    const begun = performance.now();
    for (const letter of ["A", "%", "\\u0041", "41", "=\r\n"])
      canariesIn(letter.repeat(Math.floor(2 ** 20 / letter.length)));
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});
