import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { gate } from "./gate.ts";

test("at most as many run at once as the gate is wide, and all of them run", async () => {
  const length = fc.integer({ min: 0, max: 40 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 8 }), length, async (width, count) => {
      const through = gate(width);
      let running = 0;
      let most = 0;
      const acts = Array.from({ length: count }, (_, index) =>
        through(async () => {
          most = Math.max(most, ++running);
          await nextTurn();
          running--;
          return index;
        }),
      );
      expect(await Promise.all(acts)).toEqual(Array.from({ length: count }, (_, index) => index));
      expect(most).toBe(Math.min(width, count));
    }),
    { numRuns: 30 },
  );
});

test("they start in the order in which they came", async () => {
  const through = gate(1);
  const started: number[] = [];
  const acts = [1, 2, 3, 4].map((number) =>
    through(async () => {
      started.push(number);
      await nextTurn();
    }),
  );
  await Promise.all(acts);
  expect(started).toEqual([1, 2, 3, 4]);
});

test("a failure is handed back and leaves the gate open, because the next attempt is none of its business", async () => {
  const through = gate(1);
  const thrown = new Error("the attempt failed");
  const [first, second, third] = await Promise.allSettled([
    through(() => Promise.reject(thrown)),
    through(() => {
      throw thrown;
    }),
    through(() => Promise.resolve("done")),
  ]);
  expect([first, second]).toEqual([
    { status: "rejected", reason: thrown },
    { status: "rejected", reason: thrown },
  ]);
  expect(third).toEqual({ status: "fulfilled", value: "done" });
});

test("a newcomer between two turns does not widen the gate", async () => {
  const through = gate(1);
  let running = 0;
  const act = () =>
    through(async () => {
      expect(++running).toBe(1);
      await nextTurn();
      running--;
    });
  const first = act();
  const waiting = act();
  await first;
  await Promise.all([waiting, act(), act()]);
});

test("who has run for long makes room, once, because it is only waiting for somebody's silence", async () => {
  const through = gate(1, 20);
  const ends: (() => void)[] = [];
  const patient = [0, 1, 2].map(() => through(() => new Promise<void>((end) => ends.push(end))));
  await nextTurn();
  expect(ends, "not before its time").toHaveLength(1);
  await expect.poll(() => ends, { message: "though none has ended" }).toHaveLength(3);
  for (const end of ends) end();
  await Promise.all(patient);
  let running = 0;
  const quick = [0, 1, 2].map(() =>
    through(async () => {
      expect(++running, "their ends leave the gate no wider").toBe(1);
      await nextTurn();
      running--;
    }),
  );
  await Promise.all(quick);
});

test("how long somebody is held may change from one to the next", async () => {
  let hold = Number.POSITIVE_INFINITY;
  const through = gate(1, () => hold);
  const ends: (() => void)[] = [];
  const act = () => through(() => new Promise<void>((end) => ends.push(end)));
  const acts = [act(), act(), act()];
  await new Promise((done) => setTimeout(done, 40));
  expect(ends, "the first is held for good").toHaveLength(1);
  hold = 5;
  ends[0]?.();
  await expect.poll(() => ends, { message: "the second makes room for the third" }).toHaveLength(3);
  for (const end of ends) end();
  await Promise.all(acts);
});
