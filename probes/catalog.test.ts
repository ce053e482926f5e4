import { expect, test } from "vitest";
import { loadProbes } from "./catalog.ts";

test("a probe lies in the file of its name, so that a region finds the kinds of its plan", async () => {
  const all = await loadProbes();
  expect(all.length).toBeGreaterThan(10);
  for (const probe of all) expect(await loadProbes(new Set([probe.kind])), probe.kind).toEqual([probe]);
});

test("a kind that there is no probe of loads nothing: what it would have tried stays unobserved", async () => {
  expect(await loadProbes(new Set(["carrier-pigeon", "attempt"]))).toEqual([]);
});
