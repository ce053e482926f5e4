import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { projectRoot } from "../environments/node-script.ts";
import { proveInto, ringfence } from "./held-replica.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-redaction-"));
const sample = readFileSync(join(projectRoot, "environments", "replica", "residency.yaml"), "utf8");
const map = join(folder, "residency.yaml");
writeFileSync(
  map,
  sample.replace(
    /^regions:/m,
    'private: { addresses: [10.0.0.0/8, "fd00::/8"], names: [replica.internal] }\n\nregions:',
  ),
);
afterAll(() => rmSync(folder, { recursive: true }));

test("evidence without private addresses and names proves the same, verifies, and holds none of them", () => {
  const salt = join(folder, "salt.json");
  // Commands that rerun a line name the map's file.
  const mapFile = join(folder, "bastion.replica.internal.yaml");
  cpSync(map, mapFile);
  const whole = proveInto(join(folder, "run"), ["--map", mapFile, "--redact", salt]);
  expect(whole).toMatchObject({ exitCode: 0, run: { grade: "pass" } });
  expect(whole.verdicts.length).toBeGreaterThan(3000);
  const trust = join(whole.directory, "keys", "trust.yaml");
  expect(ringfence(["verify", whole.directory, "--trust", trust])).toMatchObject({ exitCode: 0 });
  const written = readdirSync(whole.directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  expect(written.length).toBeGreaterThan(20);
  for (const file of written) {
    const text = readFileSync(file, "utf8");
    const plain = file.endsWith(".sigstore.json")
      ? Buffer.from(JSON.parse(text).dsseEnvelope.payload, "base64").toString()
      : text;
    const found = /(?<![\d.])10\.\d+\.\d+\.\d+|\bfd[0-9a-f]{2}:[0-9a-f:]+|[a-z0-9.-]*replica\.internal/.exec(
      plain,
    );
    expect({ file, found: found?.[0] }).toEqual({ file, found: undefined });
  }
  expect(statSync(salt).mode & 0o777).toBe(0o600);
});

test("a history holds none of them either: not in a trigger, and not in why a run was interrupted", () => {
  const history = join(folder, "history");
  const state = join(folder, "db.replica.internal", "10.1.2.3.json");
  // Longer than a record takes once it is hidden.
  const trigger = ["--trigger", "deploy to 10.1.2.3 ".padEnd(299, "x")];
  const options = ["--map", map, "--redact", join(folder, "interrupted.json"), "--history", history];
  expect(ringfence(["run", ...options, ...trigger, "--attach", state]).exitCode).toBe(64);
  const { output } = ringfence(["history", history]);
  expect(output).toMatch(/deploy to ipv4-/);
  expect(output).toMatch(/interrupted: STATE_INVALID.*name-[0-9a-f]{16}\.redacted/);
  expect(output).not.toMatch(/10\.1\.2\.3|replica\.internal/);
});

test("redaction that would hide nothing, or overwrite another run's salt, is refused before anything is tried", () => {
  const there = join(folder, "there.json");
  writeFileSync(there, "kept");
  expect(ringfence(["run", "--map", map, "--redact", there])).toMatchObject({
    exitCode: 64,
    output: expect.stringContaining("is there already"),
  });
  expect(readFileSync(there, "utf8")).toBe("kept");
  expect(ringfence(["run", "--map", map, "--redact", ""])).toMatchObject({
    exitCode: 64,
    output: expect.stringContaining("--redact is empty"),
  });
  const unmarked = join(folder, "unmarked.yaml");
  writeFileSync(unmarked, sample.replace(/^regions:/m, "private: { addresses: [], names: [] }\n\nregions:"));
  expect(ringfence(["run", "--map", unmarked, "--redact", join(folder, "none.json")])).toMatchObject({
    exitCode: 64,
    output: expect.stringContaining("marks nothing as private"),
  });
  const named = join(folder, "named.yaml");
  writeFileSync(named, sample.replace(/^regions:/m, "private: { names: [eu-central-1] }\n\nregions:"));
  expect(ringfence(["run", "--map", named, "--redact", join(folder, "named.json")])).toMatchObject({
    exitCode: 64,
    output: expect.stringContaining("the id of the region eu-central-1 holds what is private"),
  });
  const salt = join(folder, "new.json");
  expect(ringfence(["run", "--map", map, "--redact", salt, "--out", folder]).exitCode).toBe(64);
  expect(existsSync(salt), "the salt of no run").toBe(false);
  const out = join(folder, "handed-out");
  expect(ringfence(["run", "--map", map, "--redact", join(out, "salt.json"), "--out", out])).toMatchObject({
    exitCode: 64,
    output: expect.stringContaining("would be handed over with the evidence"),
  });
  expect(readdirSync(out)).toEqual([]);
  expect(ringfence(["run", "--redact", salt])).toMatchObject({
    exitCode: 64,
    output: expect.stringContaining("marks nothing as private"),
  });
});
