import { describe, expect, test } from "vitest";
import type { Judgement } from "../core/judge.ts";
import { holds, kinds, otherKinds, resultOf } from "./record.ts";
import { sabotages } from "./table.ts";

const served = otherKinds.filter((kind) => kind !== "settings");
const ids = sabotages.map(({ id }) => id);

test("no two rows share an id, because a row is rerun by it", () => {
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test("the table has not shrunk", () => {
  expect(ids.length, "a sabotage that was taken out needs a reason, here").toBeGreaterThanOrEqual(233);
});

/** What was promised to be tried: each way, for each kind it makes sense for. */
const promised: [way: RegExp, kinds: readonly string[]][] = [
  [/^target\/stopped-before\//, [...kinds, ...served]],
  [/^target\/stopped-during\//, kinds],
  [/^target\/stopped-just-after\//, kinds],
  [/^target\/host-gone\//, kinds],
  [/^target\/slow-at-last\//, ["postgres", "redis"]],
  [/^names\/missing\//, [...kinds, ...served.filter((kind) => kind !== "vendor")]],
  [/^names\/silent\//, ["postgres", "s3", "tcp"]],
  ...["wrong", "empty"].flatMap((spoil) =>
    ["at-home", "abroad", "both"].map((place): [RegExp, string[]] => [
      new RegExp(`^credentials/${spoil}-${place}/`),
      ["postgres", "redis", "s3"],
    ]),
  ),
  ...["at-home", "abroad", "both"].flatMap((place): [RegExp, string[]][] => [
    [new RegExp(`^credentials/revoked-${place}(-by-server)?/`), ["postgres", "redis", "s3"]],
    [new RegExp(`^credentials/expired-${place}-by-server/`), ["postgres"]],
  ]),
  [/^canaries\/(missing|stale|of-another-region)\//, ["postgres", "redis", "s3"]],
  [/^runner\/no-network\//, [...kinds, ...served]],
  [/^(outside|proxy)\//, ["vendor", "proxy"]],
  [/^receiver\/says-nothing\//, ["datagram", "proxy"]],
  [/^receiver\/(dead|sees-nothing|turns-away)\//, ["proxy"]],
  [/^settings\//, ["settings"]],
  [/^topics\//, ["sns"]],
  [/^moves\//, ["moves"]],
  [/^runner\/no-ipv6\//, kinds],
  [/^runner\/proxy\//, kinds],
  [/^runner\/clock-behind\//, kinds],
  [/^code\/impatient\//, ["postgres", "redis", "tcp"]],
  [/^runner\/files-/, kinds],
  [/^runner\/memory-/, ["all"]],
  [/^code\/probe-file-deleted\//, ["redis"]],
  [/^code\/filtered-out\//, kinds],
  [/^code\/probe-throws\//, kinds],
  [/^code\/probe-hangs\//, kinds],
  [/^code\/probe-unknown-/, ["redis"]],
  [/^maps\/all-waived\//, kinds],
  [/^maps\/same-endpoint\//, kinds],
  [/^maps\/(no-systems|overlapping|plan-.*-verified)$/, ["all"]],
  [/^journals\/(missing|empty|cut-mid-line|reordered|of-another-(run|region|map))$/, ["all"]],
];

test.each(promised)("%s is tried on every kind it concerns", (way, concerned) => {
  const tried = new Set(sabotages.filter(({ id }) => way.test(id)).map(({ kind }) => kind));
  expect([...tried].sort()).toEqual([...concerned].sort());
});

test("one region's process is killed at ten random moments", () => {
  expect(ids.filter((id) => id.startsWith("kills/random-"))).toHaveLength(10);
});

describe("a row", () => {
  const judged = (grade: Judgement["grade"], contained = 0): Judgement => ({
    grade,
    regions: {},
    verdicts: Array.from({ length: contained }, () => ({ grade: "contained", reason: "" })) as never,
  });

  test.each(["pass", "pass-with-exceptions"] as const)("does not hold on %s", (grade) => {
    expect(holds(resultOf(judged(grade)))).toBe(false);
  });

  test.each(["inconclusive", "breached"] as const)("holds on %s", (grade) => {
    expect(holds(resultOf(judged(grade)))).toBe(true);
  });

  test("does not hold when anything that lost its footing is called contained, whatever the run's grade", () => {
    expect(holds(resultOf(judged("inconclusive", 1), () => true))).toBe(false);
  });
});
