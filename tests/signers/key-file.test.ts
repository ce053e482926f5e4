import { execFileSync } from "node:child_process";
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { readPublicKey } from "../../attest/keys.ts";
import { type KeyFileOptions, keyFileSigner } from "../../attest/signers/key-file.ts";
import { makeKey } from "../../attest/signers/make-key.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));

const passphrase = "correct-horse-battery-staple";
let made = 0;

function file(content: string, mode = 0o600): string {
  const path = join(folder, `file-${made++}`);
  writeFileSync(path, content, { mode });
  return path;
}

function refusal(options: KeyFileOptions): { code?: string; message: string; fix?: string } {
  try {
    keyFileSigner({ environment: {}, ...options });
  } catch (error) {
    expect(inspect(error, { depth: 12, showHidden: true })).not.toContain(passphrase);
    return error as Error;
  }
  return expect.fail("it was accepted");
}

const pemOf = (kind: "p256" | "p384" | "rsa" | "ed448") => {
  const pair =
    kind === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : kind === "ed448"
        ? generateKeyPairSync("ed448")
        : generateKeyPairSync("ec", { namedCurve: kind === "p256" ? "P-256" : "P-384" });
  return pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
};

describe("a signing key in a file", () => {
  test.each(["p256", "ed25519"] as const)("%s signs what stock tools verify", async (type) => {
    const { keyFile, publicFile } = makeKey(folder, `stock-${type}`, { type, passphrase: undefined });
    const data = Buffer.from("what is signed");
    const { signature } = await keyFileSigner({ file: keyFile }).signer.sign(data);
    const [signed, content] = [join(folder, "signature"), file(data.toString())];
    writeFileSync(signed, signature);
    const checked =
      type === "p256"
        ? ["dgst", "-sha256", "-verify", publicFile, "-signature", signed, content]
        : [
            "pkeyutl",
            "-verify",
            "-pubin",
            "-inkey",
            publicFile,
            "-rawin",
            "-sigfile",
            signed,
            "-in",
            content,
          ];
    expect(execFileSync("openssl", checked, { encoding: "utf8" })).toMatch(
      /Verified OK|Verified Successfully/,
    );
  });

  test("opens with the passphrase of a file, or of the environment, the file first", async () => {
    const { keyFile, publicFile } = makeKey(folder, "locked", { type: "ed25519", passphrase });
    const passphraseFile = file(`${passphrase}\nsecond line\n`);
    for (const options of [
      { passphraseFile, environment: {} },
      { passphraseFile, environment: { RINGFENCE_PASSPHRASE: "wrong" } },
      { environment: { RINGFENCE_PASSPHRASE: passphrase } },
    ]) {
      const { signature } = await keyFileSigner({ file: keyFile, ...options }).signer.sign(Buffer.from("x"));
      expect(verify(null, Buffer.from("x"), readPublicKey(publicFile).key, signature)).toBe(true);
    }
  });

  test("made by OpenSSL is taken, too", async () => {
    const args = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-aes-256-cbc"];
    const pem = execFileSync("openssl", [...args, "-pass", `pass:${passphrase}`], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const environment = { RINGFENCE_PASSPHRASE: passphrase };
    expect(keyFileSigner({ file: file(pem), environment }).who.kind).toBe("key");
  });

  const locked = () => makeKey(folder, `locked-${made++}`, { type: "p256", passphrase }).keyFile;

  test.each<[string, () => KeyFileOptions, RegExp, RegExp]>([
    [
      "that is not there",
      () => ({ file: join(folder, "none") }),
      /cannot be read: ENOENT/,
      /correct its path/,
    ],
    ["that is a folder", () => ({ file: folder }), /is no file/, /correct its path/],
    [
      "that others can read",
      () => ({ file: file(pemOf("p256"), 0o644) }),
      /can be read by others/,
      /chmod 600/,
    ],
    [
      "that its group can read",
      () => ({ file: file(pemOf("p256"), 0o640) }),
      /can be read by others/,
      /chmod 600/,
    ],
    [
      "with a wrong passphrase",
      () => ({ file: locked(), environment: { RINGFENCE_PASSPHRASE: "wrong" } }),
      /the passphrase does not open/,
      /made with/,
    ],
    [
      "without its passphrase",
      () => ({ file: locked() }),
      /is encrypted, and no passphrase was given/,
      /RINGFENCE_PASSPHRASE/,
    ],
    [
      "with an empty passphrase file",
      () => ({ file: locked(), passphraseFile: file("\n") }),
      /passphrase file .* is empty/,
      /first line/,
    ],
    [
      "with a passphrase file that others can read",
      () => ({ file: locked(), passphraseFile: file(passphrase, 0o644) }),
      /passphrase file .* can be read by others/,
      /chmod 600/,
    ],
    [
      "with a passphrase file that is not there",
      () => ({ file: locked(), passphraseFile: "/nowhere" }),
      /passphrase file \/nowhere cannot be read/,
      /correct/,
    ],
    [
      "that is a public key",
      () => ({ file: file("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n") }),
      /is no private key in PEM \(PKCS#8\)/,
      /keygen/,
    ],
    [
      "in an older form",
      () => ({ file: file("-----BEGIN EC PRIVATE KEY-----\nAAAA\n") }),
      /is no private key in PEM \(PKCS#8\)/,
      /openssl pkcs8 -topk8/,
    ],
    [
      "that is damaged",
      () => ({ file: file(pemOf("p256").replace(/\n.{20}/, "\n")) }),
      /is damaged/,
      /restore/,
    ],
    ["that is empty", () => ({ file: file("") }), /is no private key/, /keygen/],
    ["of RSA", () => ({ file: file(pemOf("rsa")) }), /is rsa, expected ECDSA P-256 or Ed25519/, /keygen/],
    ["on another curve", () => ({ file: file(pemOf("p384")) }), /is ec secp384r1, expected/, /keygen/],
    ["on another Edwards curve", () => ({ file: file(pemOf("ed448")) }), /is ed448, expected/, /keygen/],
  ])("%s is refused, with the way out", (_what, options, message, fix) => {
    expect(refusal(options())).toMatchObject({
      code: "SIGNER_INVALID",
      message: expect.stringMatching(message),
      fix: expect.stringMatching(fix),
    });
  });

  test("a pipe that nobody writes to does not hold the run up", () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", ["-m", "600", pipe]);
    expect(refusal({ file: pipe }).message).toMatch(/is no file/);
  });

  test("is looked at behind a link, as secrets are mounted", () => {
    const link = join(folder, "link");
    const target = file(pemOf("p256"));
    symlinkSync(target, link);
    expect(keyFileSigner({ file: link }).who.kind).toBe("key");
    chmodSync(target, 0o604);
    expect(refusal({ file: link }).message).toMatch(/can be read by others/);
  });

  test("signs P-256 in DER, because no verifier of bundles reads another form", async () => {
    const pem = pemOf("p256");
    const { signature } = await keyFileSigner({ file: file(pem) }).signer.sign(Buffer.from("x"));
    expect(signature[0]).toBe(0x30);
    expect(sign("sha256", Buffer.from("x"), { key: pem, dsaEncoding: "ieee-p1363" })).toHaveLength(64);
  });
});
