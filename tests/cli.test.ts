import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { commandLine, projectRoot } from "../environments/node-script.ts";
import { driver } from "../environments/replica/driver.ts";
import { proveInto, ringfence } from "./held-replica.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));
const sample = readFileSync(driver.mapFile, "utf8");

function mapFile(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe("the command line", () => {
  test.each([
    "run",
    "plan",
    "verify",
    "compare",
    "history",
    "keygen",
    "kit",
    "export",
    "vendors",
    "up",
    "shell",
    "doctor",
  ])("%s explains itself, because nobody reads the source first", (command) => {
    const { exitCode, output } = ringfence([command, "--help"]);
    expect(exitCode).toBe(0);
    expect(output).toContain(`ringfence ${command}`);
  });

  test.each([
    [["prove"], /there is no command "prove"/],
    [["run", "--regions", "x"], /--regions/],
    [["run", "extra"], /unexpected "extra"/],
    [["run", "--env", "moon"], /no environment "moon"/],
    [["run", "--region", "eu-west-9"], /no region "eu-west-9"/],
    [["run", "--path", "carrier-pigeon"], /"carrier-pigeon"/],
    [["run", "--env", "localstack", "--path", "email"], /no system of the map is on the leak path "email"/],
    [["run", "--map", "/nowhere.yaml"], /cannot read the residency map .*: there is no such file/],
    [["run", "--map", "/"], /cannot read the residency map .*: it is a folder/],
    [["run", "--map", "a.yaml", "--map", "b.yaml"], /--map is given twice/],
    [["run", "--out", driver.mapFile], /--out: .* cannot be written to/],
    [["run", "--out", "/proc/ringfence/out"], /--out: .* cannot be written to/],
    [["drill", "--path", "databse"], /there is no drill of the path "databse"\nfix {2}use one of database$/m],
    [["run", "--attach", "/nowhere.json"], /no state of a running replica/],
    [["run", "-t", "("], /-t: Invalid regular expression/],
    [["run", "--controls", "/nowhere.yaml"], /nowhere.yaml .*\n?.*cannot be read/],
    [["keygen", "--name", "x", "--out", driver.mapFile], /--out: .* is no folder/],
    [["compare", "/nowhere"], /two folders are compared/],
    [["compare", "/nowhere", "/elsewhere"], /\/nowhere holds no run/],
    [["export"], /no folder was named/],
    [["export", "/nowhere", "--to", "pdf"], /\/nowhere holds no run/],
    [["drill", "--id", "cache-shared", "--path", "database"], /no drill is both/],
    [["up"], /no --state FILE/],
    [["shell"], /no region was named/],
    [["verify"], /no folder was named/],
  ])("%j is a usage error that says what to do", (args, message) => {
    const { exitCode, output } = ringfence(args);
    expect(exitCode).toBe(64);
    expect(output).toMatch(message);
    expect(output).toMatch(/^fix {2}\S/m);
  });

  test.each([
    [["run", "--signers", ""], {}, "--signers is empty"],
    [["run"], { RINGFENCE_HISTORY: "" }, "RINGFENCE_HISTORY names no place"],
  ])(
    "%j refuses an empty value, because a variable that nobody set must not change what a run means",
    (args, environment, said) => {
      expect(ringfence(args, environment)).toMatchObject({
        exitCode: 64,
        output: expect.stringContaining(said),
      });
    },
  );

  test("an earlier run's page is no longer the latest once another began, however that one ends", () => {
    const latest = join(projectRoot, "reports", "out", "latest");
    rmSync(latest, { force: true });
    symlinkSync(folder, latest);
    expect(ringfence(["run", "--attach", "/nowhere.json"]).exitCode).toBe(64);
    expect(readdirSync(`${latest}/`)).toEqual([]);
  });

  test("says which folder for keys cannot be made, also where Node would try for ever", () => {
    expect(ringfence(["doctor", "--env", "replica"], { RINGFENCE_KEYS: "/proc/nowhere/keys" })).toMatchObject(
      {
        exitCode: 1,
        output: expect.stringContaining("/proc/nowhere/keys cannot be written"),
      },
    );
  });

  test("never writes into a folder that holds something", () => {
    const out = join(folder, "kept");
    mkdirSync(out);
    writeFileSync(join(out, "mine.txt"), "mine");
    expect(ringfence(["run", "--out", out]).exitCode).toBe(64);
    expect(readdirSync(out)).toEqual(["mine.txt"]);
  });

  test("a wrong map is refused with every problem and its line, before anything is started or written", () => {
    const out = join(folder, "never");
    const wrong = sample
      .replace("home: each-region", "home: eu-wst-1")
      .replace("holds: Orders", "hold: Orders")
      .replace("10.20.0.0/16", "10.10.128.0/17");
    const { exitCode, output } = ringfence(["run", "--map", mapFile("wrong.yaml", wrong), "--out", out]);
    expect(exitCode).toBe(64);
    for (const code of [
      "MAP_UNKNOWN_REGION",
      "MAP_UNKNOWN_KEY",
      "MAP_OVERLAPPING_ADDRESSES",
      "MAP_MISSING_KEY",
    ]) {
      expect(output).toMatch(new RegExp(`wrong\\.yaml:\\d+ {2}\\S+ {2}${code}`));
    }
    expect(existsSync(out)).toBe(false);
  });

  test.each([
    ["no-ipv6", /, "fd10:10::\/48"/, "", /cannot lay out eu-central-1.*\nfix {2}declare both/],
    [
      "file",
      /"env:\{REGION\}_ORDERS_DB_PASSWORD"/,
      "file:/run/x",
      /one in file:\/run\/x\nfix {2}refer to it as env/,
    ],
  ])("a map that no replica can serve is no defect, and says what to change: %s", (name, from, to, said) => {
    const file = mapFile(`${name}.yaml`, sample.replace(from, to));
    const { exitCode, output } = ringfence(["run", "--map", file, "--out", join(folder, name)]);
    expect(exitCode).toBe(64);
    expect(output).toMatch(said);
  });

  test("a run goes on when nobody reads what it says, and ends with its own exit code", () => {
    const out = join(folder, "unread");
    const command = `"$0" "$1" run --path payments --out "$2" | true; echo "\${PIPESTATUS[0]}"`;
    const done = spawnSync("bash", ["-c", command, process.execPath, commandLine, out], { encoding: "utf8" });
    expect(done.stdout).toBe("0\n");
    expect(existsSync(join(out, "run.json"))).toBe(true);
  });

  test("what could not be written is no success", () => {
    const command = `"$0" "$1" plan > /dev/full`;
    const done = spawnSync("bash", ["-c", command, process.execPath, commandLine], { encoding: "utf8" });
    expect(done.status).toBe(70);
    expect(done.stderr).toContain("ENOSPC");
  });

  test("plan --json is the whole plan with its digest, and twice the same", () => {
    const [first, second] = [ringfence(["plan", "--json"]), ringfence(["plan", "--json"])];
    expect(first).toEqual(second);
    const plan = JSON.parse(first.output) as { digest: string; items: unknown[]; gaps: unknown[] };
    expect(plan.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(plan.items.length).toBeGreaterThanOrEqual(150);
    expect(plan.gaps).toEqual([]);
  });

  test("a map of one region, or of no system, proves nothing", () => {
    const empty = sample.replace(/^systems:[\s\S]*/m, "systems: []\n");
    const planned = ringfence(["plan", "--map", mapFile("empty.yaml", empty)]).output;
    expect(planned).toContain("nothing is attempted, so that a run is inconclusive");
    expect(planned).not.toContain("no gaps");
    const nothing = proveInto(join(folder, "nothing"), ["--map", mapFile("empty.yaml", empty)]);
    expect(nothing).toMatchObject({ exitCode: 2, run: { grade: "inconclusive" } });
  });

  test("a test filtered out by -t is a missing observation, never a pass", () => {
    const run = proveInto(join(folder, "filtered"), ["--path", "cache", "-t", "eu-central-1 to us-east-1"]);
    expect(run).toMatchObject({ exitCode: 2, run: { grade: "inconclusive", partial: true } });
    const chosen = run.verdicts.filter(
      ({ from, to }) => from.region === "eu-central-1" && to.region === "us-east-1",
    );
    expect(new Set(chosen.map(({ grade }) => grade))).toEqual(new Set(["contained"]));
    expect(run.verdicts.filter(({ grade }) => grade === "contained")).toEqual(chosen);
  });

  test("the rerun command of a line reruns that line", () => {
    const run = proveInto(join(folder, "whole"), ["--path", "cache"]);
    const line = run.verdicts.find(({ family }) => family === "trespass");
    const args = [
      ...(line?.rerun.replace("npm run -s ringfence -- run ", "").matchAll(/'([^']*)'|(\S+)/g) ?? []),
    ].map((match) => match[1] ?? match[2] ?? "");
    const again = proveInto(join(folder, "again"), args);
    expect(again.verdicts.filter(({ grade }) => grade === "contained").map(({ id }) => id)).toEqual([
      line?.id,
    ]);
  });
});

describe("a machine without Docker", () => {
  const withoutDocker = { PATH: "/usr/bin/nowhere" };

  test("is told what is missing and what to do, and the run is no pass", () => {
    const out = join(folder, "no-docker");
    const { exitCode, output } = ringfence(["run", "--env", "localstack", "--out", out], withoutDocker);
    expect(exitCode).toBe(64);
    expect(output).toMatch(/Docker engine: docker is not installed/);
    expect(output).toMatch(/^fix {2}install Docker/m);
  });

  test("doctor says so, and that only this environment needs it", () => {
    const { exitCode, output } = ringfence(["doctor", "--env", "localstack"], withoutDocker);
    expect(exitCode).toBe(1);
    expect(output).toMatch(/Docker Compose/);
    expect(output).toMatch(/localstack {2}cannot run here: \d missing/);
  });
});

describe("a map that the Compose file does not serve", () => {
  test("is refused before anything is started, with what differs", () => {
    const { exitCode, output } = ringfence([
      "run",
      "--env",
      "localstack",
      "--map",
      driver.mapFile,
      "--out",
      join(folder, "other-map"),
    ]);
    expect(exitCode).toBe(64);
    expect(output).toMatch(/does not serve this map|Docker/);
  });
});
