import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { keyFolder, openSigningKey } from "./keys.ts";

const base = mkdtempSync(join(tmpdir(), "ringfence-keys-"));
afterAll(() => rmSync(base, { recursive: true }));
const aFolder = () => mkdtempSync(join(base, "keys-"));
const judge = { environment: "replica", role: "judge" };

describe("a key of this machine", () => {
  test("is made once, for its owner's eyes only", () => {
    const folder = aFolder();
    const { fingerprint } = openSigningKey(folder, judge);
    expect(openSigningKey(folder, judge).fingerprint).toBe(fingerprint);
    expect(openSigningKey(folder, { ...judge, role: "eu" }).fingerprint).not.toBe(fingerprint);
    expect(readdirSync(join(folder, "replica")).sort()).toEqual(["eu.key.pem", "judge.key.pem"]);
    expect(statSync(join(folder, "replica", "judge.key.pem")).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "replica")).mode & 0o777).toBe(0o700);
  });

  test("is the same for all that need it first in the same moment, because evidence names it", async () => {
    const folder = aFolder();
    const script = `
      const { openSigningKey } = await import(${JSON.stringify(join(import.meta.dirname, "keys.ts"))});
      const open = (at) => openSigningKey(process.argv[1], { environment: "replica", role: "r" + at }).fingerprint;
      console.log(JSON.stringify(Array.from({ length: 300 }, (_, at) => open(at))));`;
    const opened = [1, 2, 3].map(async () => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", script, folder], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      let said = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk) => (said += String(chunk)));
      await once(child, "close");
      return said;
    });
    const [first, ...others] = await Promise.all(opened);
    expect(JSON.parse(first ?? "")).toHaveLength(300);
    expect(others).toEqual([first, first]);
    expect(readdirSync(join(folder, "replica"))).toHaveLength(300);
  });

  test.each(["", "-----BEGIN PRIVATE KEY-----\nMIGH"])(
    "that was written by halves (%j) is named, because nothing else tells what to mend",
    (half) => {
      const folder = aFolder();
      const file = join(folder, "replica", "judge.key.pem");
      mkdirSync(join(folder, "replica"));
      writeFileSync(file, half, { mode: 0o600 });
      expect(() => openSigningKey(folder, judge)).toThrow(
        expect.objectContaining({ code: "SIGNER_INVALID", message: `the signing key ${file} is damaged` }),
      );
    },
  );

  test("that nobody can keep, below /proc, is refused, and not looked for without an end", () => {
    expect(() => openSigningKey("/proc/ringfence/keys", judge)).toThrow(
      expect.objectContaining({
        code: "SIGNER_INVALID",
        message: expect.stringMatching(/cannot be made: ENOENT/),
      }),
    );
  });

  test("that others may read is refused", () => {
    const folder = aFolder();
    openSigningKey(folder, judge);
    chmodSync(join(folder, "replica", "judge.key.pem"), 0o640);
    expect(() => openSigningKey(folder, judge)).toThrow(/can be read by others/);
  });

  test.each([
    [".", /judge\.key\.pem cannot be made: ENOTDIR/],
    ["replica", /judge\.key\.pem cannot be made: ENOTDIR/],
  ])("that cannot be kept, because %s is a file, is said with the folder to choose", (name, message) => {
    const folder = join(aFolder(), "keys");
    if (name !== ".") mkdirSync(folder);
    writeFileSync(join(folder, name), "");
    expect(() => openSigningKey(folder, judge)).toThrow(
      expect.objectContaining({
        code: "SIGNER_INVALID",
        message: expect.stringMatching(message),
        fix: expect.stringContaining("RINGFENCE_KEYS"),
      }),
    );
  });

  test("lies outside any repository, also where a variable is set to nothing", () => {
    const usual = join(homedir(), ".config", "ringfence", "keys");
    expect(keyFolder({})).toBe(usual);
    expect(keyFolder({ XDG_CONFIG_HOME: "", RINGFENCE_KEYS: "" })).toBe(usual);
    expect(keyFolder({ XDG_CONFIG_HOME: "/c" })).toBe("/c/ringfence/keys");
    expect(keyFolder({ XDG_CONFIG_HOME: "/c", RINGFENCE_KEYS: "/k" })).toBe("/k");
  });
});
