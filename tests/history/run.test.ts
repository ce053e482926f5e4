import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { append } from "../../attest/history/append.ts";
import { beginRun } from "../../attest/history/begin.ts";
import { FolderStore } from "../../attest/history/folder-store.ts";
import { headOf, type LogEntry, readLog } from "../../attest/history/log.ts";
import type { JudgedRecord } from "../../attest/history/record.ts";
import { verifyLog } from "../../attest/history/verify-log.ts";
import { openSigningKey } from "../../attest/keys.ts";
import { localSigner } from "../../attest/signer.ts";
import { readTrust, type Trust } from "../../attest/trust.ts";
import { sha256 } from "../../core/digest.ts";
import { commandLine, projectRoot } from "../../environments/node-script.ts";
import { verifyRuns } from "../../reports/verify-runs.ts";
import { type HeldReplica, holdReplica, ringfence } from "../held-replica.ts";
import { aResult, aRun } from "./a-log.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-recorded-"));
const log = join(folder, "log");
const keys = join(folder, "keys");
const runs = join(folder, "runs");
const environment = { RINGFENCE_KEYS: keys, GITHUB_ACTIONS: "", CI: "" };
const eu = "eu-central-1";
let replica: HeldReplica;
let trustFile: string;
let trust: Trust;

/** A run from inside one region, over one leak path: the smallest that there is. */
const asked = (name: string, ...more: string[]) => [
  ...["run", "--attach", replica.stateFile, "--region", eu, "--path", "cache"],
  ...["--out", join(runs, name), ...more],
];
const entriesOf = async (place: string) => (await readLog(new FolderStore(place))).entries;
const events = (entries: readonly LogEntry[]) =>
  entries.map(({ record }) => (record.event === "started" ? "started" : record.outcome));

beforeAll(async () => {
  replica = await holdReplica();
  for (const name of ["one", "two"]) {
    const done = ringfence(asked(name, "--history", log, "--trigger", "the test\nof histories"), environment);
    expect(done, done.output).toMatchObject({ exitCode: 0 });
  }
  trustFile = join(runs, "one", "keys", "trust.yaml");
  trust = readTrust(trustFile);
});
afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

describe("runs that were recorded", () => {
  test("hold: log, folders, and each run's own evidence, which names its place in the log", async () => {
    const { exitCode, output } = ringfence(["history", "verify", log, "--trust", trustFile, "--runs", runs]);
    expect(output).toMatch(
      /the history ringfence-history\/\S+ holds: 4 records, 4 checkpoints, 2 folders of runs/,
    );
    expect(exitCode).toBe(0);
    expect(ringfence(["verify", join(runs, "two"), "--trust", trustFile]).exitCode).toBe(0);
    const [, , third] = await entriesOf(log);
    const bundle = JSON.parse(readFileSync(join(runs, "two", eu, "observed.sigstore.json"), "utf8"));
    const { predicate } = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString());
    expect(predicate.history).toMatchObject({ index: 2, sequence: 2, started: third?.digest });
  });

  test("are shown with what made them run, of which commit, and how each region fared", () => {
    const { exitCode, output } = ringfence(["history", log, "--cadence", "24h"]);
    expect(exitCode).toBe(0);
    expect(output).toMatch(
      /^2\s+\d{4}-\d\d-\d\d \d\d:\d\d\s+\S+\s+replica, a part\s+PASS\s.*the test of histories$/m,
    );
    expect(output).toContain("nothing was verified");
    const shown = JSON.parse(ringfence(["history", log, "--json"]).output);
    expect(shown.runs[0]).toMatchObject({ trigger: "the test of histories", partial: true, state: "judged" });
    expect(shown.runs[0].commit).toMatch(/^[0-9a-f]{40}(-dirty)?$/);
    const csv = join(folder, "population.csv");
    ringfence(["history", log, "--csv", csv]);
    expect(readFileSync(csv, "utf8").trimEnd().split("\r\n")).toHaveLength(3);
  });

  test("are on a page, written whole or not at all", async () => {
    const page = join(folder, "history.html");
    expect(ringfence(["history", log, "--cadence", "24h", "--html", page])).toMatchObject({ exitCode: 0 });
    const markup = readFileSync(page, "utf8");
    const recorded = await readLog(new FolderStore(log));
    for (const { record } of recorded.entries) expect(markup).toContain(record.runId);
    expect(markup).toContain("1 region not tested as a whole");
    expect(markup).toContain(headOf(recorded).root.toString("base64"));
    for (const option of ["--html", "--csv"]) {
      const refused = ringfence(["history", log, option, folder]);
      expect(refused).toMatchObject({
        exitCode: 64,
        output: expect.stringContaining(`history: ${option}: `),
      });
    }
    expect(readdirSync(folder).filter((name) => name.includes(".part"))).toEqual([]);
  });

  test("are listed by period, and a day that ends it is part of it", () => {
    const day = new Date().toISOString().slice(0, 10);
    const count = (...period: string[]) =>
      JSON.parse(ringfence(["history", log, "--json", ...period]).output).runs.length;
    expect(count("--from", day, "--until", day)).toBe(2);
    expect(count("--until", "2020-01-01")).toBe(0);
  });

  /** Problems of folders against a log, either of them altered. */
  async function problemsWith(alter: {
    log?: (place: string) => unknown;
    folder?: (place: string) => unknown;
  }) {
    const [place, copies] = [join(folder, "log-copy"), join(folder, "runs-copy")];
    for (const [from, to] of [
      [log, place],
      [runs, copies],
    ] as const) {
      rmSync(to, { recursive: true, force: true });
      cpSync(from, to, { recursive: true });
    }
    await alter.log?.(place);
    await alter.folder?.(copies);
    const verified = await verifyLog(new FolderStore(place), { trust });
    return { log: verified.problems, runs: verifyRuns([copies], verified.log).problems };
  }
  const cut = (place: string, records: number) => {
    for (let index = records; index < 4; index++) {
      rmSync(join(place, "records", `0000000${index}.json`));
      rmSync(join(place, "checkpoints", `0000000${index + 1}`));
    }
  };
  const judge = () => localSigner(openSigningKey(keys, { environment: "replica", role: "judge" }));

  test("give no alarm untouched", async () => {
    expect(await problemsWith({})).toEqual({ log: [], runs: [] });
  });

  test("show that the log's end was cut off with its checkpoints, because a region signed where it stood", async () => {
    const { log, runs } = await problemsWith({ log: (place) => cut(place, 2) });
    expect(log).toEqual([]);
    expect(runs).toEqual([
      expect.stringMatching(/two: run \S+ is not in the log/),
      expect.stringMatching(
        /two: eu-central-1: it stands in records\/00000002.json, and here are 2 records: the end was cut off/,
      ),
    ]);
  });

  test("show that the judge wrote another end, because a region signed which record it stood in", async () => {
    const { log, runs } = await problemsWith({
      log: async (place) => {
        cut(place, 2);
        const begun = await beginRun(aRun({ regions: [eu] }), {
          store: new FolderStore(place),
          judge: judge(),
        });
        await begun.finish(aResult([eu]));
      },
    });
    expect(log).toEqual([]);
    expect(runs.join("\n")).toMatch(/00000002.json, which was another record then: the log was rewritten/);
  });

  test("show that a second, clean log is another", async () => {
    const { log, runs } = await problemsWith({
      log: async (place) => {
        rmSync(place, { recursive: true });
        const begun = await beginRun(aRun({ regions: [eu] }), {
          store: new FolderStore(place),
          judge: judge(),
        });
        await begun.finish(aResult([eu]));
      },
    });
    expect(log).toEqual([]);
    expect(runs.join("\n")).toMatch(/one: eu-central-1: it stands in another log, ringfence-history\//);
  });

  test.each<[string, (record: JudgedRecord) => JudgedRecord]>([
    ["grade", (record) => ({ ...record, grade: "breached" })],
    ["partial", (record) => ({ ...record, partial: false })],
    ["openOmitted", (record) => ({ ...record, openOmitted: 7 })],
    [
      "regions",
      (record) => {
        const [[region, one] = ["", undefined]] = Object.entries(record.regions);
        return { ...record, regions: one ? { [region]: { ...one, planned: 9999, contained: 9999 } } : {} };
      },
    ],
  ])("show that the judge's record of the end says otherwise of a run: its %s", async (what, lie) => {
    const { log, runs } = await problemsWith({
      log: async (place) => {
        const store = new FolderStore(place);
        const { record, subjects } = (await readLog(store)).entries[3] as LogEntry;
        if (record.event !== "finished" || record.outcome !== "judged") throw new Error("no end");
        cut(place, 3);
        const draft = { record: lie(record), subjects: Object.fromEntries(subjects) };
        await append(await readLog(store), () => draft, { store, judge: judge() });
      },
    });
    expect(log).toEqual([]);
    expect(runs).toEqual([
      expect.stringMatching(new RegExp(`two: records/00000003.json says otherwise of it: ${what}$`)),
    ]);
  });

  test("show that the judge dated a run otherwise, because a gap would seem to be filled", async () => {
    const { log, runs } = await problemsWith({
      log: async (place) => {
        const store = new FolderStore(place);
        const [, before, start, end] = (await readLog(store)).entries.map(({ record }) => record);
        if (start?.event !== "started" || end?.event !== "finished" || end.outcome !== "judged")
          throw new Error("no run");
        const { map, plan, version, environment, fidelity, partial, trigger, commit, runId } = start;
        const { at, grade, open, openOmitted, regions } = end;
        cut(place, 2);
        const begun = await beginRun(
          {
            ...{ map, plan, version, environment, fidelity, partial, trigger, commit, runId },
            ...{ at: before?.at ?? "", regions: [eu] },
          },
          { store, judge: judge() },
        );
        const evidence = sha256(readFileSync(join(folder, "runs", "two", "evidence.sigstore.json")));
        await begun.finish({ at, grade, partial, open, openOmitted, regions, evidence });
      },
    });
    expect(log).toEqual([]);
    expect(runs.join("\n")).toMatch(/two: records\/00000002.json says otherwise of it: at$/m);
  });

  test("are named where they cannot be read, and nothing in them hangs the look", async () => {
    const bundle = (place: string) => join(place, "two", "evidence.sigstore.json");
    const folder = await problemsWith({
      folder: (place) => {
        rmSync(bundle(place));
        mkdirSync(bundle(place));
        writeFileSync(join(bundle(place), "more"), "");
      },
    });
    expect(folder.runs).toEqual([expect.stringMatching(/two: it cannot be read: EISDIR/)]);
    const device = await problemsWith({
      folder: (place) => {
        rmSync(bundle(place));
        symlinkSync("/dev/zero", bundle(place));
      },
    });
    expect(device.runs).toEqual([expect.stringMatching(/two: evidence\.sigstore\.json is no file/)]);
  });

  test("are looked at behind a link as well, because a run there is as good as any other", async () => {
    const elsewhere = join(folder, "behind-a-link");
    const { runs } = await problemsWith({
      folder: (place) => {
        renameSync(join(place, "two"), elsewhere);
        symlinkSync(elsewhere, join(place, "two"));
        rmSync(join(elsewhere, eu, "observed.sigstore.json"));
      },
    });
    expect(runs.join("\n")).toMatch(/two: eu-central-1\/observed.sigstore.json is missing/);
  });

  test("are not the log's once a bundle is another run's, or is gone", async () => {
    const bundle = join(eu, "observed.sigstore.json");
    const swapped = await problemsWith({
      folder: (place) => cpSync(join(place, "one", bundle), join(place, "two", bundle)),
    });
    expect(swapped.runs.join("\n")).toMatch(
      /observed.sigstore.json is not the one that records\/00000003.json names/,
    );
    expect(swapped.runs.join("\n")).toMatch(/00000000.json is not the start of run/);
    const gone = await problemsWith({ folder: (place) => rmSync(join(place, "two", bundle)) });
    expect(gone.runs.join("\n")).toMatch(/two: eu-central-1\/observed.sigstore.json is missing/);
  });

  test("are all named where no folder is there of one, and a folder without a run is named", async () => {
    const { log: whole } = await verifyLog(new FolderStore(log), { trust });
    expect(verifyRuns([join(runs, "one")], whole).notes).toEqual([
      expect.stringMatching(/^of 1 runs of the log no folder was named: \S+$/),
    ]);
    for (const other of [keys, join(runs, "one", "run.json"), join(runs, "nowhere")])
      expect(verifyRuns([other], whole).problems).toEqual([`${other} holds no run`]);
  });

  test("are not mixed up with a run that was made without a history", () => {
    expect(ringfence(asked("three"), environment).exitCode).toBe(0);
    const done = ringfence(["history", "verify", log, "--trust", trustFile, "--runs", join(runs, "three")]);
    expect(done.exitCode).toBe(1);
    expect(done.output).toMatch(/three: run \S+ is not in the log/);
    expect(done.output).toMatch(/three: eu-central-1 was observed without a history/);
    rmSync(join(runs, "three"), { recursive: true });
  });
});

test("a history and the evidence's folder are not one in the other, because neither would hold then", () => {
  const [inner, outer] = [join(runs, "apart", "history"), join(folder, "all")];
  for (const args of [
    asked("apart", "--history", inner),
    [...asked("").slice(0, -2), "--out", join(outer, "run"), "--history", outer],
  ])
    expect(ringfence(args, environment)).toMatchObject({
      exitCode: 64,
      output: expect.stringMatching(/--history: .* one in the other/),
    });
  expect([existsSync(inner), existsSync(join(outer, "records"))]).toEqual([false, false]);
  for (const option of ["--html", "--csv"])
    expect(ringfence(["history", log, option, join(log, "records", "more")])).toMatchObject({
      exitCode: 64,
      output: expect.stringContaining(`${option}: `),
    });
  expect(readdirSync(join(log, "records"))).not.toContain("more");
});

describe("a history that fails", () => {
  test("at the start keeps the run from being made, because nobody would know of it", () => {
    writeFileSync(join(folder, "file"), "");
    const { exitCode, output } = ringfence(
      asked("unrecorded", "--history", join(folder, "file")),
      environment,
    );
    expect(exitCode).toBe(2);
    expect(output).toMatch(/HISTORY_UNAVAILABLE/);
    expect(output).not.toMatch(/ways out/);
    expect(existsSync(join(runs, "unrecorded", "run.json"))).toBe(false);
  });

  test("at the end leaves the evidence where it is, says so, and the run does not exit 0", async () => {
    const place = join(folder, "broken");
    const child = spawn(process.execPath, [commandLine, ...asked("at-the-end", "--history", place)], {
      cwd: projectRoot,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => (output += String(chunk)));
    while (!existsSync(join(place, "checkpoints", "00000001"))) await sleep(10);
    renameSync(join(place, "records"), join(folder, "records-elsewhere"));
    writeFileSync(join(place, "records"), "");
    const [code] = await once(child, "close");
    expect(code, output).toBe(2);
    expect(output).toMatch(/PASS/);
    expect(output).toMatch(
      /HISTORY {2}the end of this run is not in the history: .*stands there as a run without an end/,
    );
    expect(ringfence(["verify", join(runs, "at-the-end"), "--trust", trustFile]).exitCode).toBe(0);
    rmSync(join(place, "records"));
    renameSync(join(folder, "records-elsewhere"), join(place, "records"));
    expect(ringfence(["history", place]).output).toMatch(/no end is recorded, or it still goes on/);
    expect(
      ringfence(["history", "verify", place, "--trust", trustFile, "--runs", join(runs, "at-the-end")])
        .output,
    ).toMatch(/was started \(records\/00000000.json\), and its end is not in the log/);
  });
});

describe("a run that does not come to its end", () => {
  test("stays in the history as interrupted when it is interrupted", async () => {
    const place = join(folder, "interrupted");
    const child = spawn(process.execPath, [commandLine, ...asked("interrupted")], {
      cwd: projectRoot,
      env: { ...process.env, ...environment, RINGFENCE_HISTORY: place },
      stdio: "ignore",
    });
    while (!existsSync(join(place, "checkpoints", "00000001"))) await sleep(10);
    await sleep(1500);
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    expect(code).toBe(2);
    const entries = await entriesOf(place);
    expect(events(entries)).toEqual(["started", "interrupted"]);
    expect(entries[1]?.record).toMatchObject({ reason: expect.stringMatching(/^INTERRUPTED: /) });
    expect((await verifyLog(new FolderStore(place), { trust })).problems).toEqual([]);
  });

  test("stays in the history with its reason when its environment could not be had", async () => {
    const place = join(folder, "unfit");
    const done = ringfence(
      ["run", "--attach", "/nowhere.json", "--out", join(runs, "unfit"), "--history", place],
      environment,
    );
    expect(done.exitCode).toBe(64);
    expect(events(await entriesOf(place))).toEqual(["started", "interrupted"]);
    expect(ringfence(["history", place]).output).toMatch(/interrupted: STATE_INVALID/);
  });

  test("stays in the history without an end when it is killed", async () => {
    const place = join(folder, "killed");
    const child = spawn(process.execPath, [commandLine, ...asked("killed", "--history", place)], {
      cwd: projectRoot,
      env: { ...process.env, ...environment },
      stdio: "ignore",
    });
    while (!existsSync(join(place, "checkpoints", "00000001"))) await sleep(10);
    child.kill("SIGKILL");
    await once(child, "close");
    expect(events(await entriesOf(place))).toEqual(["started"]);
  });
});

test.each([
  [["history"], /one history is shown/],
  [["history", "/nowhere"], /holds no history/],
  [["history", "s3://"], /no place for a history/],
  [["history", "/nowhere", "--cadence", "daily"], /daily is no time/],
  [["history", "/nowhere", "--from", "yesterday"], /yesterday is no day/],
  [["history", "/nowhere", "--until", "2026-02-30"], /2026-02-30 is no day/],
  [["history", "/nowhere", "--from", "2026-02-29T02:00:00Z"], /2026-02-29T02:00:00Z is no day/],
  [["history", "/nowhere", "--from", "2026-02-02", "--until", "2026-02-01"], /ends before it begins/],
  [["history", "verify"], /one history is verified/],
  [["run", "--history", ""], /--history is empty/],
  [["history", "verify", "/nowhere"], /no trust file/],
])("%j is a usage error that says what to do", (args, said) => {
  const { exitCode, output } = ringfence(args);
  expect(output).toMatch(said);
  expect(output).toMatch(/^fix {2}\S/m);
  expect(exitCode).toBe(64);
});
