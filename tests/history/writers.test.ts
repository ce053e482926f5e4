import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { FolderStore } from "../../attest/history/folder-store.ts";
import { type LogEntry, readLog } from "../../attest/history/log.ts";
import { S3Store } from "../../attest/history/s3-store.ts";
import type { HistoryStore } from "../../attest/history/store.ts";
import { verifyLog } from "../../attest/history/verify-log.ts";
import { projectRoot } from "../../environments/node-script.ts";
import { aStore, aUser, home } from "../../fixtures/object-store/testing.ts";
import { aResult, begin, judgeKey, regions, trust } from "./a-log.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-writers-"));
afterAll(() => rmSync(folder, { recursive: true }));
const keyFile = join(folder, "key.pem");
writeFileSync(keyFile, judgeKey.privateKey.export({ type: "pkcs8", format: "pem" }));
let places = 0;
const aPlace = () => join(folder, `history-${places++}`);

interface Writer {
  child: ChildProcess;
  /** Resolves with what it said. */
  said: Promise<string[]>;
}

function write(place: string, name: string, ...rest: string[]): Writer {
  const script = join(projectRoot, "tests", "tools", "history-writer.ts");
  const child = spawn(process.execPath, [script, place, keyFile, name, ...rest], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk) => (text += String(chunk)));
  return { child, said: once(child, "close").then(() => text.split("\n").filter(Boolean)) };
}

/** `started RUN INDEX` and `judged RUN INDEX` of every record. */
const lines = (entries: readonly LogEntry[]) =>
  entries.map(({ record }) => {
    const event = record.event === "started" ? "started" : record.outcome;
    return `${event} ${record.runId} ${record.index}`;
  });

/** The records that hold; whatever went on, a log has no other problem than a last checkpoint to come. */
async function sound(store: HistoryStore): Promise<readonly LogEntry[]> {
  const { problems, notes, log } = await verifyLog(store, { trust });
  expect(problems).toEqual([]);
  expect(notes.filter((note) => !/a clock went back|no checkpoint yet|without an end/.test(note))).toEqual(
    [],
  );
  return log.entries;
}

function numbersOf(entries: readonly LogEntry[], region: string): number[] {
  return entries.flatMap(({ record }) =>
    record.event === "started" ? (record.regions[region]?.sequence ?? []) : [],
  );
}

describe("several writers at once", () => {
  test("lose nothing and double nothing, each in a process of its own", async () => {
    const place = aPlace();
    const writers = ["a", "b", "c", "d"].map((name) => write(place, name, "8"));
    const said = (await Promise.all(writers.map((writer) => writer.said))).flat();
    const entries = await sound(new FolderStore(place));
    expect(lines(entries).sort()).toEqual(said.sort());
    expect(entries).toHaveLength(64);
    for (const region of regions)
      expect(numbersOf(entries, region)).toEqual(Array.from({ length: 32 }, (_, index) => index + 1));
  });

  test("lose nothing and double nothing in a bucket", async () => {
    await using bed = await aStore({ buckets: [{ name: "audit", region: home, objectLock: true }] });
    const open = () =>
      S3Store.open("s3://audit/log", {
        region: home,
        endpoint: `https://s3.${home}.amazonaws.com:${bed.port}`,
        credentials: aUser(),
        requestHandler: { httpsAgent: bed.agent() },
      });
    const writer = async () => {
      using store = await open();
      for (let run = 0; run < 3; run++) await (await begin(store)).finish(aResult());
    };
    await Promise.all([writer(), writer(), writer()]);
    using store = await open();
    const entries = await sound(store);
    expect(entries).toHaveLength(18);
    expect(numbersOf(entries, "us-east-1")).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe("kill -9 of a writer", () => {
  test.each([0, 1, 2, 3].flatMap((at) => ["before", "after"].map((when): [string, number] => [when, at])))(
    "%s its write %i leaves whole records, and the next run goes on from them",
    async (when, at) => {
      const place = aPlace();
      const { child, said } = write(place, "killed", "1", String(at), when);
      const told = await said;
      expect(child.signalCode).toBe("SIGKILL");
      const store = new FolderStore(place);
      // Records are the writes 0 and 2, and checkpoints the writes 1 and 3.
      const records = Math.ceil((at + (when === "after" ? 1 : 0)) / 2);
      expect(lines((await readLog(store)).entries)).toHaveLength(records);
      await (await begin(store)).finish(aResult());
      const entries = await sound(store);
      expect(entries).toHaveLength(records + 2);
      expect(lines(entries)).toEqual(expect.arrayContaining(told));
      expect((await verifyLog(store, { trust })).notes.join()).not.toMatch(/no checkpoint yet/);
    },
  );

  test("at any time, beside others that go on, loses nothing that it was told is there", async () => {
    const place = aPlace();
    const steady = write(place, "steady", "12");
    const told: string[] = [];
    for (const [index, delayMs] of [0, 7, 19, 40, 80, 130].entries()) {
      const { child, said } = write(place, `killed-${index}`, "1000");
      await once(child.stdout as NodeJS.ReadableStream, "data");
      await sleep(delayMs);
      child.kill("SIGKILL");
      told.push(...(await said));
    }
    told.push(...(await steady.said));
    const store = new FolderStore(place);
    await (await begin(store)).finish(aResult());
    const entries = await sound(store);
    expect(lines(entries)).toEqual(expect.arrayContaining(told));
    expect(new Set(lines(entries)).size).toBe(entries.length);
    expect(told.length).toBeGreaterThan(24);
  });
});
