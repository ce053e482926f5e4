import fc from "fast-check";
import { expect, test } from "vitest";
import { aHostileReport } from "./a-hostile-report.ts";
import { aBreach, aReport, aRun, aVerdict, aWaiver } from "./a-report.ts";
import { hostile } from "./hostile.ts";
import { renderRegionMarkdown, renderRunMarkdown } from "./markdown.ts";

const shapeOf = (page: string) => page.split("\n").map((line) => [line.slice(0, 2), line.split("|").length]);

test("no input adds a line or a table cell, because a banner must not forge a row", () => {
  const region = shapeOf(renderRegionMarkdown(aHostileReport("plain")));
  const run = shapeOf(renderRunMarkdown(aRun([aHostileReport("plain")]), [aHostileReport("plain")]));
  fc.assert(
    fc.property(hostile, (text) => {
      const report = aHostileReport(text);
      expect(shapeOf(renderRegionMarkdown(report))).toEqual(region);
      expect(shapeOf(renderRunMarkdown(aRun([report]), [report]))).toEqual(run);
    }),
  );
});

test("exceptions come before the rest, because a pass with exceptions is not a pass", () => {
  const page = renderRegionMarkdown(
    aReport({ verdicts: [aVerdict(), aVerdict({ ...aBreach, waiver: aWaiver })] }),
  );
  expect(page).toMatch(
    /^# ✓ PASS WITH EXCEPTIONS: eu-central-1\n[\s\S]*Replica[\s\S]*## Exceptions[\s\S]*R\. Meyer[\s\S]*## By leak path/,
  );
});

test("a run's summary stays below what a job summary holds, and counts what it leaves out", () => {
  const verdicts = Array.from({ length: 5000 }, (_, index) =>
    aVerdict({ ...aBreach, reason: `reason ${index}` }),
  );
  const report = aReport({ verdicts });
  const page = renderRunMarkdown(aRun([report]), [report]);
  expect(page.length).toBeLessThan(1_000_000);
  expect(page).toContain("4,900 more attempts with other reasons");
});

test("it says what such evidence cannot carry, because readers will wish for more", () => {
  const page = renderRegionMarkdown(aReport());
  expect(page).toContain("Management-generated evidence.");
  expect(page).not.toMatch(/compliant/i);
});
