import { describe, expect, test } from "vitest";
import { type DrillReport, type DrillResult, isClean, isMissedInHaste } from "./drill-report.ts";
import { renderDrillsHtml } from "./render/drills.ts";

const caught: DrillResult = {
  id: "cache-shared",
  path: "cache",
  title: "one cache serves two regions",
  expected: ["a"],
  found: ["a"],
  missed: [],
  extra: [],
  falselyContained: [],
  durationMs: 1,
};
const missed: DrillResult = { ...caught, found: [], missed: ["a"] };

function aReport(...drills: DrillResult[]): DrillReport {
  const baselines = { before: "pass", after: "pass" } as const;
  return { caught: 1, planned: 1, known: 1, version: "0", catalogue: "0", baselines, drills };
}

describe("a drill that is not caught", () => {
  test("gets a second look for what stayed inconclusive, and only one", () => {
    expect(isMissedInHaste(missed)).toBe(true);
    expect(isMissedInHaste(caught)).toBe(false);
    expect(isMissedInHaste({ ...missed, patient: true })).toBe(false);
  });

  test("gets none where a hole was called contained: that is the false pass which drills are for", () => {
    expect(isMissedInHaste({ ...missed, falselyContained: ["a"] })).toBe(false);
  });

  test("gets none where something turned red without a cause", () => {
    expect(isMissedInHaste({ ...caught, found: ["a", "b"], extra: ["b"] })).toBe(false);
    expect(isMissedInHaste({ ...missed, found: ["b"], extra: ["b"] })).toBe(false);
  });

  test("stays missed if the second look finds nothing, and the page tells of a second look", () => {
    expect(isClean(aReport({ ...missed, patient: true }))).toBe(false);
    expect(isClean(aReport({ ...caught, patient: true }))).toBe(true);
    expect(renderDrillsHtml(aReport({ ...caught, patient: true }))).toContain("inconclusive in haste");
    expect(renderDrillsHtml(aReport(caught))).not.toContain("inconclusive in haste");
  });

  test("tells each line once, by what it was called", () => {
    const page = renderDrillsHtml(
      aReport({
        ...missed,
        missed: ["passed-over", "undecided"],
        extra: ["unasked"],
        falselyContained: ["passed-over"],
      }),
    );
    const told = [...page.matchAll(/<p>([^<]*)<\/p><ul><li><code>([^<]*)<\/code><\/li><\/ul>/g)];
    expect(told.map(([, name, id]) => [name, id])).toEqual([
      ["Called contained, though the hole was open", "passed-over"],
      ["Inconclusive", "undecided"],
      ["Found, and not expected", "unasked"],
    ]);
  });
});

test("drills are clean only where each was caught with nothing else, between two clean baselines, and where there was one", () => {
  const [clean, extra] = [aReport(caught), { ...caught, extra: ["b"] }];
  expect(isClean(clean)).toBe(true);
  expect(isClean(aReport())).toBe(false);
  expect(isClean(aReport(caught, missed))).toBe(false);
  expect(isClean(aReport(extra))).toBe(false);
  for (const when of ["before", "after"] as const)
    expect(isClean({ ...clean, baselines: { ...clean.baselines, [when]: "inconclusive" } })).toBe(false);
});

test("a score of a part of the catalogue says so", () => {
  const report = aReport(caught);
  expect(renderDrillsHtml({ ...report, known: 220 })).toContain("part of the catalogue of 220 drills");
  expect(renderDrillsHtml(report)).not.toContain("part of the catalogue");
});
