import fc from "fast-check";
import { expect, test } from "vitest";
import { reached, refusedAt, silentAt } from "../core/a-trial.ts";
import { noteSlowest, patienceFor } from "./patience.ts";

const startedAt = "2026-01-01T00:00:00.000Z";
const answered = (durationMs: number) => ({
  entry: {
    address: "10.0.0.1",
    startedAt,
    ...reached("data", "a", { durationMs }),
    durationMs,
    climbed: null,
  },
});
const refused = {
  entry: {
    address: "10.0.0.1",
    startedAt,
    climbed: null,
    ...refusedAt("authorization", "NOPERM"),
    durationMs: 900,
  },
};
const unanswered = {
  entry: { address: "10.0.0.1", startedAt, climbed: null, ...silentAt("network"), durationMs: 9000 },
};

test("an attempt waits as the map says, and four times the slowest control of its kind anywhere", () => {
  const reports = { eu: { slowestMs: { redis: 20, vendor: 1100 } }, us: { slowestMs: { vendor: 1622.4 } } };
  const waits = (kind: string) => patienceFor({ kind, deadlineMs: 4000 }, reports);
  expect(waits("redis")).toBe(4000);
  expect(waits("vendor")).toBe(6490);
  expect(waits("never-controlled")).toBe(4000);
  expect(patienceFor({ kind: "redis", deadlineMs: 4000 }, {})).toBe(4000);
});

test("only what was answered tells a time, and the slowest stays", () => {
  const home = { slowestMs: {} };
  noteSlowest(home, { kind: "redis" }, [answered(30), unanswered, answered(12)]);
  noteSlowest(home, { kind: "redis" }, [answered(5)]);
  noteSlowest(home, { kind: "s3" }, [unanswered]);
  expect(home.slowestMs).toEqual({ redis: 30 });
  noteSlowest(home, { kind: "redis" }, [refused]);
  expect(home.slowestMs, "a refusal is an answer").toEqual({ redis: 900 });
});

test("it is never less than the map's wait, nor than three times any answered control", () => {
  const times = fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), { maxLength: 6 });
  fc.assert(
    fc.property(
      fc.array(times, { maxLength: 4 }),
      fc.integer({ min: 100, max: 60_000 }),
      (regions, deadlineMs) => {
        const reports = Object.fromEntries(
          regions.map((of, index) => {
            const home = { slowestMs: {} };
            noteSlowest(home, { kind: "s3" }, of.map(answered));
            return [String(index), home];
          }),
        );
        const wait = patienceFor({ kind: "s3", deadlineMs }, reports);
        expect(wait).toBeGreaterThanOrEqual(deadlineMs);
        for (const time of regions.flat()) expect(wait).toBeGreaterThanOrEqual(3 * time);
      },
    ),
  );
});
