import { once } from "node:events";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonLine } from "./json-line.ts";

test("whatever is in a value, it is one line for Node's readline, and the same value behind it", async () => {
  const text = fc.string({
    unit: fc.constantFrom("a", '"', "\\", "\n", "\r", "\u0085", "\u2028", "\u2029", "\u{1f30d}"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ text }), { minLength: 1, maxLength: 5 }), async (values) => {
      const input = new PassThrough();
      const lines: string[] = [];
      const reading = createInterface({ input }).on("line", (line) => lines.push(line));
      input.end(values.map(jsonLine).join(""));
      await once(reading, "close");
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(values);
    }),
    { numRuns: 50 },
  );
});
