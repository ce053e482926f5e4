import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seal } from "../../attest/envelope.ts";
import { signCheckpoint } from "../../attest/history/checkpoint.ts";
import { headOf, readLog } from "../../attest/history/log.ts";
import { checkpointName, HistoryStatement, recordName } from "../../attest/history/record.ts";
import { rootsOf } from "../../attest/history/verify-checkpoints.ts";
import { verifyLog } from "../../attest/history/verify-log.ts";
import { localSigner } from "../../attest/signer.ts";
import type { TrustedKey, TrustedSigner } from "../../attest/trust.ts";
import { aKey, aLog, aResult, begin, judge, MemoryStore, type Step, steps, trust, trustIn } from "./a-log.ts";

interface Altered {
  store: MemoryStore;
  /** How many records there were. */
  size: number;
  /** Two places, the first before the second where there are two. */
  at: number;
  other: number;
  flip: number;
}

const record = ({ store }: Altered, index: number) => store.files.get(recordName(index)) as Buffer;
const drop = ({ store }: Altered, name: string) => void store.files.delete(name);

/** Moves the records from one place on, so that no hole is seen. */
function shift({ store, size }: Altered, from: number, by: number): void {
  const moved = Array.from({ length: size - from }, (_, index) => store.files.get(recordName(from + index)));
  for (let index = from; index < size; index++) store.files.delete(recordName(index));
  for (const [index, content] of moved.entries())
    if (content) store.files.set(recordName(from + index + by), content);
}

/** Another record in a place, signed by whoever holds the key. */
async function resigned({ store }: Altered, index: number, by = judge): Promise<Buffer> {
  const { dsseEnvelope } = JSON.parse((store.files.get(recordName(index)) as Buffer).toString()) as {
    dsseEnvelope: { payload: string };
  };
  const statement = HistoryStatement.parse(
    JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString()),
  );
  const predicate = { ...statement.predicate, at: "2026-09-30T00:00:00.000Z" };
  return Buffer.from(await seal({ ...statement, predicate }, by));
}

type Alteration = (altered: Altered) => unknown;

const alterations: Record<string, [reason: RegExp, alter: Alteration]> = {
  "a record is dropped": [
    /records\/.*missing|only \d+ records are here/,
    (on) => drop(on, recordName(on.at)),
  ],
  "a record is dropped, and the later ones are moved up": [
    /signed for one place further on|only \d+ records are here/,
    (on) => {
      drop(on, recordName(on.at));
      shift(on, on.at + 1, -1);
    },
  ],
  "a record is dropped with every checkpoint": [
    /missing/,
    (on) => {
      drop(on, recordName(on.at));
      for (let size = 1; size <= on.size; size++) drop(on, checkpointName(size));
    },
  ],
  "the end is cut off, and its checkpoints are left": [
    /only \d+ records are here: the end was cut off/,
    (on) => {
      for (let index = on.at; index < on.size; index++) drop(on, recordName(index));
    },
  ],
  "two records change places": [
    /signed for .* further (on|up)/,
    (on) => {
      const [one, two] = [record(on, on.at), record(on, on.other)];
      on.store.files.set(recordName(on.at), two).set(recordName(on.other), one);
    },
  ],
  "a record stands twice, at the end": [
    /is a copy of records/,
    (on) => void on.store.files.set(recordName(on.size), record(on, on.at)),
  ],
  "a record stands twice, one after the other": [
    /is a copy of records/,
    (on) => {
      const copy = record(on, on.at);
      shift(on, on.at + 1, 1);
      on.store.files.set(recordName(on.at + 1), copy);
    },
  ],
  "a record takes the place of another": [
    /is a copy of records|signed for .* further/,
    (on) => void on.store.files.set(recordName(on.other), record(on, on.at)),
  ],
  "a record of another history of the same judge takes the place of one": [
    /another log|another record|does not stand|not the start of its run|not those that it was signed/,
    async (on) => {
      const foreign = await aLog(["breach", "pass", "pass", "breach", "pass", "pass", "pass", "pass"]);
      on.store.files.set(recordName(on.at), foreign.files.get(recordName(on.at)) as Buffer);
    },
  ],
  "a record is written anew by somebody who has no key of the judge": [
    /not among the trusted/,
    async (on) => on.store.files.set(recordName(on.at), await resigned(on, on.at, localSigner(aKey()))),
  ],
  "a record is written anew with the judge's own key": [
    /another record than|not the start of its run|not those that it was signed over/,
    async (on) => on.store.files.set(recordName(on.at), await resigned(on, on.at)),
  ],
  "one bit of a record is turned over": [
    /./,
    (on) => void on.store.files.set(recordName(on.at), bent(record(on, on.at), on.flip)),
  ],
  "one bit of a checkpoint is turned over": [
    /checkpoint|another log|not signed/,
    (on) => {
      const name = checkpointName(on.at + 1);
      on.store.files.set(name, bent(on.store.files.get(name) as Buffer, on.flip));
    },
  ],
  "a checkpoint is dropped": [/checkpoints\/.*missing/, (on) => drop(on, checkpointName(on.at + 1))],
  "two checkpoints change places": [
    /is a checkpoint of \d+ records/,
    ({ store, at, other }) => {
      const [one, two] = [at, other].map((index) => store.files.get(checkpointName(index + 1)) as Buffer);
      store.files.set(checkpointName(at + 1), two as Buffer).set(checkpointName(other + 1), one as Buffer);
    },
  ],
  "a file is added": [
    /belongs to no history/,
    ({ store }) => store.files.set("records/more.json", Buffer.of()),
  ],
};

function bent(content: Buffer, flip: number): Buffer {
  const copy = Buffer.from(content);
  copy[flip % copy.length] = (copy[flip % copy.length] as number) ^ (1 << (flip % 7));
  return copy;
}

const scene = fc.record({
  plan: fc.array(fc.constantFrom<Step>(...steps), { minLength: 2, maxLength: 6 }),
  one: fc.nat(),
  two: fc.nat(),
  flip: fc.nat(),
});

async function altered(plan: readonly Step[], one: number, two: number, flip: number): Promise<Altered> {
  const store = await aLog(plan);
  const size = (await readLog(store)).entries.length;
  const [first, second] = [one % size, two % size].sort((a, b) => a - b) as [number, number];
  const other = first === second ? (first + 1) % size : second;
  return { store, size, at: Math.min(first, other), other: Math.max(first, other), flip };
}

describe("whatever a history was", () => {
  test("untouched, it holds, against every checkpoint that it ever had", async () => {
    await fc.assert(
      fc.asyncProperty(scene, async ({ plan }) => {
        const store = await aLog(plan);
        const held = [...store.files]
          .filter(([name]) => name.startsWith("checkpoints/"))
          .map(([name, note]) => ({ name, note: note.toString() }));
        const { problems, notes, checked } = await verifyLog(store, { trust, held });
        const vanished = plan.filter((step) => step === "vanish").length;
        const unended = vanished === 0 ? [] : [expect.stringContaining("without an end")];
        expect([problems, notes]).toEqual([[], unended]);
        expect(checked).toEqual({ records: held.length, checkpoints: held.length, held: held.length });
      }),
      { numRuns: 25 },
    );
  });

  test.each(Object.entries(alterations))(
    "it is noticed, with its reason, that %s",
    async (what, [reason, alter]) => {
      await fc.assert(
        fc.asyncProperty(scene, async ({ plan, one, two, flip }) => {
          const made = await altered(plan, one, two, flip);
          // The last checkpoint of all may not have been written yet; that is a note, and no problem.
          if (what === "a checkpoint is dropped") fc.pre(made.at + 1 < made.size);
          await alter(made);
          const { problems } = await verifyLog(made.store, { trust });
          expect(problems.join("\n")).toMatch(reason);
        }),
        { numRuns: 12 },
      );
    },
  );
});

describe("what no reader of the log alone can see", () => {
  /** A clean log, and what somebody noted of it before it was made clean. */
  async function afterCleaning(rewrite: (store: MemoryStore) => Promise<MemoryStore>) {
    const store = await aLog(["pass", "breach"]);
    const held = [
      { name: "kept.checkpoint", note: store.files.get("checkpoints/00000004")?.toString() ?? "" },
    ];
    const clean = await rewrite(store);
    return { alone: await verifyLog(clean, { trust }), against: await verifyLog(clean, { trust, held }) };
  }

  test("that its end was cut off with the checkpoints: a checkpoint held elsewhere shows it", async () => {
    const { alone, against } = await afterCleaning(async (store) => {
      for (const name of ["records/00000002.json", "records/00000003.json"]) store.files.delete(name);
      for (const name of ["checkpoints/00000003", "checkpoints/00000004"]) store.files.delete(name);
      return store;
    });
    expect(alone.problems).toEqual([]);
    expect(against.problems).toEqual([
      "kept.checkpoint was signed over 4 records, and here are 2: the end of the log was cut off",
    ]);
  });

  test("that the holder of the key wrote another end: a checkpoint held elsewhere shows it", async () => {
    const { alone, against } = await afterCleaning(async (store) => {
      const kept = [...store.files].filter(([name]) => /0000000[01].json|0000000[12]$/.test(name));
      return aLog(["pass", "pass"], new MemoryStore(kept));
    });
    expect(alone.problems).toEqual([]);
    expect(against.problems).toEqual([expect.stringContaining("the log was rewritten, or is a second one")]);
  });

  test("that a second, clean log was kept beside it: its name is another, and a held checkpoint shows it", async () => {
    const { alone, against } = await afterCleaning(() => aLog(["pass", "pass"]));
    expect(alone.problems).toEqual([]);
    expect(against.problems).toEqual([expect.stringContaining("kept.checkpoint: it is of another log")]);
  });
});

test("a held checkpoint of nobody's is none", async () => {
  const store = await aLog(["pass"]);
  const note = await signCheckpoint(headOf(await readLog(store)), localSigner(aKey()));
  const { problems } = await verifyLog(store, { trust, held: [{ name: "kept", note }] });
  expect(problems).toEqual(["kept: it is not signed by a judge's key that may sign it"]);
});

describe("whoever may sign a checkpoint", () => {
  const [own] = trust.signers as [TrustedKey];
  /** Over each of two records, of which the second was made later. */
  const problemsBy = async (signers: TrustedSigner[], key = judge) => {
    const store = new MemoryStore();
    const run = await begin(store);
    await run.finish(aResult());
    const log = await readLog(store);
    for (const size of [1, 2])
      store.files.set(checkpointName(size), Buffer.from(await signCheckpoint(headOf(log, size), key)));
    const [, second = ""] = log.entries.map(({ record }) => record.at);
    const named = signers.map((one) => (one.until ? { ...one, until: new Date(second) } : one));
    const { problems } = await verifyLog(store, { trust: { signers: [own, ...named] } });
    return { problems };
  };
  const other = aKey();
  const [another] = trustIn(other).signers as [TrustedKey];
  const said = "it is not signed by a judge's key that may sign it";

  test("is the judge, by each of its keys", async () => {
    expect((await problemsBy([another], localSigner(other))).problems).toEqual([]);
  });

  test("is no region, because whoever runs one could then write a log anew", async () => {
    const { problems } = await problemsBy([{ ...another, signs: "eu-central-1" }], localSigner(other));
    expect(problems).toEqual([`checkpoints/00000001, and 1 more: ${said}`]);
  });

  test("is no key whose time was over when the last record was made", async () => {
    const { problems } = await problemsBy([{ ...another, until: new Date() }], localSigner(other));
    expect(problems).toEqual([`checkpoints/00000002: ${said}`]);
  });

  test("is nobody by an identity, whose key nobody can look up", async () => {
    const identity = { subject: "somebody", issuer: "https://issuer.example" };
    const { problems } = await problemsBy([{ signs: "judge", identity, trustedRoot: {} as never }]);
    expect(problems).toEqual([]);
  });
});

test("a held checkpoint over records behind a hole is not said to fit", async () => {
  const store = await aLog(["pass", "pass"]);
  const held = [{ name: "kept", note: store.files.get("checkpoints/00000004")?.toString() ?? "" }];
  store.files.delete(recordName(1));
  const { problems, checked } = await verifyLog(store, { trust, held });
  expect(problems).toContain(
    "kept was signed over 4 records, of which only the first 1 are here without a hole",
  );
  expect(checked.held).toBe(0);
});

test("a held checkpoint of a log before its first record is of every state of it", async () => {
  const store = await aLog(["pass"]);
  const { origin } = headOf(await readLog(store));
  const empty = { origin, size: 0, root: rootsOf([])[0] as Buffer };
  const held = [{ name: "kept", note: await signCheckpoint(empty, judge) }];
  expect(await verifyLog(store, { trust, held })).toMatchObject({ problems: [], checked: { held: 1 } });
});

test("a name far away does not make anybody count to it", async () => {
  const store = await aLog(["pass"]);
  store.files.set(recordName(99_999_999), Buffer.from("{}"));
  const begun = performance.now();
  const { problems } = await verifyLog(store, { trust });
  expect(performance.now() - begun).toBeLessThan(20_000);
  expect(problems.join()).toContain("records/00000002.json to records/99999998.json");
});

test("an empty place holds no history", async () => {
  expect((await verifyLog(new MemoryStore(), { trust })).problems).toEqual(["it holds no record"]);
});
