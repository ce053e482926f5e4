import fc from "fast-check";
import { expect, test } from "vitest";
import { aBreach, aReport, aVerdict } from "./render/a-report.ts";
import { readReportHead, reportPieces } from "./report-text.ts";

const whole = (verdicts = [aVerdict({ reason: "“no answer” ✕" }), aVerdict(aBreach)]) => {
  const { verdicts: all, ...head } = aReport({ verdicts, title: 'a map of "verdicts": [, “⟨é⟩”' });
  return { head, all, text: [...reportPieces(head, all)].join("") };
};

test("a report's text is JSON, with a line for each verdict", () => {
  const { head, all, text } = whole();
  expect(JSON.parse(text)).toEqual({ ...head, verdicts: all });
  expect(text.split("\n").filter((line) => line.startsWith('    {"id":'))).toHaveLength(2);
  expect(text.endsWith("\n  ]\n}\n")).toBe(true);
});

test("its beginning is read back however it was cut into chunks, also within a character", () => {
  const { head, all, text } = whole();
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), (size) => {
      const bytes = Buffer.from(text);
      const count = Math.ceil(bytes.length / size);
      const chunks = Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
      expect(readReportHead(chunks)).toEqual({ head: { ...head, verdicts: [] }, first: all[0] });
    }),
  );
});

test("a report without a verdict has no first", () => {
  const { head, text } = whole([]);
  expect(readReportHead([Buffer.from(text)])).toEqual({ head: { ...head, verdicts: [] }, first: null });
});

test.each<[string, (text: string) => Buffer]>([
  ["is laid out otherwise", (text) => Buffer.from(JSON.stringify(JSON.parse(text)))],
  ["ends before its first verdict does", (text) => Buffer.from(text.slice(0, text.indexOf('{"id":') + 9))],
  ["is no JSON before its verdicts", (text) => Buffer.from(text.replace("{", "["))],
  ["is no UTF-8", (text) => Buffer.concat([Buffer.of(0xff), Buffer.from(text)])],
  ["is empty", () => Buffer.of()],
])("a text that %s has no beginning of that kind", (_what, alter) => {
  expect(readReportHead([alter(whole().text)])).toBe(null);
});
