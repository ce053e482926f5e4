import { expect, test } from "vitest";
import { aBreach, anInconclusive, aReport, aRun, aVerdict, aWaiver } from "../reports/render/a-report.ts";
import type { RegionReport } from "../reports/report.ts";
import { summaryText } from "./summary.ts";

const textOf = (parts: Partial<RegionReport>) => {
  const reports = [aReport(parts)];
  return summaryText(aRun(reports), reports, "out");
};

test("a map cannot write over what a terminal shows, or add a line to it", () => {
  const region = {
    id: "eu-central-1",
    jurisdiction: "EU",
    place: "\u001b[2A\u001b[2KFrankfurt\nus-east-1  Virginia  PASS\u202e",
  };
  const text = textOf({ region, verdicts: [aVerdict(aBreach)] });
  for (const moving of ["\u001b[2", "\u202e", "\nus-east-1"]) expect(text).not.toContain(moving);
  expect(text).toContain("BREACHED");
});

test("an exception is told of what it excepts, and not of what proves nothing", () => {
  const waived = { waiver: aWaiver };
  const text = textOf({
    verdicts: [
      aVerdict({ id: "one", ...anInconclusive, ...waived }),
      aVerdict({ id: "two", ...anInconclusive }),
      aVerdict({ id: "three", ...aBreach, ...waived, probe: "excepted" }),
    ],
  });
  expect(text.match(/waived until/g)).toHaveLength(1);
  expect(text).toMatch(/BREACHED.*excepted.*\(waived until 2027-03-31\)/);
  expect(text).toMatch(/inconclusive.* and 1 more like it/);
});

test("what is not shown is counted by attempts, breaches before all else", () => {
  const many = (count: number, what: object, reasonOf: (index: number) => string) =>
    Array.from({ length: count }, (_, index) =>
      aVerdict({ id: `${reasonOf(index)} ${index}`, ...what, reason: reasonOf(index) }),
    );
  const text = textOf({
    verdicts: [
      ...many(45, anInconclusive, (index) => `doubt ${Math.min(index, 40)}`),
      ...many(1, aBreach, () => "the hole"),
    ],
  });
  expect(text.indexOf("the hole")).toBeLessThan(text.indexOf("doubt 0"));
  expect(text).toContain("… and 6 more attempts: see the page");
});
