import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { RingfenceError } from "../../core/errors.ts";
import { signingKey } from "../keys.ts";
import { type EvidenceSigner, hintOf } from "./signer.ts";

export interface KeyFileOptions {
  /** A private key in PEM (PKCS#8): ECDSA P-256 or Ed25519. Only its owner may read it. */
  file: string;
  /** A file whose first line opens the key; without it, `RINGFENCE_PASSPHRASE` does. */
  passphraseFile?: string | undefined;
  environment?: NodeJS.ProcessEnv;
}

/** Signs with a key from a file. Throws SIGNER_INVALID; no message or cause holds any part of key or passphrase. */
export function keyFileSigner(options: KeyFileOptions): EvidenceSigner {
  const { privateKey, publicPem, fingerprint } = signingKey(openKey(options));
  const digest = algorithmOf(privateKey, options.file) === "ed25519" ? null : "sha256";
  return {
    who: { kind: "key", fingerprint },
    signer: {
      sign: async (data) => ({
        signature: sign(digest, data, { key: privateKey, dsaEncoding: "der" }),
        key: { $case: "publicKey", publicKey: publicPem, hint: hintOf(fingerprint) },
      }),
    },
    witnesses: [],
  };
}

/** What opens a key: the first line of a file, else `RINGFENCE_PASSPHRASE`; undefined when neither is given. */
export function readPassphrase({
  passphraseFile,
  environment = process.env,
}: Pick<KeyFileOptions, "passphraseFile" | "environment">): string | undefined {
  if (passphraseFile === undefined) return environment.RINGFENCE_PASSPHRASE || undefined;
  const passphrase = readPrivately(passphraseFile, "the passphrase file").split(/\r?\n/, 1)[0];
  if (passphrase) return passphrase;
  throw invalid(`the passphrase file ${passphraseFile} is empty`, "write the passphrase on its first line");
}

function openKey(options: KeyFileOptions): KeyObject {
  const { file } = options;
  const pem = readPrivately(file, "the signing key");
  const encrypted = pem.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----");
  if (!encrypted && !pem.includes("-----BEGIN PRIVATE KEY-----"))
    throw invalid(
      `${file} is no private key in PEM (PKCS#8)`,
      "make one with `ringfence keygen`, or convert yours with `openssl pkcs8 -topk8`",
    );
  const passphrase = encrypted ? readPassphrase(options) : undefined;
  if (encrypted && passphrase === undefined)
    throw invalid(
      `the signing key ${file} is encrypted, and no passphrase was given`,
      "set RINGFENCE_PASSPHRASE, or name a file that holds the passphrase",
    );
  try {
    return createPrivateKey({ key: pem, format: "pem", ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    // OpenSSL's own error is left out: it says less, and nothing of a key belongs in a log.
    throw encrypted
      ? invalid(`the passphrase does not open the signing key ${file}`, "give the one it was made with")
      : invalid(
          `the signing key ${file} is damaged`,
          "restore it, or make a new one with `ringfence keygen`",
        );
  }
}

function algorithmOf(key: KeyObject, file: string): "p256" | "ed25519" {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "ed25519") return "ed25519";
  if (type === "ec" && details?.namedCurve === "prime256v1") return "p256";
  throw invalid(
    `the signing key ${file} is ${[type, details?.namedCurve].filter(Boolean).join(" ")}, expected ECDSA P-256 or Ed25519`,
    "make one with `ringfence keygen`",
  );
}

/** Looks at the rights of the very file that it then reads. */
function readPrivately(file: string, what: string): string {
  let opened: number;
  try {
    // Without waiting, because a pipe may never be written to.
    opened = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw invalid(`${what} ${file} cannot be read: ${code}`, "correct its path, or its rights", cause);
  }
  try {
    const status = fstatSync(opened);
    if (!status.isFile()) throw invalid(`${what} ${file} is no file`, "correct its path");
    if ((status.mode & 0o077) !== 0)
      throw invalid(`${what} ${file} can be read by others`, `chmod 600 ${file}`);
    return readFileSync(opened, "utf8");
  } finally {
    closeSync(opened);
  }
}

function invalid(message: string, fix: string, cause?: unknown): RingfenceError {
  return new RingfenceError("SIGNER_INVALID", message, { fix, ...(cause === undefined ? {} : { cause }) });
}
