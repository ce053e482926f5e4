import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { seal } from "../../attest/envelope.ts";
import { beginRun } from "../../attest/history/begin.ts";
import { headOf, readLog } from "../../attest/history/log.ts";
import { checkpointName } from "../../attest/history/record.ts";
import { mostBytes, unavailable } from "../../attest/history/store.ts";
import { verifyLog } from "../../attest/history/verify-log.ts";
import { localSigner } from "../../attest/signer.ts";
import { sha256 } from "../../core/digest.ts";
import { bundleName, observedBundleName } from "../../reports/evidence.ts";
import { historyResult } from "../../reports/history-result.ts";
import { aReport, aRun as aSummary, aVerdict, aBreach as breached } from "../../reports/render/a-report.ts";
import {
  aKey,
  aLog,
  aRegion,
  aResult,
  aRun,
  begin,
  judge,
  MemoryStore,
  tick,
  trust,
  trustIn,
} from "./a-log.ts";

const verified = async (store: MemoryStore) => verifyLog(store, { trust });
const events = async (store: MemoryStore) =>
  (await readLog(store)).entries.map(({ record }) =>
    record.event === "started" ? "started" : record.outcome,
  );

describe("a run in a history", () => {
  test("is on record before its first attempt, and again when it ends", async () => {
    const store = new MemoryStore();
    const run = await begin(store);
    expect(await events(store)).toEqual(["started"]);
    expect(run.notes).toEqual([expect.stringContaining("a new history begins")]);
    await run.finish(aResult());
    expect(await events(store)).toEqual(["started", "judged"]);
    expect(await verified(store)).toMatchObject({
      problems: [],
      notes: [],
      checked: { records: 2, checkpoints: 2 },
    });
  });

  test("tells each region where it stands: log, record, number, and the end of its last run", async () => {
    const store = new MemoryStore();
    const first = await begin(store);
    await first.finish(aResult());
    const { positions, notes } = await begin(store, { regions: ["eu-central-1"], partial: true });
    expect(notes).toEqual([]);
    const { entries } = await readLog(store);
    expect(positions).toEqual({
      "eu-central-1": {
        origin: first.written.origin,
        index: 2,
        started: entries[2]?.digest,
        sequence: 2,
        previous: entries[1]?.digest,
      },
    });
    expect(first.positions["eu-central-1"]).toMatchObject({ index: 0, sequence: 1, previous: null });
    expect(entries[2]?.digest).toBe(sha256(store.files.get("records/00000002.json") ?? ""));
  });

  test("that overlaps another has its own number, and follows the last that had ended", async () => {
    const store = new MemoryStore();
    const [one, two] = [await begin(store), await begin(store)];
    await two.finish(aResult());
    const three = await begin(store);
    await one.finish(aResult());
    await three.interrupt({ at: "2026-10-01T03:00:00.000Z", reason: "a\nsignal" });
    const { entries } = await readLog(store);
    expect([two, three].map(({ positions }) => positions["us-east-1"]?.sequence)).toEqual([2, 3]);
    expect(two.positions["us-east-1"]?.previous).toBe(null);
    expect(three.positions["us-east-1"]?.previous).toBe(entries[2]?.digest);
    expect((await verified(store)).problems).toEqual([]);
  });

  test("begins no history that another began in the same moment, and is not said to", async () => {
    const store = new MemoryStore();
    const both = await Promise.all([begin(store), begin(store)]);
    const { origin } = headOf(await readLog(store));
    expect(both.map(({ written }) => written.origin)).toEqual([origin, origin]);
    expect(both.flatMap(({ notes }) => notes)).toEqual([`a new history begins in memory: ${origin}`]);
  });

  test("says so when the clock went back, and is recorded all the same", async () => {
    const store = new MemoryStore();
    await (await begin(store, { at: "2026-10-02T00:00:00.000Z" })).finish(
      aResult(undefined, { at: "2026-10-02T00:05:00.000Z" }),
    );
    const late = await begin(store, { at: "2026-10-01T00:00:00.000Z" });
    expect(late.notes).toEqual([expect.stringMatching(/clock says 2026-10-01.*2026-10-02/)]);
    const { problems, notes } = await verified(store);
    expect(problems).toEqual([]);
    expect(notes).toEqual(expect.arrayContaining([expect.stringContaining("a clock went back")]));
  });

  test("that is interrupted says why in one line, also where nobody knows", async () => {
    const store = new MemoryStore();
    for (const reason of ["a\nsignal", " \n"]) await (await begin(store)).interrupt({ at: tick(), reason });
    expect((await readLog(store)).entries.map(({ record }) => record)).toMatchObject([
      { event: "started" },
      { reason: "a signal" },
      { event: "started" },
      { reason: "it is not known why" },
    ]);
  });

  test("may be judged with another key than the last, because keys are changed", async () => {
    const store = await aLog(["pass"]);
    const next = aKey("ed25519");
    const run = await beginRun(aRun(), { store, judge: localSigner(next) });
    await run.finish(aResult());
    expect((await verifyLog(store, { trust })).problems).not.toEqual([]);
    const [old] = trust.signers;
    const both = { signers: [...trustIn(next).signers, ...(old ? [old] : [])] };
    expect((await verifyLog(store, { trust: both })).problems).toEqual([]);
  });
});

test("a record with two digests of one evidence is none, because readers would take either", async () => {
  const store = await aLog(["pass"]);
  const name = "records/00000001.json";
  const bundle = JSON.parse((store.files.get(name) ?? "").toString());
  const statement = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString());
  const other = { ...statement.subject[0], digest: { sha256: sha256("another run") } };
  const subject = [other, ...statement.subject];
  store.files.set(name, Buffer.from(await seal({ ...statement, subject }, judge)));
  store.files.delete("checkpoints/00000002");
  expect((await verified(store)).problems).toEqual([
    `${name}: the signed payload is not the statement that belongs here`,
  ]);
});

test("a run that is recorded with the evidence of an earlier one is noticed, because its own could say otherwise", async () => {
  const store = new MemoryStore();
  const clean = aResult();
  await (await begin(store)).finish(clean);
  await (await begin(store)).finish({ ...aResult(), evidence: clean.evidence });
  expect((await verified(store)).problems).toEqual([
    "records/00000003.json: its evidence is that of records/00000001.json already",
  ]);
});

test("a log that is written to while it is listed holds, because a list is not made at one moment", async () => {
  const store = await aLog(["pass", "breach"]);
  const run = await begin(store);
  let listed = 0;
  const list = store.list.bind(store);
  store.list = async () => {
    const before = await list();
    if (listed++ > 0) return before;
    await run.finish(aResult());
    const records = before.filter((name) => name.startsWith("records/"));
    return [...(await list()).filter((name) => name.startsWith("checkpoints/")), ...records];
  };
  expect(await verified(store)).toMatchObject({ problems: [], notes: [], checked: { records: 6 } });
});

test("a run is told the root that the checkpoint over its record has, because people keep it", async () => {
  const store = new MemoryStore();
  const run = await begin(store);
  const { written } = run;
  const ended = await run.finish(aResult());
  for (const { size, root } of [written, ended])
    expect(store.files.get(checkpointName(size))?.toString().split("\n").slice(1, 3)).toEqual([
      String(size),
      root,
    ]);
  expect([written.size, ended.size]).toEqual([1, 2]);
});

describe("a history is not gone on with", () => {
  test("at the end of a run under whose record a checkpoint of another log was put", async () => {
    const store = new MemoryStore();
    const run = await begin(store);
    const other = (await aLog(["pass"])).files.get("checkpoints/00000001") ?? Buffer.of();
    store.files.set("checkpoints/00000001", other);
    await expect(run.finish(aResult())).rejects.toMatchObject({
      code: "HISTORY_INVALID",
      message: expect.stringMatching(/checkpoints\/00000001 is of the log/),
    });
    expect(store.files.has("records/00000001.json")).toBe(false);
  });

  test.each<[string, RegExp, (files: Map<string, Buffer>) => void]>([
    [
      "a record is missing",
      /records\/00000001.json is missing/,
      (files) => files.delete("records/00000001.json"),
    ],
    ["its end was cut off", /only 4 records are there/, (files) => files.delete("records/00000004.json")],
    [
      "a record is none",
      /00000002.json is no record that this version writes/,
      (files) => files.set("records/00000002.json", Buffer.from("{}")),
    ],
    [
      "a record is no text",
      /00000004.json is no record that this version writes/,
      (files) =>
        rewrite(files, "records/00000004.json", (payload) => {
          payload[payload.indexOf("aws")] = 0xff;
          return payload;
        }),
    ],
    [
      "the last record is behind another than stands there",
      /00000004.json follows another record than it says/,
      (files) => {
        files.delete("checkpoints/00000005");
        rewrite(files, "records/00000004.json", (payload) =>
          payload.toString().replace(/"previous":"[0-9a-f]{64}"/, `"previous":"${sha256("another")}"`),
        );
      },
    ],
    [
      "the last record is of another log",
      /00000004.json is of the log another/,
      (files) => {
        files.delete("checkpoints/00000005");
        rewrite(files, "records/00000004.json", (payload) =>
          payload.toString().replace(/"origin":"[^"]*"/, '"origin":"another"'),
        );
      },
    ],
    [
      "its last checkpoint is an earlier one",
      /00000005 is a checkpoint of 4 records/,
      (files) => files.set("checkpoints/00000005", files.get("checkpoints/00000004") ?? Buffer.of()),
    ],
    [
      "a record was swapped",
      /is record 0/,
      (files) => files.set("records/00000002.json", files.get("records/00000000.json") ?? Buffer.of()),
    ],
    [
      "the last record was replaced",
      /not those that checkpoints\/00000005/,
      (files) =>
        files.set(
          "records/00000004.json",
          Buffer.concat([files.get("records/00000004.json") ?? Buffer.of(), Buffer.from("\n")]),
        ),
    ],
    [
      "its last checkpoint is none",
      /00000005 is no checkpoint/,
      (files) => files.set("checkpoints/00000005", Buffer.from("x")),
    ],
  ])("where %s, because a signature would cover it up", async (_what, said, alter) => {
    const store = await aLog(["pass", "breach", "vanish"]);
    alter(store.files);
    const before = new Map(store.files);
    await expect(begin(store)).rejects.toMatchObject({
      code: "HISTORY_INVALID",
      message: expect.stringMatching(said),
    });
    expect(store.files).toEqual(before);
  });

  test("by a signer that cannot sign its checkpoints, before anything is written", async () => {
    const store = new MemoryStore();
    const keyless = { ...judge, publicPem: null };
    await expect(beginRun(aRun(), { store, judge: keyless })).rejects.toMatchObject({
      code: "SIGNER_INVALID",
    });
    expect(store.files.size).toBe(0);
  });
});

/** What stands in a record, without a look at its signature. */
function rewrite(
  files: Map<string, Buffer>,
  name: string,
  change: (payload: Buffer) => string | Buffer,
): void {
  const bundle = JSON.parse((files.get(name) ?? "").toString());
  const payload = change(Buffer.from(bundle.dsseEnvelope.payload, "base64"));
  bundle.dsseEnvelope.payload = Buffer.from(payload).toString("base64");
  files.set(name, Buffer.from(JSON.stringify(bundle)));
}

/** A store that fails at its nth write, before or after it has been made. */
class FailingStore extends MemoryStore {
  writes = 0;
  readonly #at: number;
  readonly #how: "before" | "after" | "lies" | "always";

  constructor(at: number, how: "before" | "after" | "lies" | "always") {
    super();
    this.#at = at;
    this.#how = how;
  }

  override async create(name: string, content: Buffer): Promise<"created" | "exists"> {
    const number = this.writes++;
    const failing = this.#how === "always" ? number >= this.#at : number === this.#at;
    if (!failing) return super.create(name, content);
    if (this.#how === "lies") return "created";
    if (this.#how === "after") await super.create(name, content);
    throw unavailable(this.name, `did not take ${name}`);
  }
}

describe("a write that fails", () => {
  test("after it was made is no failure, because the store holds it", async () => {
    for (let at = 0; at < 4; at++) {
      const store = new FailingStore(at, "after");
      const run = await begin(store);
      const { unsigned } = await run.finish(aResult());
      expect(unsigned).toBe(null);
      expect(await verified(store)).toMatchObject({ problems: [], notes: [], checked: { records: 2 } });
    }
  });

  test.each(["before", "lies"] as const)(
    "(%s it was made) at the start keeps the run from starting",
    async (how) => {
      const store = new FailingStore(0, how);
      await expect(begin(store)).rejects.toMatchObject({ code: "HISTORY_UNAVAILABLE" });
      expect(store.files.size).toBe(0);
    },
  );

  test("at a checkpoint is said, and the next writer signs for it", async () => {
    const store = new FailingStore(1, "before");
    const run = await begin(store);
    expect(run.written.unsigned).toMatchObject({ code: "HISTORY_UNAVAILABLE" });
    expect(await verified(store)).toMatchObject({
      problems: [],
      notes: expect.arrayContaining([expect.stringContaining("no checkpoint yet")]),
    });
    expect((await run.finish(aResult())).unsigned).toBe(null);
    expect(await verified(store)).toMatchObject({ problems: [], notes: [], checked: { checkpoints: 2 } });
  });

  test("at the end leaves a run without one, and the record of its start stays whole", async () => {
    const store = new FailingStore(2, "always");
    const run = await begin(store);
    await expect(run.finish(aResult())).rejects.toMatchObject({ code: "HISTORY_UNAVAILABLE" });
    expect(await events(store)).toEqual(["started"]);
    expect((await verified(store)).problems).toEqual([]);
  });

  test("only at the last checkpoint leaves the end on record, and says what is missing", async () => {
    const store = new FailingStore(3, "always");
    const { index, unsigned } = await (await begin(store)).finish(aResult());
    expect([index, unsigned]).toEqual([1, expect.objectContaining({ code: "HISTORY_UNAVAILABLE" })]);
    expect(await events(store)).toEqual(["started", "judged"]);
  });
});

/** Another writer's file has its name taken, and cannot be read for a while: so S3 answers while it is written. */
class BusyStore extends MemoryStore {
  unseen = 0;
  readonly #name: string;
  #taken: Buffer | null = null;

  constructor(name: string) {
    super();
    this.#name = name;
  }

  override async create(name: string, content: Buffer): Promise<"created" | "exists"> {
    if (name === this.#name && !this.files.has(name)) {
      this.#taken ??= content;
      return "exists";
    }
    return super.create(name, content);
  }

  override async read(name: string): Promise<Buffer | null> {
    if (name === this.#name && this.#taken && this.unseen++ > 3) this.files.set(name, this.#taken);
    return super.read(name);
  }
}

test("a checkpoint that another is writing just now is waited for, because it is no sign of a broken log", async () => {
  const store = new BusyStore("checkpoints/00000001");
  const run = await begin(store);
  expect(run.written.unsigned).toBe(null);
  await run.finish(aResult());
  expect(store.unseen).toBeGreaterThan(3);
  expect(await verified(store)).toMatchObject({ problems: [], notes: [], checked: { checkpoints: 2 } });
});

describe("what readers would refuse for its size", () => {
  test("is not written, because no run could be recorded after it", async () => {
    const store = new MemoryStore();
    const six = Array.from({ length: 6 }, (_, index) => `region-${index}`);
    const run = await begin(store, { regions: six });
    const tried = Array.from({ length: 5000 }, (_, index) => ({
      ...{ path: "database" as const, system: `${"x".repeat(90)}${index}`, attempts: { "us-east-1": 6 } },
    }));
    const many = Object.fromEntries(six.map((region) => [region, aRegion({ tried })]));
    await expect(run.finish(aResult([], { regions: many }))).rejects.toMatchObject({
      code: "HISTORY_UNAVAILABLE",
      message: expect.stringMatching(/takes no record of \d{7} bytes/),
    });
    expect(await store.list()).toEqual(["checkpoints/00000001", "records/00000000.json"]);
    await run.finish(aResult(six));
    expect(await events(store)).toEqual(["started", "judged"]);
  });

  test("is not what a large run leads to: forty regions of 2,000 systems, and nothing of them contained", async () => {
    const directory = mkdtempSync(join(tmpdir(), "ringfence-large-"));
    const systems = Array.from({ length: 2000 }, (_, index) => `orders-${"postgres-".repeat(8)}${index}`);
    const verdicts = systems.map((system) =>
      aVerdict({ ...breached, to: { region: "us-east-1", system, address: null } }),
    );
    const reports = Array.from({ length: 40 }, (_, index) =>
      aReport({ region: { id: `region-${index}`, jurisdiction: "EU", place: "somewhere" }, verdicts }),
    );
    for (const name of ["", ...reports.map(({ region }) => region.id)]) {
      mkdirSync(join(directory, name), { recursive: true });
      for (const file of [bundleName, observedBundleName]) writeFileSync(join(directory, name, file), "");
    }
    const at = new Date().toISOString();
    const result = historyResult(directory, { run: aSummary(reports), reports, at });
    rmSync(directory, { recursive: true });
    const store = new MemoryStore();
    await (await begin(store, { regions: Object.keys(result.regions) })).finish(result);
    expect(store.files.get("records/00000001.json")?.length).toBeLessThan(mostBytes);
    for (const { tried } of Object.values(result.regions)) expect(tried.length).toBeGreaterThan(300);
  });
});
