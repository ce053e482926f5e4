import { expect, test } from "vitest";
import type { Outcome, Rung } from "../core/vocabulary.ts";
import { differs, fingerprint, isAmong, unproven } from "./same-credential.ts";

const recordOf = (outcome: Outcome, climbed: Rung | null = "name") => ({
  entry: { address: "10.20.2.10", startedAt: "2026-11-22T12:00:00.000Z", durationMs: 4000, climbed, outcome },
});

test("silence met with a credential that the target never knew proves nothing", () => {
  const { entry } = unproven(recordOf({ kind: "silent", rung: "network" }));
  expect(entry.outcome).toEqual({ kind: "faulted", code: "CREDENTIAL_DIFFERS" });
  expect(entry.climbed).toBe("name");
});

test("a refused login stays a breach, because the wrong credential crossed the network all the same", () => {
  const { entry } = unproven(recordOf({ kind: "refused", rung: "authentication", code: "28P01" }));
  expect(entry.climbed).toBe("tls");
});

test("what it left behind because a hole was open is told all the same", () => {
  const removed = { what: "a row", done: false };
  expect(unproven({ ...recordOf({ kind: "silent", rung: "tls" }), removed }).removed).toBe(removed);
});

test("what was reached stays reached", () => {
  const reached = recordOf({ kind: "reached", rung: "network" }, "network");
  expect(unproven(reached)).toBe(reached);
});

test("a look that was turned away with it is none, and what it found all the same stays", () => {
  const { entry } = recordOf({ kind: "reached", rung: "data", canary: "a" }, "data");
  const looked = unproven({ entry: { ...entry, findings: { canaries: ["b"] } } });
  expect(looked.entry).toMatchObject({
    outcome: { kind: "faulted", code: "CREDENTIAL_DIFFERS" },
    findings: { canaries: ["b"] },
  });
});

test("of several that a look presents, one has to be what worked in the other region", () => {
  const [right, wrong] = ["right", "wrong"].map((value) => fingerprint("a-run", value)) as [string, string];
  expect(isAmong({ "env:OWN": wrong, "env:THEIRS": right }, { "env:THEIRS": right })).toBe(true);
  expect(isAmong({ "env:OWN": wrong, "env:THEIRS": wrong }, { "env:THEIRS": right })).toBe(false);
  expect(isAmong({ "env:OWN": right }, { "env:THEIRS": right })).toBe(false);
  expect(isAmong({}, {})).toBe(false);
  const shared = { "env:SHARED": right, "env:THEIRS": right };
  expect(isAmong({ "env:SHARED": right, "env:THEIRS": wrong }, shared)).toBe(false);
});

test("only a credential that worked at home can be another abroad", () => {
  const [right, wrong] = ["right", "wrong"].map((value) => fingerprint("a-run", value)) as [string, string];
  expect(differs({ "env:A": wrong }, { "env:A": right })).toBe(true);
  expect(differs({ "env:A": right }, { "env:A": right })).toBe(false);
  expect(differs({ "env:OWN": wrong }, { "env:A": right })).toBe(false);
});

test("fingerprints of two runs cannot be compared", () => {
  expect(fingerprint("a-run", "secret")).not.toBe(fingerprint("another-run", "secret"));
});
