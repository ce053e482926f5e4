import fc from "fast-check";
import { expect, test } from "vitest";
import { html } from "./escape-html.ts";
import { hostile } from "./hostile.ts";
import { type PackedRows, packRows } from "./html-packed.ts";

interface Shape {
  parts: string[];
  width: number;
  grade: string;
  isWaived: boolean;
  texts(): string[][];
  hits(word: string): boolean[][];
}

/** The page's own script. */
const script = "./html-packed.js";
const { readShape, markupOf } = (await import(script)) as {
  readShape(shape: PackedRows["shapes"][number]): Shape;
  markupOf(shapes: Shape[], rows: number[], start: number): string;
};

function unpacked({ shapes, groups }: PackedRows): string[][] {
  const read = shapes.map(readShape);
  return groups.map(({ rows }) => {
    const all: string[] = [];
    for (let at = 0; at < rows.length; at += read[rows[at] ?? 0]?.width ?? 0)
      all.push(markupOf(read, rows, at));
    return all;
  });
}

const row = fc
  .record({
    grade: fc.constantFrom("contained", "breached"),
    texts: fc.array(hostile, { minLength: 1, maxLength: 4 }),
  })
  .map(({ grade, texts }) =>
    html`<tr data-grade="${grade}">${texts.map((text) => html`<td>${text}<code>${grade}</code></td>`)}</tr>
`.toString(),
  );

test("what is packed is unpacked as it was, because a row must not change on its way into the page", () => {
  fc.assert(
    fc.property(fc.array(fc.array(row, { maxLength: 12 }), { maxLength: 3 }), (groups) => {
      const packed = packRows(groups.map((rows, index) => ({ path: `path-${index}`, rows })));
      const carried = JSON.parse(JSON.stringify(packed)) as PackedRows;
      expect(unpacked(carried)).toEqual(groups);
    }),
  );
});

test("a word is found as it is read, whatever it is in markup", () => {
  const rows = [html`<tr data-grade="breached" data-waived><td>${"<b>Ω & 'x'"}</td></tr>`.toString()];
  const [shape] = packRows([{ path: "database", rows }]).shapes;
  const read = readShape(shape as PackedRows["shapes"][number]);
  expect(read).toMatchObject({ grade: "breached", isWaived: true });
  expect(read.hits("<b>ω")).toEqual([[true]]);
  expect(read.hits("'x'")).toEqual([[true]]);
  expect(read.hits("amp")).toEqual([[false]]);
});

test("a text that is there a thousand times is carried once, because pages of large runs have to stay small", () => {
  const rows = Array.from({ length: 1000 }, () =>
    html`<tr data-grade="contained"><td>${"x".repeat(200)}</td></tr>`.toString(),
  );
  expect(JSON.stringify(packRows([{ path: "database", rows }])).length).toBeLessThan(6000);
});
