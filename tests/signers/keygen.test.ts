import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readPublicKey } from "../../attest/keys.ts";
import { keyFileSigner } from "../../attest/signers/key-file.ts";
import { commandLine } from "../../environments/node-script.ts";
import { ringfence } from "../held-replica.ts";

const base = mkdtempSync(join(tmpdir(), "ringfence-keygen-"));
afterAll(() => rmSync(base, { recursive: true }));

let made = 0;
const newFolder = () => join(base, `keys-${made++}`);
const name = "eu-central-1";
const bare = { RINGFENCE_PASSPHRASE: "" };
const keygen = (folder: string, args: readonly string[] = [], environment: NodeJS.ProcessEnv = bare) =>
  ringfence(["keygen", "--out", folder, "--name", name, ...args], environment);
const today = () => new Date().toISOString().slice(0, 10).replaceAll("-", "");

describe("ringfence keygen", () => {
  test.each([
    [[], "ec"],
    [["--type", "p256"], "ec"],
    [["--type", "ed25519"], "ed25519"],
  ])("%j makes a key that signs, for its owner's eyes only, and prints its fingerprint", (args, type) => {
    const folder = newFolder();
    const { exitCode, output } = keygen(folder, args);
    expect(exitCode, output).toBe(0);
    const { key, fingerprint } = readPublicKey(join(folder, `${name}.pub.pem`));
    expect(key.asymmetricKeyType).toBe(type);
    expect(statSync(join(folder, `${name}.key.pem`)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(keyFileSigner({ file: join(folder, `${name}.key.pem`), environment: {} }).who).toEqual({
      kind: "key",
      fingerprint,
    });
    expect(output).toContain(`fingerprint  ${fingerprint}`);
    expect(output).toMatch(
      new RegExp(`  - signs: ${name}\n    key: ${name}.pub.pem\n    from: \\d{4}-[\\d-]+T[\\d:]+Z\n`),
    );
    expect(output).not.toContain("until");
    expect(output).not.toContain("PRIVATE");
  });

  test("never writes over a key, because evidence names it", () => {
    const folder = newFolder();
    keygen(folder);
    const before = readFileSync(join(folder, `${name}.key.pem`), "utf8");
    expect(keygen(folder)).toMatchObject({
      exitCode: 64,
      output: expect.stringMatching(/exists[\s\S]*--rotate/),
    });
    expect(readFileSync(join(folder, `${name}.key.pem`), "utf8")).toBe(before);
  });

  test("leaves no secret behind when its public half is there already", () => {
    const folder = newFolder();
    keygen(folder);
    rmSync(join(folder, `${name}.key.pem`));
    expect(keygen(folder).exitCode).toBe(64);
    expect(readdirSync(folder)).toEqual([`${name}.pub.pem`]);
  });

  test.each([
    ["for none of it", "4k", ["filler"]],
    ["for the secret only", "8k", ["filler"]],
  ])(
    "leaves nothing behind on a disk that has room %s, because it would be kept as a key",
    (_room, size, left) => {
      const folder = newFolder();
      mkdirSync(folder);
      const script = [
        `mount -t tmpfs -o size=${size} tmpfs '${folder}' && cd '${folder}' && head -c 4096 /dev/zero > filler`,
        `'${process.execPath}' '${commandLine}' keygen --out '${folder}' --name ${name}`,
        "echo exit code $? && ls",
      ].join("; ");
      const done = spawnSync("unshare", ["--user", "--map-root-user", "--mount", "bash", "-c", script], {
        encoding: "utf8",
        timeout: 60_000,
        env: { ...process.env, ...bare },
      });
      expect(done.stderr).toMatch(/\.pem cannot be written: ENOSPC/);
      expect(done.stdout.split("\n")).toEqual(["exit code 64", ...left, ""]);
    },
  );

  test("encrypts with the passphrase of a file, or of the environment, and prints neither", () => {
    const passphrase = "correct-horse-battery-staple";
    const passphraseFile = join(base, "passphrase");
    writeFileSync(passphraseFile, `${passphrase}\n`, { mode: 0o600 });
    for (const [args, environment] of [
      [["--passphrase-file", passphraseFile], bare],
      [[], { RINGFENCE_PASSPHRASE: passphrase }],
    ] as const) {
      const folder = newFolder();
      const { exitCode, output } = keygen(folder, args, environment);
      expect(exitCode, output).toBe(0);
      expect(output).not.toContain(passphrase);
      const file = join(folder, `${name}.key.pem`);
      expect(readFileSync(file, "utf8")).toContain("BEGIN ENCRYPTED PRIVATE KEY");
      expect(() => keyFileSigner({ file, environment: {} })).toThrow(/no passphrase was given/);
      expect(keyFileSigner({ file, passphraseFile }).who.kind).toBe("key");
    }
  });

  test("refuses a passphrase that others can read, and makes nothing", () => {
    const passphraseFile = join(base, "open-passphrase");
    writeFileSync(passphraseFile, "secret\n", { mode: 0o644 });
    const folder = newFolder();
    expect(keygen(folder, ["--passphrase-file", passphraseFile])).toMatchObject({
      exitCode: 64,
      output: expect.stringContaining("can be read by others"),
    });
    expect(existsSync(folder)).toBe(false);
  });

  test.each([
    [["--type", "rsa"], /no key type "rsa"/],
    [["--overlap", "7"], /--overlap without --rotate/],
    [["--rotate", "--overlap", "soon"], /--overlap "soon" is no number of days/],
    [["--rotate"], /holds no eu-central-1\.pub\.pem to rotate/],
    [["more"], /unexpected "more"/],
  ])("%j is a usage error that says what to do", (args, message) => {
    const { exitCode, output } = keygen(newFolder(), args);
    expect(exitCode).toBe(64);
    expect(output).toMatch(message);
    expect(output).toMatch(/^fix {2}\S/m);
  });

  test.each(["../up", "a/b", "", ".hidden", "eu.20261124", "x".repeat(101)])(
    "%j is no name, because it names the files",
    (bad) => {
      const folder = newFolder();
      expect(ringfence(["keygen", "--out", folder, "--name", bad], bare)).toMatchObject({ exitCode: 64 });
      expect(existsSync(folder)).toBe(false);
    },
  );

  test("without a folder asks for one", () => {
    expect(ringfence(["keygen", "--name", name], bare)).toMatchObject({
      exitCode: 64,
      output: expect.stringContaining("no --out DIR"),
    });
  });
});

describe("ringfence keygen --rotate", () => {
  test("makes a successor beside the key, and says until when the old one holds", () => {
    const folder = newFolder();
    keygen(folder, ["--type", "ed25519"]);
    const { exitCode, output } = keygen(folder, ["--rotate", "--overlap", "7"]);
    expect(exitCode, output).toBe(0);
    const successor = `${name}.${today()}`;
    expect(readPublicKey(join(folder, `${successor}.pub.pem`)).key.asymmetricKeyType).toBe("ed25519");
    expect(statSync(join(folder, `${successor}.key.pem`)).mode & 0o777).toBe(0o600);
    const lines = new RegExp(
      [
        `  - signs: ${name}`,
        `    key: ${name}.pub.pem`,
        "    until: (\\S+)",
        `  - signs: ${name}`,
        `    key: ${successor}.pub.pem`,
        "    from: (\\S+)",
      ].join("\n"),
    ).exec(output);
    expect(lines, output).not.toBeNull();
    expect(Date.parse(lines?.[1] ?? "") - Date.parse(lines?.[2] ?? "")).toBe(7 * 86_400_000);
  });

  test("continues from the newest key, also twice on one day", () => {
    const folder = newFolder();
    keygen(folder);
    keygen(folder, ["--rotate"]);
    const { output } = keygen(folder, ["--rotate"]);
    const [second, third] = [`${name}.${today()}`, `${name}.${today()}-2`];
    expect(output).toMatch(
      new RegExp(`key: ${second}.pub.pem\n    until: \\S+\n[^]*key: ${third}.pub.pem\n    from`),
    );
    expect(readdirSync(folder).filter((file) => file.endsWith(".key.pem"))).toHaveLength(3);
  });

  test("needs the public key only, because the old secret may be gone", () => {
    const folder = newFolder();
    keygen(folder);
    rmSync(join(folder, `${name}.key.pem`));
    expect(keygen(folder, ["--rotate"]).exitCode).toBe(0);
  });

  test("says how to get back the public half, where only the secret is there", () => {
    const folder = newFolder();
    keygen(folder);
    rmSync(join(folder, `${name}.pub.pem`));
    const { exitCode, output } = keygen(folder, ["--rotate"]);
    expect(exitCode).toBe(64);
    const fix = /^fix {2}(openssl .*)$/m.exec(output)?.[1] ?? "";
    expect(spawnSync("sh", ["-c", fix], { encoding: "utf8" }), output).toMatchObject({ status: 0 });
    expect(keygen(folder, ["--rotate"]).exitCode).toBe(0);
  });

  test("is not misled by the key of a name that begins alike", () => {
    const folder = newFolder();
    keygen(folder);
    ringfence(["keygen", "--out", folder, "--name", `${name}.west`], bare);
    const { output } = keygen(folder, ["--rotate"]);
    expect(output).toContain(`key: ${name}.pub.pem`);
    expect(output).not.toContain(`${name}.west`);
  });
});
