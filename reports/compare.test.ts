import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareRuns, isWorse, type WrittenRun } from "./compare.ts";
import { aBreach, anInconclusive, aReport, aRun, aVerdict, aWaiver } from "./render/a-report.ts";
import type { RegionReport, ReportVerdict } from "./report.ts";

function aWrittenRun(verdicts: readonly ReportVerdict[], parts: Partial<RegionReport> = {}): WrittenRun {
  const reports = [aReport({ verdicts: [...verdicts], gaps: [], ...parts })];
  return { run: aRun(reports), reports };
}

/** The same, graded as low as can be by something else. */
function steady({ run, reports }: WrittenRun): WrittenRun {
  const grade = "breached" as const;
  const regions = Object.entries(run.regions).map(([id, line]) => [id, { ...line, grade }]);
  return { run: { ...run, grade, regions: Object.fromEntries(regions) }, reports };
}

const one = aVerdict({ id: "one" });
const two = aVerdict({ id: "two" });
const inconclusive = { ...one, ...anInconclusive };
const breached = { ...one, ...aBreach };
const excepted = { ...breached, waiver: aWaiver };

describe("a verdict", () => {
  test.each([
    ["contained, then inconclusive", one, inconclusive, "worse"],
    ["contained, then breached", one, breached, "worse"],
    ["inconclusive, then breached", inconclusive, breached, "worse"],
    ["breached, then inconclusive", breached, inconclusive, "better"],
    ["inconclusive, then contained", inconclusive, one, "better"],
    ["breached, then excepted", breached, excepted, "exception"],
    ["excepted, then no longer", excepted, breached, "exception"],
    ["contained, and stopped at another rung", one, { ...one, stoppedAt: "authorization" }, "moved"],
    ["breached, and no longer stopped", breached, { ...breached, stoppedAt: null }, "moved"],
  ] as const)("%s", (_what, before, after, change) => {
    const { verdicts } = compareRuns(aWrittenRun([before, two]), aWrittenRun([two, after]));
    expect(verdicts).toEqual([{ before, after, change }]);
  });

  test.each(["owner", "reason", "approver", "expires"] as const)(
    "excepted by another %s is under another exception, because somebody else or something else was signed for",
    (part) => {
      const after = { ...excepted, waiver: { ...aWaiver, [part]: "2028-01-01" } };
      const comparison = compareRuns(aWrittenRun([excepted]), aWrittenRun([after]));
      expect(comparison.verdicts).toEqual([{ before: excepted, after, change: "exception" }]);
      expect(isWorse(comparison)).toBe(true);
    },
  );

  test("that proves nothing at another rung has not changed", () => {
    const later = { ...inconclusive, stoppedAt: "tls" as const };
    expect(compareRuns(aWrittenRun([inconclusive]), aWrittenRun([later])).verdicts).toEqual([]);
  });

  test("of another reason alone has not changed", () => {
    const later = { ...one, reason: "another" };
    expect(compareRuns(aWrittenRun([one]), aWrittenRun([later])).verdicts).toEqual([]);
  });
});

describe("the later run proves less", () => {
  const gap = {
    path: "database" as const,
    region: "eu-central-1",
    system: "orders-db",
    probe: "tcp",
    reason: "nobody can show it",
  };

  test.each<[string, WrittenRun, WrittenRun, boolean]>([
    ["not when nothing changed", aWrittenRun([one, two]), aWrittenRun([two, one]), false],
    ["not when something got better", aWrittenRun([breached]), aWrittenRun([one]), false],
    ["not when one more is contained", aWrittenRun([one]), aWrittenRun([one, two]), false],
    ["when one more is not", aWrittenRun([two]), aWrittenRun([inconclusive, two]), true],
    ["when one is no longer made", aWrittenRun([one, two]), aWrittenRun([one]), true],
    ["when something got worse", aWrittenRun([one]), aWrittenRun([inconclusive]), true],
    [
      "when a breach is excepted",
      aWrittenRun([breached]),
      aWrittenRun([{ ...breached, waiver: aWaiver }]),
      true,
    ],
    ["when a gap opened", aWrittenRun([one]), aWrittenRun([one], { gaps: [gap] }), true],
    ["not when a gap was closed", aWrittenRun([one], { gaps: [gap] }), aWrittenRun([one]), false],
    ["not when a breach stays excepted", aWrittenRun([excepted]), aWrittenRun([excepted]), false],
    [
      "when a new attempt is under an exception, though it was contained",
      aWrittenRun([two]),
      aWrittenRun([{ ...one, waiver: aWaiver }, two]),
      true,
    ],
    [
      "not when an attempt is stopped at another rung that its system allows",
      aWrittenRun([one]),
      aWrittenRun([{ ...one, stoppedAt: "authorization" }]),
      false,
    ],
    [
      "not when what stays excepted is stopped at another rung",
      aWrittenRun([excepted]),
      aWrittenRun([{ ...excepted, stoppedAt: null }]),
      false,
    ],
  ])("%s, also where all grades stay", (_what, before, after, worse) => {
    expect(isWorse(compareRuns(before, after))).toBe(worse);
    expect(isWorse(compareRuns(steady(before), steady(after)))).toBe(worse);
  });

  test("when an exception went and a grade fell with it, and not where it was as low before", () => {
    const [before, after] = [aWrittenRun([excepted, two]), aWrittenRun([breached, two])];
    expect(isWorse(compareRuns(before, after))).toBe(true);
    expect(isWorse(compareRuns(steady(before), steady(after)))).toBe(false);
    const ofRegion = (grade: "pass" | "inconclusive"): WrittenRun => {
      const { run, reports } = steady(aWrittenRun([one]));
      const regions = Object.entries(run.regions).map(([id, line]) => [id, { ...line, grade }]);
      return { run: { ...run, regions: Object.fromEntries(regions) }, reports };
    };
    expect(isWorse(compareRuns(ofRegion("pass"), ofRegion("inconclusive")))).toBe(true);
    expect(isWorse(compareRuns(ofRegion("inconclusive"), ofRegion("pass")))).toBe(false);
  });

  test("in which gaps opened and were closed are named, and others are not", () => {
    const [old, kept, added] = ["old", "kept", "added"].map((probe) => ({ ...gap, probe }));
    const before = aWrittenRun([one], { gaps: [old, kept].filter((each) => each !== undefined) });
    const after = aWrittenRun([one], { gaps: [kept, added].filter((each) => each !== undefined) });
    expect(compareRuns(before, after)).toMatchObject({
      gapsAdded: ["eu-central-1 database orders-db added: nobody can show it"],
      gapsRemoved: ["eu-central-1 database orders-db old: nobody can show it"],
    });
  });
});

test("what is no longer promised is named, because it closes a gap as well", () => {
  const unclaimed = { path: "database", system: "orders-db", probe: "tcp", reason: "not promised" } as const;
  const other = { ...unclaimed, probe: "login" };
  const before = aWrittenRun([one], { notClaimed: [other] });
  const after = aWrittenRun([one], { notClaimed: [unclaimed, other] });
  expect(compareRuns(before, after).unclaimed).toEqual(["database orders-db tcp: not promised"]);
  expect(compareRuns(after, before).unclaimed).toEqual([]);
});

test("a run in real regions after another in real regions is worth as much", () => {
  const { reports, run } = aWrittenRun([one]);
  const real = { reports, run: { ...run, fidelity: "real" as const } };
  expect(isWorse(compareRuns(real, real))).toBe(false);
});

test.each([
  ["its grade fell, though no verdict did", { grade: "inconclusive" } as const, {}],
  ["it was made in a replica, and the earlier in real regions", {}, { fidelity: "real" } as const],
])("the later run proves less when %s", (_what, later, earlier) => {
  const before = aWrittenRun([one]);
  const after = aWrittenRun([one]);
  const runs = [
    { ...before, run: { ...before.run, grade: "pass" as const, ...earlier } },
    { ...after, run: { ...after.run, grade: "pass" as const, ...later } },
  ] as const;
  expect(isWorse(compareRuns(...runs))).toBe(true);
});

test("that a later run is of another map, plan, environment or fidelity, or of a part, is said", () => {
  const { reports, run } = aWrittenRun([one], { digests: { map: "a".repeat(64), plan: "b".repeat(64) } });
  const before = {
    reports,
    run: { ...run, regions: { b: run.regions[0] ?? {}, a: {} } },
  } as never as WrittenRun;
  const after = {
    reports: reports.map((report) => ({
      ...report,
      digests: { map: "c".repeat(64), plan: "d".repeat(64) },
    })),
    run: { ...run, environment: "x".repeat(20), partial: true, fidelity: "real", regions: { a: {}, b: {} } },
  } as never as WrittenRun;
  expect(compareRuns(before, after).differences).toEqual([
    `environment: ${run.environment} → ${"x".repeat(20)}`,
    "fidelity: replica → real",
    "map: aaaaaaaaaaaa → cccccccccccc",
    "plan: bbbbbbbbbbbb → dddddddddddd",
    "scope: whole → partial",
  ]);
});

test("what the runs do not share is said", () => {
  const other = aWrittenRun([one], { version: "9.9.9" });
  expect(compareRuns(aWrittenRun([one]), other).differences).toEqual([
    expect.stringMatching(/^version: .+ → 9\.9\.9$/),
  ]);
});

test("a run and itself differ in nothing; there and back, added is what was removed", () => {
  const grades = fc.constantFrom(one, inconclusive, breached);
  const runs = fc
    .dictionary(fc.constantFrom("a", "b", "c", "d", "e"), grades)
    .map((all) => aWrittenRun(Object.entries(all).map(([id, verdict]) => ({ ...verdict, id }))));
  fc.assert(
    fc.property(runs, runs, (before, after) => {
      const same = compareRuns(before, before);
      expect([same.verdicts, same.added, same.removed]).toEqual([[], [], []]);
      const [there, back] = [compareRuns(before, after), compareRuns(after, before)];
      expect(there.added).toEqual(back.removed);
      expect(there.verdicts.filter(({ change }) => change === "worse").length).toBe(
        back.verdicts.filter(({ change }) => change === "better").length,
      );
    }),
  );
});
