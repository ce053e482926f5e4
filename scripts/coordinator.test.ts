import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { aMap, kinds } from "../core/a-trial.ts";
import { planAttempts } from "../core/plan.ts";
import type { HomeReport, Stage, ToRegion } from "../observer/job.ts";
import { observeRegions } from "./coordinator.ts";
import type { RegionJob } from "./region-job.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-coordinator-"));
const map = aMap({ regions: ["eu", "us"] });
const plan = planAttempts(map, kinds, { environment: "replica" });

beforeEach(() => {
  const toFake = ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance"] as const;
  vi.useFakeTimers({ toFake: [...toFake] });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

/** A region's process, as its coordinator sees it; it does what a test makes it do. */
class Observing extends EventEmitter {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly heard: string[] = [];
  killedBy: string | null = null;
  readonly #endsWithInput: boolean;

  constructor({ endsWithInput }: { endsWithInput: boolean }) {
    super();
    this.#endsWithInput = endsWithInput;
    this.stdin.on("data", (chunk) => this.heard.push(...String(chunk).trim().split("\n")));
    this.stdin.once("end", () => this.#endsWithInput && this.end(70));
  }

  end(code: number | null, signal: string | null = null): void {
    this.stdout.end();
    this.stdout.once("close", () => this.emit("close", code, signal));
  }

  kill(signal: string): boolean {
    this.killedBy = signal;
    return true;
  }

  say(...messages: unknown[]): void {
    this.stdout.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(""));
  }

  done(stage: Stage, report: Partial<HomeReport> = {}): void {
    this.say({ type: "done", stage, report });
  }

  get goes(): ToRegion[] {
    return this.heard.slice(1).map((line) => JSON.parse(line) as ToRegion);
  }
}

const jobOf = (region: string): RegionJob => ({
  ...{ runId: "a-run", region, version: "0.0.0", map, plan, planted: {} },
});
const noSignal = new AbortController().signal;

function begin({ hung = [] as string[], signing = false, signal = noSignal, isFull = false } = {}) {
  const children: Record<string, Observing> = {};
  const lost: Record<string, string> = {};
  const told = {
    entries: [] as string[],
    complaints: [] as string[],
    missing: [] as string[],
    signed: [] as string[],
  };
  const signs = signing ? { signing: { signer: { key: "env:KEY" as const }, history: null } } : {};
  const jobs = Object.keys(map.regions).map((region): RegionJob => ({ ...jobOf(region), ...signs }));
  const over = observeRegions({
    environment: {
      observe(region) {
        const child = new Observing({ endsWithInput: !hung.includes(region) });
        children[region] = child;
        return child as unknown as ChildProcess;
      },
    },
    jobs,
    directory: folder,
    signal,
    onEntry: (_region, line) => told.entries.push(line),
    onComplaint: (region, said) => told.complaints.push(`${region}: ${said}`),
    onMissing: (region, reference) => told.missing.push(`${region} ${reference}`),
    onSigned(region, { bundle }) {
      if (isFull) throw new Error("no room");
      told.signed.push(`${region} ${bundle}`);
    },
    onLost(region, why) {
      lost[region] = why;
    },
  });
  return {
    over,
    lost,
    ...told,
    all: Object.values(children),
    ...(children as { eu: Observing; us: Observing }),
  };
}

/** Lets what is written be read. */
const settle = () => new Promise((done) => setImmediate(() => setImmediate(done)));
const later = async (ms: number) => {
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
};

test("no region goes on before every region has arrived, and each is told what the others report", async () => {
  const { eu, us, over, lost } = begin();
  const [stage, ...stages] = ["controls-before", "attempts", "controls-after", "finished"] as const;
  eu.done(stage, { addresses: { orders: ["10.10.0.5"] } });
  await settle();
  expect(eu.goes).toEqual([]);
  us.done(stage, { slowestMs: { redis: 12 } });
  await settle();
  const reports = { eu: { addresses: { orders: ["10.10.0.5"] } }, us: { slowestMs: { redis: 12 } } };
  expect(eu.goes).toEqual([{ type: "go", after: stage, reports }]);
  expect(us.goes).toEqual(eu.goes);
  for (const next of stages) {
    us.done(next);
    await settle();
    expect(us.goes.at(-1)?.after, next).not.toBe(next);
    eu.done(next);
    await settle();
    expect([eu.goes.at(-1)?.after, us.goes.at(-1)?.after]).toEqual([next, next]);
  }
  for (const one of [eu, us]) one.end(0);
  await over;
  expect(lost).toEqual({});
});

test("a journal that another run writes in the same folder is not touched, and nothing is observed", async () => {
  const journal = join(folder, "us", "observations.jsonl");
  mkdirSync(join(folder, "us"), { recursive: true });
  writeFileSync(journal, "another's\n");
  const { over, all } = begin();
  await expect(over).rejects.toMatchObject({ code: "USAGE", message: expect.stringContaining(journal) });
  expect(all).toEqual([]);
  expect(readFileSync(journal, "utf8")).toBe("another's\n");
});

test("a journal that cannot be written any more ends the run in order, and says where", async () => {
  const { eu, over, all } = begin();
  const journal = join(folder, "eu", "observations.jsonl");
  rmSync(journal);
  mkdirSync(journal);
  eu.say({ type: "journal", lines: ["1"] });
  await expect(over).rejects.toMatchObject({ code: "USAGE", message: expect.stringContaining(journal) });
  expect(all.map(({ stdin }) => stdin.writableEnded)).toEqual([true, true]);
});

test("a signature that cannot be kept does so, too", async () => {
  const { eu, over, all } = begin({ isFull: true });
  eu.say({ type: "signed", bundle: "a bundle", who: {}, publicPem: null });
  await expect(over).rejects.toThrow("no room");
  expect(all.map(({ stdin }) => stdin.writableEnded)).toEqual([true, true]);
});

test("a region that hangs is given up and killed, and keeps the others no longer", async () => {
  const { eu, us, over, lost } = begin({ hung: ["us"] });
  eu.done("controls-before");
  await later(160_000);
  expect(us.killedBy).toBe("SIGKILL");
  await settle();
  expect(eu.goes.at(-1)?.after).toBe("controls-before");
  us.say({ type: "journal", lines: ["written after it was given up"] });
  eu.done("finished");
  eu.end(0);
  await over;
  expect(Object.keys(lost)).toEqual(["us"]);
  expect(readFileSync(join(folder, "us", "observations.jsonl"), "utf8")).toBe("");
});

test("a region that waits for a slow one is not given up, because it has done what it was to do", async () => {
  const { eu, us, over, lost } = begin();
  eu.done("controls-before");
  await later(140_000);
  us.done("controls-before");
  await settle();
  await later(140_000);
  for (const one of [eu, us]) {
    one.done("finished");
    one.end(0);
  }
  await over;
  expect(lost).toEqual({});
});

test("a region that was given up at one stage opens it, and every later one, for the others", async () => {
  const { eu, us, over, lost } = begin();
  us.end(null as unknown as number, "SIGKILL");
  eu.done("controls-before");
  await settle();
  expect(eu.goes).toEqual([{ type: "go", after: "controls-before", reports: { eu: {} } }]);
  eu.done("attempts");
  await settle();
  expect(eu.goes.at(-1)?.after).toBe("attempts");
  eu.done("finished");
  eu.end(0);
  await over;
  expect(lost).toEqual({ us: "its process ended (SIGKILL)" });
});

test("what a region does not make in its time ends it, though it went on from stage to stage before", async () => {
  const { eu, us, over, lost } = begin();
  for (const one of [eu, us]) one.done("controls-before");
  await later(100_000);
  for (const one of [eu, us]) one.done("attempts");
  await later(100_000);
  eu.done("controls-after");
  await later(40_000);
  expect(lost).toEqual({});
  await later(15_000);
  expect(Object.keys(lost)).toEqual(["us"]);
  eu.done("finished");
  eu.end(0);
  await over;
});

test("the journal is what the region said it is, in that order, whatever else comes out of its process", async () => {
  const { eu, us, over, entries, missing } = begin();
  eu.say({ type: "journal", lines: ["first", "second"] }, 5, null, "journal", { lines: ["of no type"] });
  eu.stdout.write('a warning of some library\n{"type":"journal","li');
  await settle();
  eu.stdout.write('nes":["third"]}\nno line of its own: ');
  eu.say({ type: "journal", lines: ["lost with it"] });
  eu.say({ type: "journal", lines: ["fourth"] }, { type: "missing", reference: "env:GONE" });
  for (const one of [eu, us]) one.end(0);
  await over;
  expect(readFileSync(join(folder, "eu", "observations.jsonl"), "utf8")).toBe(
    "first\nsecond\nthird\nfourth\n",
  );
  expect(entries).toEqual(["first", "second", "third", "fourth"]);
  expect(missing).toEqual(["eu env:GONE"]);
});

test("a region is lost that ends before its journal does", async () => {
  const unfinished = begin();
  unfinished.eu.stderr.write("SIGNER_INVALID: no such key\n");
  for (const one of unfinished.all) {
    one.done("controls-after");
    await settle();
    one.end(0);
  }
  await unfinished.over;
  expect(unfinished.lost).toEqual({
    eu: "SIGNER_INVALID: no such key",
    us: "its process ended (exit code 0)",
  });
});

test("why an attempt could not be tried is told of a region that did the rest, in whole lines", async () => {
  const { eu, us, over, lost, complaints } = begin();
  eu.stderr.write(`${"first\n".repeat(400)}`);
  eu.stderr.write(`${"x".repeat(1950)} of 10.0.0.1\n`);
  eu.stderr.write("database/orders could not be tried: TypeError: no probe\n");
  for (const one of [eu, us]) {
    one.done("finished");
    await settle();
    one.end(0);
  }
  await over;
  expect(lost).toEqual({});
  expect(complaints).toEqual(["eu: database/orders could not be tried: TypeError: no probe"]);
});

test("a region is lost that did not sign its journal", async () => {
  const { eu, us, over, lost, signed } = begin({ signing: true });
  for (const one of [eu, us]) one.done("finished");
  us.say({ type: "signed", bundle: "a bundle", who: {}, publicPem: null });
  await settle();
  for (const one of [eu, us]) one.end(0);
  await over;
  expect(Object.keys(lost)).toEqual(["eu"]);
  expect(signed).toEqual(["us a bundle"]);
});

test.each([false, true])(
  "a run that is interrupted ends its regions (before they began: %s)",
  async (before) => {
    const controller = new AbortController();
    if (before) controller.abort();
    const { all, over, lost } = begin({ hung: ["us"], signal: controller.signal });
    controller.abort();
    await later(6000);
    await over;
    expect(all.map(({ stdin }) => stdin.writableEnded)).toEqual([true, true]);
    expect(Object.keys(lost).sort()).toEqual(["eu", "us"]);
  },
);

test("what a hung process started is killed with it, for it holds its output open", async () => {
  const child = spawn("sh", ["-c", "sleep 600 & echo $!; wait"], { stdio: "pipe", detached: true });
  const [started] = await once(child.stdout, "data");
  const lost: string[] = [];
  const over = observeRegions({
    environment: { observe: () => child },
    jobs: [jobOf("eu")],
    directory: folder,
    signal: AbortSignal.abort(),
    onEntry: () => {},
    onLost: (_region, why) => lost.push(why),
  });
  await later(6000);
  await over;
  expect(lost).toEqual(["its process ended (it hung, and was killed)"]);
  const isGone = () => {
    const state = spawnSync("ps", ["-o", "stat=", "-p", String(started).trim()], { encoding: "utf8" }).stdout;
    return /^(Z.*)?$/.test(state.trim());
  };
  await vi.waitUntil(isGone);
});
