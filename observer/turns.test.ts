import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { aMap, kinds, reached, silentAt } from "../core/a-trial.ts";
import { type PlannedItem, planAttempts } from "../core/plan.ts";
import type { TryRecord } from "../probes/attempt.ts";
import { takeTurns } from "./turns.ts";

const { items } = planAttempts(aMap(), kinds, { environment: "replica", regions: ["eu"] });
const control = items.find(({ role }) => role === "control") as PlannedItem;
const crossing = items.find(({ role, probe }) => role === "attempt" && probe === "read") as PlannedItem;
const refused: PlannedItem = { ...crossing, stopBy: "authorization" };
const inside: PlannedItem = { ...refused, contacts: "own" };

const tried = { address: "10.0.0.1", startedAt: "2026-01-01T00:00:00.000Z", climbed: null, durationMs: 1 };
const answered: TryRecord[] = [{ entry: { ...tried, ...reached("data", "a") } as TryRecord["entry"] }];
const unanswered: TryRecord[] = [{ entry: { ...tried, ...silentAt("network") } as TryRecord["entry"] }];

/** Many of one item wait for their turn. Gives what ends each that has begun, as they begin. */
function queue(count: number, item: PlannedItem): ((records: TryRecord[]) => void)[] {
  const ends: ((records: TryRecord[]) => void)[] = [];
  const turn = takeTurns()[item.role](item);
  for (let waiting = 0; waiting < count; waiting++)
    void turn(() => new Promise<TryRecord[]>((end) => ends.push(end)));
  return ends;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("controls go three at a time, and one that is slow keeps its place for half a second", async () => {
  const ends = queue(8, control);
  await vi.advanceTimersByTimeAsync(490);
  expect(ends).toHaveLength(3);
  ends[0]?.(answered);
  await vi.advanceTimersByTimeAsync(0);
  expect(ends).toHaveLength(4);
  await vi.advanceTimersByTimeAsync(20);
  expect(ends, "the two that are left of the first three have made room").toHaveLength(6);
});

test("after one that was not answered the next soon make room, until one is answered again", async () => {
  const ends = queue(40, control);
  await vi.advanceTimersByTimeAsync(0);
  for (const end of ends.splice(0)) end(unanswered);
  await vi.advanceTimersByTimeAsync(0);
  expect(ends).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(110);
  expect(ends, "twice three more").toHaveLength(9);
  for (const end of ends.splice(0)) end(answered);
  await vi.advanceTimersByTimeAsync(60);
  const waiting = ends.length;
  await vi.advanceTimersByTimeAsync(400);
  expect(ends.length - waiting, "no more than those that were held briefly").toBeLessThanOrEqual(3);
});

test("a far side that is silent where it should refuse holds up nobody who asks at home", async () => {
  const turns = takeTurns();
  const begun: string[] = [];
  const begin = (item: PlannedItem) =>
    void turns.attempt(item)(() => {
      begun.push(item.contacts);
      return new Promise<TryRecord[]>(() => {});
    });
  for (let waiting = 0; waiting < 9; waiting++) begin(refused);
  for (let waiting = 0; waiting < 9; waiting++) begin(inside);
  await vi.advanceTimersByTimeAsync(0);
  expect(begun).toEqual([...Array(3).fill("target"), ...Array(3).fill("own")]);
  await vi.advanceTimersByTimeAsync(260);
  expect(begun.slice(6), "three more make room for three abroad").toEqual(Array(3).fill("target"));
});

test("whoever meets silence waits for nobody", async () => {
  const ends = queue(200, crossing);
  await vi.advanceTimersByTimeAsync(0);
  expect(ends).toHaveLength(200);
});
