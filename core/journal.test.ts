import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aTrial, damaged } from "./a-trial.ts";
import { sha256 } from "./digest.ts";
import { chainLine, emptyHead, readJournal } from "./journal.ts";
import { judge } from "./judge.ts";
import { planDigest } from "./plan.ts";

const run = aTrial();
const text = run.texts.eu ?? "";
const expected = { runId: "a-run", region: "eu", plan: planDigest(run.plan), map: run.plan.map };
const problemsIn = (altered: string) => readJournal(altered, expected).problems;
const problemsAfter = (alter: (lines: string[]) => string[]) =>
  damaged(run, "eu", alter).journals.find(({ region }) => region === "eu")?.problems ?? [];

test("each line names the SHA-256 of the line before it", () => {
  const lines = text.split("\n").slice(0, -1);
  const parsed = lines.map((line) => JSON.parse(line) as { seq: number; prev: string });
  expect(parsed.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index));
  expect(parsed.map(({ prev }) => prev)).toEqual([
    "0".repeat(64),
    ...lines.slice(0, -1).map((line) => sha256(line)),
  ]);
});

test("what was written is read back, and nothing is wrong with it", () => {
  const journal = readJournal(text, expected);
  expect(journal.problems).toEqual([]);
  expect(journal.entries.map((entry) => entry.type)).toEqual([
    "run-started",
    "observation",
    "observation",
    "observation",
    "run-finished",
  ]);
});

describe("an altered journal is no evidence", () => {
  /** The closing time stands in the last line, which no other line names; no verdict rests on it. */
  const closingTime = { from: text.lastIndexOf('"at":"') + 6, length: 24 };
  const bytes = Buffer.from(text);
  const flips = fc.record({ at: fc.nat(bytes.length - 1), mask: fc.integer({ min: 1, max: 255 }) });

  test("any one byte changed", () => {
    fc.assert(
      fc.property(flips, ({ at, mask }) => {
        fc.pre(at < closingTime.from || at >= closingTime.from + closingTime.length);
        const altered = Buffer.from(bytes);
        altered[at] = (altered[at] ?? 0) ^ mask;
        expect(problemsIn(altered.toString())).not.toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  test("every byte, by its lowest bit", () => {
    for (const [at, byte] of bytes.entries()) {
      if (at >= closingTime.from && at < closingTime.from + closingTime.length) continue;
      const altered = Buffer.from(bytes);
      altered[at] = byte ^ 1;
      expect(problemsIn(altered.toString()), `byte ${at}`).not.toEqual([]);
    }
  });

  test("cut anywhere", () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), (length) => {
        expect(problemsIn(text.slice(0, length))).not.toEqual([]);
      }),
    );
  });

  test("something inserted anywhere", () => {
    fc.assert(
      fc.property(fc.nat(text.length), fc.constantFrom(" ", "\n", "{}\n", "0", "é", "\0"), (at, more) => {
        const inClosingLine = at > text.lastIndexOf("\n", text.length - 2);
        fc.pre(!(inClosingLine && more === " "));
        expect(problemsIn(text.slice(0, at) + more + text.slice(at))).not.toEqual([]);
      }),
    );
  });

  const place = fc.nat(4);
  test("a line dropped", () => {
    fc.assert(
      fc.property(place, (at) => {
        expect(problemsAfter((lines) => lines.toSpliced(at, 1))).not.toEqual([]);
      }),
    );
  });
  test("a line doubled", () => {
    fc.assert(
      fc.property(place, (at) => {
        expect(problemsAfter((lines) => lines.toSpliced(at, 0, lines[at] ?? ""))).not.toEqual([]);
      }),
    );
  });
  test("two lines swapped", () => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        fc.pre(a !== b);
        const swap = (lines: string[]) => lines.with(a, lines[b] ?? "").with(b, lines[a] ?? "");
        expect(problemsAfter(swap)).not.toEqual([]);
      }),
    );
  });
  test("another run appended", () => {
    expect(problemsAfter((lines) => [...lines, ...lines])).not.toEqual([]);
  });
  test("nothing in it", () => expect(problemsIn("")).toEqual(["it does not begin with run-started"]));
  test("garbage, which never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.lorem()), (junk) => {
        expect(problemsIn(junk)).not.toEqual([]);
      }),
    );
  });
});

describe("a journal of something else is no evidence, though its chain is whole", () => {
  test.each(["runId", "region", "plan", "map"] as const)("another %s", (key) => {
    const { problems } = readJournal(text, { ...expected, [key]: "another" });
    expect(problems).toEqual([expect.stringContaining(`another ${key}`)]);
  });

  const entry = (index: number) => {
    const found = readJournal(text, expected).entries[index];
    if (!found) throw new TypeError(`the journal has no entry ${index}`);
    return found;
  };
  const chained = (indices: number[]) => {
    let head = emptyHead;
    return indices.map((index) => {
      const next = chainLine(head, entry(index));
      head = next.head;
      return `${next.line}\n`;
    });
  };
  test.each([
    ["without an end, as if its process had died", [0, 1, 2, 3], "does not end"],
    ["without a beginning", [1, 2, 3, 4], "does not begin"],
    ["with an observation left out, and the chain forged", [0, 1, 2, 4], "count of observations"],
    ["with one run inside another", [0, 0, 1, 2, 3, 4], "more than one run"],
  ])("%s", (_how, indices, problem) => {
    expect(problemsIn(chained(indices).join(""))).toEqual([expect.stringContaining(problem)]);
  });
});

test("no damage that is noticed leaves a pass", () => {
  fc.assert(
    fc.property(fc.constantFrom("eu", "us"), fc.nat(4), (region, at) => {
      const { plan, map, journals } = damaged(run, region, (lines) => lines.toSpliced(at % lines.length, 1));
      expect(judge(plan, map, journals).grade).toBe("inconclusive");
    }),
  );
});
