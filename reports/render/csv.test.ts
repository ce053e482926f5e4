import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, test } from "vitest";
import { aHostileReport } from "./a-hostile-report.ts";
import { aBreach, anInconclusive, aReport, aVerdict, aWaiver } from "./a-report.ts";
import { csvTable, renderPopulationCsv, withoutFormula } from "./csv.ts";
import { hostile } from "./hostile.ts";

const records = (csv: string) =>
  parse(csv, { columns: true, bom: true, record_delimiter: "\r\n" }) as Record<string, string>[];

/** No lone surrogates: UTF-8 has none. */
const text = fc
  .oneof(
    hostile,
    fc.string({ unit: fc.constantFrom(..."=+-@\t\r\n;,\"' ＝－aß漢😀") }),
    fc.constantFrom("=1+1", "@SUM(A1)", "+1", "-1", "\t=1", "\r=1", '";=cmd|x!A1', "a;=1"),
  )
  .map((given) => given.toWellFormed());

test("an independent reader gets back every field as it was written", () => {
  fc.assert(
    fc.property(fc.array(fc.array(text, { minLength: 2, maxLength: 2 }), { minLength: 1 }), (rows) => {
      const read = parse(csvTable(rows), { bom: true, record_delimiter: "\r\n" });
      expect(read).toEqual(rows.map((cells) => cells.map(withoutFormula)));
    }),
  );
});

test("no field begins a formula, also not for a spreadsheet that breaks lines at semicolons", () => {
  fc.assert(
    fc.property(text, (given) => {
      const [[comma]] = parse(csvTable([[given]]), { bom: true, record_delimiter: "\r\n" }) as [[string]];
      for (const field of [comma, ...comma.split(";")])
        expect(field).not.toMatch(/^"*\s*[=+\-@\t\r＝＋－＠]/u);
    }),
  );
});

test("what needs no guard is left as it is, because an auditor compares it with the report", () => {
  for (const plain of ["orders-db", "1 - 2", "a=b; c", "28P01", ""])
    expect(withoutFormula(plain)).toBe(plain);
});

test("every attempt is a row, contained or not, because a population leaves nothing out", () => {
  const verdicts = [
    aVerdict(),
    aVerdict({ ...aBreach, waiver: aWaiver }),
    aVerdict(anInconclusive),
    aVerdict({
      to: {
        region: "outside",
        system: "llm-gateway",
        address: null,
        endpoint: { host: "api.example.com", jurisdiction: "US" },
      },
    }),
  ];
  const rows = records(renderPopulationCsv([aReport({ verdicts }), aReport({ verdicts: [aVerdict()] })]));
  expect(rows.map((row) => row.Grade)).toEqual([
    "contained",
    "breached",
    "inconclusive",
    "contained",
    "contained",
  ]);
  expect(rows[0]).toMatchObject({
    "Twin control": "held",
    "To address": "10.20.0.5",
    "Stopped at": "network",
    Attempt: verdicts[0]?.id,
  });
  expect(rows[1]).toMatchObject({
    "Exception owner": "Payments team",
    "Stopped at": "only at authentication",
  });
  expect(rows[3]).toMatchObject({
    "To endpoint": "api.example.com",
    "Endpoint is in": "US",
    "To address": "",
  });
});

test("a control that did not hold says so, because its attempt proves nothing", () => {
  const twin = { id: "c", ok: false, problem: "it was silent", addresses: [] };
  const [row] = records(
    renderPopulationCsv([aReport({ verdicts: [aVerdict({ controls: { twin, targetAlive: null } })] })]),
  );
  expect(row).toMatchObject({
    "Twin control": "did not hold: it was silent",
    "Target-alive control": "none",
  });
});

test("no hostile text adds a row or a column", () => {
  fc.assert(
    fc.property(hostile, (given) => {
      expect(records(renderPopulationCsv([aHostileReport(given)]))).toHaveLength(4);
    }),
  );
});
