import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { commandLine, projectRoot } from "../environments/node-script.ts";
import { driver as replica } from "../environments/replica/driver.ts";
import { readRunners } from "../environments/runners/runners-file.ts";
import { canaryDigest } from "../probes/canary.ts";
import type { RegionReport } from "../reports/report.ts";
import { type HeldReplica, holdReplica, openLines, proveInto, ringfence } from "./held-replica.ts";

/** A replica that is up stands for regions in which somebody has put a runner: each is reached by a command. */
const regions = ["eu-central-1", "us-east-1", "ap-southeast-2"] as const;
const observers = [...regions, "outside"] as const;
let held: HeldReplica;
let folder: string;

beforeAll(async () => {
  held = await holdReplica();
  folder = await mkdtemp(join(tmpdir(), "ringfence-runners-"));
  for (const name of ["judge", ...observers])
    expect(ringfence(["keygen", "--out", folder, "--name", name])).toMatchObject({ exitCode: 0 });
  const key = (name: string) => ({ key: `file:${join(folder, `${name}.key.pem`)}` });
  writeFileSync(
    join(folder, "signers.yaml"),
    stringify({
      format: 1,
      judge: key("judge"),
      regions: Object.fromEntries(observers.map((one) => [one, key(one)])),
    }),
  );
});

afterAll(async () => {
  await held[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** As `ssh` would: a shell there changes to Ringfence's folder, and starts Node. */
const runnerIn = (place: string, root = projectRoot): string[] => [
  ...[process.execPath, commandLine, "shell", place, "--attach", held.stateFile, "--"],
  ...["sh", "-c", `cd '${root}' && exec '${process.execPath}' "$@"`, "sh"],
];

interface Parts {
  runner?: Partial<Record<string, string[]>>;
  planted?: Partial<Record<string, Record<string, string>>>;
  more?: Record<string, unknown>;
}

function runnersFile({ runner = {}, planted = {}, more = {} }: Parts = {}): string {
  const file = join(folder, "production.yaml");
  const one = (place: string) => ({ runner: runner[place] ?? runnerIn(place) });
  const described = {
    format: 1,
    name: "production",
    map: replica.mapFile,
    regions: Object.fromEntries(
      regions.map((id) => [id, { ...one(id), planted: planted[id] ?? held.state.planted[id] }]),
    ),
    outside: one("outside"),
    ...more,
  };
  writeFileSync(file, stringify(described));
  return file;
}

let runs = 0;
function prove(file: string, ...more: string[]) {
  const options = ["--env", file, "--signers", join(folder, "signers.yaml"), ...more];
  return proveInto(join(folder, `run-${runs++}`), [...options, "--path", "cache", "--path", "llm"]);
}

const refused = (file: string, ...more: string[]) =>
  ringfence(["run", "--env", file, "--signers", join(folder, "signers.yaml"), "--out", out(), ...more]);
const out = () => join(folder, `refused-${runs++}`);

describe("real regions, each with a runner that a command reaches", () => {
  test("are proven, in their own name and as real ones, and the evidence holds", () => {
    const { exitCode, run, verdicts, directory, output } = prove(runnersFile());
    expect(exitCode, output).toBe(0);
    expect(run).toMatchObject({ environment: "production", fidelity: "real", grade: "pass", partial: true });
    expect(verdicts.length).toBeGreaterThan(100);
    const report = readFileSync(join(directory, "eu-central-1", "report.json"), "utf8");
    expect((JSON.parse(report) as RegionReport).limits.join(" ")).toMatch(/the word of the file/);
    expect(ringfence(["verify", directory, "--trust", join(directory, "keys", "trust.yaml")])).toMatchObject({
      exitCode: 0,
    });
  });

  test("are breached where the border is open, on that line only, and the line's command finds it again", () => {
    held.withRule("ip saddr 10.20.0.0/16 ip daddr 10.10.0.0/16 tcp dport 6379 accept", () => {
      const { exitCode, verdicts } = prove(runnersFile());
      expect(exitCode).toBe(1);
      const open = openLines(verdicts);
      expect(open.length).toBeGreaterThan(0);
      for (const line of open) expect(line).toMatch(/^breached .* us-east-1 → eu-central-1 IPv4$/);
      const [, command = ""] = verdicts.find(({ grade }) => grade === "breached")?.rerun.split(" -- ") ?? [];
      expect(command).toContain(`--env '${join(folder, "production.yaml")}' --signers '`);
      const asTyped = spawnSync("sh", ["-c", `exec '${process.execPath}' '${commandLine}' ${command}`], {
        cwd: projectRoot,
        encoding: "utf8",
        env: { ...process.env, RINGFENCE_KEYS: folder },
      });
      expect(asTyped.status, asTyped.stdout + asTyped.stderr).toBe(1);
    });
  });
});

describe("what is wrong with the runners is never green", () => {
  test("two that are swapped stand elsewhere than they say, and prove nothing", () => {
    const [eu, us] = ["us-east-1", "eu-central-1"].map((place) => runnerIn(place));
    const swapped = runnersFile({ runner: { "eu-central-1": eu ?? [], "us-east-1": us ?? [] } });
    const { exitCode, verdicts } = prove(swapped);
    expect(exitCode).not.toBe(0);
    const theirs = verdicts.filter(({ from }) => from.region !== "ap-southeast-2");
    expect(theirs.length).toBeGreaterThan(50);
    expect(theirs.filter(({ grade }) => grade === "contained").map(({ id }) => id)).toEqual([]);
  });

  test("a canary that is not the one that was planted proves nothing", () => {
    const other = { ...held.state.planted["us-east-1"], "session-cache": "0".repeat(64) };
    const { exitCode, verdicts } = prove(runnersFile({ planted: { "us-east-1": other } }));
    expect(exitCode).toBe(2);
    expect(verdicts.find(({ grade }) => grade === "inconclusive")?.reason).toMatch(/another canary/);
  });

  test("one that ends in the middle leaves its region's lines open", () => {
    const brief = 'case "$*" in *observe-region*) "$@" | { sed -u 20q; kill -KILL 0; };; *) exec "$@";; esac';
    const broken = ["sh", "-c", brief, "sh", ...runnerIn("us-east-1")];
    const { exitCode, run, output } = prove(runnersFile({ runner: { "us-east-1": broken } }));
    expect(exitCode, output).toBe(2);
    expect(run.regions["us-east-1"]?.grade).toBe("inconclusive");
    expect(output).toMatch(/us-east-1 did not finish/);
  });

  test.each<[string, Parts, number, RegExp]>([
    [
      "no such program",
      { runner: { "us-east-1": ["no-such-program", "x"] } },
      2,
      /RUNNER_UNAVAILABLE.*the runner of us-east-1 does not answer: there is no such program here\n.*`no-such-program x --version`/,
    ],
    [
      "a program that fails",
      { runner: { "us-east-1": ["sh", "-c", "echo 'Connection \u001b[31mrefused' >&2; exit 255", "sh"] } },
      2,
      /us-east-1 does not answer: exit code 255, Connection \[31mrefused/,
    ],
    [
      "a program that says something else",
      { runner: { "us-east-1": ["echo", "Welcome\nto the bastion"] } },
      2,
      /us-east-1 does not answer: it says "to the bastion environments\/source-digest\.ts"/,
    ],
    [
      "a program that says nothing",
      { runner: { "us-east-1": ["true"] } },
      2,
      /us-east-1 does not answer: it says nothing/,
    ],
    [
      "other code",
      { runner: { "us-east-1": ["sh", "-c", `echo Welcome; echo ${"0".repeat(64)}`, "sh"] } },
      64,
      /STATE_INVALID.*the runner of us-east-1 was built from other code than this/,
    ],
    ["a region without one", { more: { regions: {} } }, 64, /RUNNERS_INVALID.*\n.*no runner in eu-central-1/],
    [
      "a system that the map lacks",
      { planted: { "us-east-1": { "no-such-db": "0".repeat(64) } } },
      64,
      /regions\.us-east-1\.planted\.no-such-db: the map has no such system/,
    ],
    [
      "one runner for two regions",
      { runner: { "us-east-1": ["a", "b"], "eu-central-1": ["a", "b"] } },
      64,
      /it is the runner of eu-central-1 already\n.*regions\["us-east-1"\]\.runner/,
    ],
    ["another format", { more: { format: 2 } }, 64, /production\.yaml does not say how[\s\S]*format/],
    ["a map that is not there", { more: { map: "no.yaml" } }, 64, /cannot read the residency map .*no\.yaml/],
  ])("%s is an error that says where, and nothing is tried", (_what, parts, code, message) => {
    const { exitCode, output } = refused(runnersFile(parts));
    expect(output).toMatch(message);
    expect(exitCode).toBe(code);
  });

  test("without signers of their own, and with something to attach to, they are refused", () => {
    const file = runnersFile();
    expect(ringfence(["run", "--env", file, "--out", out()])).toMatchObject({
      exitCode: 64,
      output: expect.stringMatching(/no --signers FILE was named/),
    });
    expect(refused(file, "--attach", held.stateFile)).toMatchObject({
      exitCode: 64,
      output: expect.stringMatching(/nothing to attach to/),
    });
    expect(ringfence(["drill", "--env", file])).toMatchObject({ exitCode: 64 });
  });

  test("without one outside, what no region may reach is a gap", () => {
    const { output } = ringfence(["plan", "--env", runnersFile({ more: { outside: undefined } })]);
    expect(output).toMatch(/not proven {2}llm .*nobody outside of the regions can show/);
    expect(ringfence(["plan", "--env", runnersFile()]).output).not.toMatch(/nobody outside of the regions/);
  });

  test("the doctor asks each of them", () => {
    const fine = ringfence(["doctor", "--env", runnersFile()]);
    expect(fine).toMatchObject({ exitCode: 0 });
    for (const place of observers) expect(fine.output).toMatch(`runner of ${place} `);
    const lost = ringfence(["doctor", "--env", runnersFile({ runner: { outside: ["false"] } })]);
    expect(lost).toMatchObject({
      exitCode: 1,
      output: expect.stringMatching(/runner of outside .*exit code 1/),
    });
  });
});

test("the file that the documentation shows is one", () => {
  const page = readFileSync(join(projectRoot, "docs", "environments.md"), "utf8");
  const shown = join(folder, "shown.yaml");
  writeFileSync(shown, /```yaml\n(format: 1[\s\S]*?)```/.exec(page)?.[1] ?? "");
  const { name, map, regions: places } = readRunners(shown);
  expect({ name, map }).toEqual({ name: "production", map: join(folder, "residency.yaml") });
  expect(Object.values(places).every(({ runner }) => runner.at(-1) === "node")).toBe(true);
});

test("a canary is made up with its digest, another each time", () => {
  const [one, other] = [ringfence(["canary"]), ringfence(["canary"])];
  const [value = "", digest = ""] = one.output.split("\n");
  expect(canaryDigest(value)).toBe(digest);
  expect(other.output).not.toBe(one.output);
});
