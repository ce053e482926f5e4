import { describe, expect, test } from "vitest";
import { type RunTimes, timeProblems } from "./verify-times.ts";

const noon = Date.parse("2026-10-01T12:00:00.000Z");
const at = (minutes: number) => new Date(noon + minutes * 60_000).toISOString();

function aJournal(region: string, from: number, until: number | null): RunTimes["journals"][number] {
  const digests = { plan: "0".repeat(64), map: "0".repeat(64) };
  return {
    region,
    entries: [
      { type: "run-started", runId: "a-run", region, version: "0", at: at(from), planted: {}, ...digests },
      ...(until === null ? [] : [{ type: "run-finished" as const, at: at(until), observations: 0 }]),
    ],
  };
}

/** A run of two regions, in minutes from noon, which hangs together. */
function problemsOf(more: Partial<RunTimes> = {}): string[] {
  return timeProblems({
    startedAt: at(0),
    journals: [aJournal("eu", 1, 10), aJournal("us", 2, 11)],
    observedAt: new Map([
      ["eu", at(10)],
      ["us", at(11)],
    ]),
    judgedAt: new Map([["evidence.sigstore.json", at(12)]]),
    ...more,
  });
}
const observed = (eu: number, us = 11) => ({
  observedAt: new Map([
    ["eu", at(eu)],
    ["us", at(us)],
  ]),
});

test("a run whose times hang together has no problem", () => {
  expect(problemsOf()).toEqual([]);
});

describe("the start that run.json gives", () => {
  test.each([
    ["an hour before the first region's", -59, []],
    ["an hour after the first region's", 61, []],
    ["longer before", -59.001, [/^run\.json says .*11:00:.*the first region started 2026-10-01T12:01:00/]],
    ["longer after", 61.001, [/^run\.json says .*13:01:.*the first region started 2026-10-01T12:01:00/]],
  ])("may be %s", (_what, startedAt, problems) => {
    expect(problemsOf({ startedAt: at(startedAt) })).toEqual(
      problems.map((one) => expect.stringMatching(one)),
    );
  });

  test("is held against the region that started first, in whatever order the journals come", () => {
    const late = aJournal("us", 100, 110);
    for (const journals of [
      [aJournal("eu", 1, 10), late],
      [late, aJournal("eu", 1, 10)],
    ])
      expect(problemsOf({ journals, ...observed(10, 110), judgedAt: new Map() })).toEqual([]);
  });

  test("is nobody's to bear out where no region started", () => {
    expect(problemsOf({ journals: [{ region: "eu", entries: [] }], observedAt: new Map() })).toEqual([]);
  });
});

describe("a region's signature", () => {
  test.each([
    ["an hour after its journal's end", 70, []],
    ["an hour before it, because clocks differ", -50, []],
    ["not later", 70.001, [/^eu: its journal ended .*12:10:00.*, and it signed it .*13:10:00/]],
    ["not earlier", -50.001, [/^eu: its journal ended .*, and it signed it .*11:09:59/]],
  ])("may be %s", (_what, signed, problems) => {
    const judgedAt = new Map([["evidence.sigstore.json", at(100)]]);
    expect(problemsOf({ ...observed(signed), judgedAt })).toEqual(
      problems.map((one) => expect.stringMatching(one)),
    );
  });

  test("is not held against a journal that has no end, or that nobody signed", () => {
    expect(problemsOf({ journals: [aJournal("eu", 1, null), aJournal("us", 2, 11)] })).toEqual([]);
    expect(problemsOf({ observedAt: new Map() })).toEqual([]);
  });
});

describe("the judge's signature", () => {
  test("may be an hour before a region's, because clocks differ, and any time after it", () => {
    for (const judged of [-49, 12, 100_000])
      expect(problemsOf({ judgedAt: new Map([["evidence.sigstore.json", at(judged)]]) })).toEqual([]);
  });

  test("is no earlier, of whichever statement, because nobody judges what was not observed", () => {
    const judgedAt = new Map([
      ["evidence.sigstore.json", at(12)],
      ["eu/evidence.sigstore.json", at(-49.001)],
    ]);
    expect(problemsOf({ judgedAt })).toEqual([
      expect.stringMatching(
        /^us signed its journal .*12:11:00.*, and the judge signed eu\/evidence\.sigstore\.json/,
      ),
    ]);
  });
});
