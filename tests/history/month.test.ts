import { beforeAll, describe, expect, test } from "vitest";
import { readLog } from "../../attest/history/log.ts";
import { checkpointName, recordName } from "../../attest/history/record.ts";
import { verifyLog } from "../../attest/history/verify-log.ts";
import { populationOf } from "../../reports/population.ts";
import { populationText } from "../../scripts/population-text.ts";
import { aBreach, aResult, begin, MemoryStore, regions, trust } from "./a-log.ts";

const day = (date: number, time = "02:00:00") => `2026-10-${String(date).padStart(2, "0")}T${time}.000Z`;
const runId = (date: number) => `nightly-${String(date).padStart(2, "0")}`;
const breachOn = 12;
const clearedOn = 14;

/** A nightly run of all of October, of which those of the 12th and the 13th find a breach. */
async function october(): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (let date = 1; date <= 31; date++) {
    const run = await begin(store, { runId: runId(date), at: day(date) });
    const result = date >= breachOn && date < clearedOn ? aBreach() : aResult();
    await run.finish({ ...result, at: day(date, "02:05:00") });
  }
  return store;
}

/** Takes records out, and moves the later ones up, so that no name is missing. */
function without(store: MemoryStore, gone: readonly number[]): MemoryStore {
  const files = [...store.files].filter(([name]) => name.startsWith("checkpoints/"));
  const kept = Array.from({ length: 62 }, (_, index) => index).filter((index) => !gone.includes(index));
  const moved = kept.map(
    (index, at) => [recordName(at), store.files.get(recordName(index)) as Buffer] as const,
  );
  return new MemoryStore([...files, ...moved]);
}

describe("a month of nightly runs, one of which found a breach", () => {
  let store: MemoryStore;
  const breach = [2 * (breachOn - 1), 2 * (breachOn - 1) + 1] as const;
  const population = async (of: MemoryStore, more = {}) =>
    populationOf((await readLog(of)).entries, {
      cadenceMs: 86_400_000,
      asOf: Date.parse(day(31, "12:00:00")),
      ...more,
    });

  beforeAll(async () => {
    store = await october();
  });

  test("holds, and shows the breach and the run that cleared it", async () => {
    const { problems, notes, checked } = await verifyLog(store, { trust });
    expect([problems, notes, checked.records]).toEqual([[], [], 62]);
    const shown = await population(store);
    expect(shown.runs).toHaveLength(31);
    expect(shown.places.map(({ region, gaps }) => [region, gaps])).toEqual(
      regions.map((region) => [region, []]),
    );
    expect(shown.findings).toMatchObject([
      {
        region: "eu-central-1",
        system: "orders-db",
        worst: "breached",
        state: "cleared",
        first: { runId: runId(breachOn) },
        last: { run: { runId: runId(breachOn + 1) } },
        cleared: { runId: runId(clearedOn) },
      },
    ]);
    const text = populationText(shown);
    expect(text.match(/nightly-\d\d/g)?.length).toBeGreaterThanOrEqual(31);
    expect(text).toMatch(
      /BREACHED {2}eu-central-1 in aws: Database, orders-db in us-east-1 {2}2 attempts, found by nightly-12 /,
    );
    expect(text).toMatch(/cleared by nightly-14/);
  });

  test("without the failed run is noticed, and the run is named by its neighbours and its number", async () => {
    const { problems } = await verifyLog(without(store, breach), { trust });
    expect(problems).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^records\/00000022\.json.*signed for 2 places further on: what stood before it is gone/,
        ),
        ...regions.map(
          (region) => `the log: run 12 of ${region} missing, after nightly-11 and before nightly-13`,
        ),
      ]),
    );
  });

  test("without only its result is noticed, and its run is one without an end", async () => {
    const { problems, notes } = await verifyLog(without(store, breach.slice(1)), { trust });
    expect(problems).toEqual(
      expect.arrayContaining([expect.stringMatching(/^records\/00000023\.json.*one place further on/)]),
    );
    expect(notes).toEqual(expect.arrayContaining(["without an end, or still going on: nightly-12"]));
  });

  test("with a clean record in the place of the failed one is noticed, even by the judge's own key", async () => {
    const clean = new MemoryStore(
      [...store.files].filter(([name]) => Number(name.match(/\d{8}/)) < breach[0] + 1),
    );
    const run = await begin(clean, { runId: runId(breachOn), at: day(breachOn) });
    await run.finish({ ...aResult(), at: day(breachOn, "02:05:00") });
    const forged = new MemoryStore([
      ...store.files,
      ...[...clean.files].filter(([name]) => name === recordName(23)),
    ]);
    const { problems } = await verifyLog(forged, { trust });
    expect(problems.join("\n")).toMatch(/records\/00000024.json: it was signed behind another record/);
    expect(problems.join("\n")).toContain(
      `${checkpointName(24)}, and 38 more: the records up to it are not those`,
    );
  });

  test("with a week of no runs has a gap, with the runs at its ends", async () => {
    const some = new MemoryStore();
    for (const date of [1, 2, 3, 10, 11]) {
      const run = await begin(some, { runId: runId(date), at: day(date) });
      await run.finish({ ...aResult(), at: day(date, "02:05:00") });
    }
    const { places } = await population(some, { until: Date.parse(day(11, "20:00:00")) });
    expect(places[0]?.gaps).toEqual([
      { from: Date.parse(day(3)), until: Date.parse(day(10)), after: runId(3), before: runId(10) },
    ]);
  });
});
