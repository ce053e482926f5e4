import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { FromRegion, HomeReport, Stage } from "./job.ts";
import { lineTo } from "./line.ts";

const report: HomeReport = { addresses: {}, offers: {}, credentials: {}, slowestMs: {} };
const journal = (...lines: string[]): FromRegion => ({ type: "journal", lines });
const done = (stage: Stage): FromRegion => ({ type: "done", stage, report });

function aLine() {
  const input = new PassThrough();
  const written: FromRegion[] = [];
  const write = (text: string) => {
    expect(text.endsWith("\n")).toBe(true);
    written.push(JSON.parse(text) as FromRegion);
  };
  return { ...lineTo(write, createInterface({ input })), written, input };
}

test("what is written at one moment goes out at once, and nothing of it twice", async () => {
  const { send, written } = aLine();
  send(journal("a", "b"));
  send(journal("c"));
  expect(written).toEqual([]);
  await nextTurn();
  expect(written).toEqual([journal("a", "b", "c")]);
  send(journal("d"));
  await nextTurn();
  await nextTurn();
  expect(written).toEqual([journal("a", "b", "c"), journal("d")]);
});

test("whoever says that a stage is done has said before what the journal holds, in whatever order the rest comes", async () => {
  const message = fc.oneof(
    fc.string().map((line) => journal(line)),
    fc.constantFrom(done("attempts"), { type: "missing", reference: "env:GONE" } as const),
    fc.constant(null),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(message), async (messages) => {
      const { send, written } = aLine();
      for (const one of messages) one ? send(one) : await nextTurn();
      await nextTurn();
      const flat = (all: readonly (FromRegion | null)[]) =>
        all.flatMap((one): unknown[] => (one?.type === "journal" ? one.lines : one ? [one] : []));
      expect(flat(written)).toEqual(flat(messages));
    }),
    { numRuns: 50 },
  );
});

test("a stage is waited for until its own answer comes", async () => {
  const { receive, input } = aLine();
  const met: Stage[] = [];
  const waiting = (["controls-before", "attempts"] as const).map((stage) =>
    receive(stage).then(({ after }) => met.push(after)),
  );
  input.write(`${JSON.stringify({ type: "go", after: "finished", reports: {} })}\n`);
  input.write(`${JSON.stringify({ type: "go", after: "attempts", reports: {} })}\n`);
  await waiting[1];
  expect(met).toEqual(["attempts"]);
  input.write(`${JSON.stringify({ type: "go", after: "controls-before", reports: {} })}\n`);
  await Promise.all(waiting);
});
