import { createPrivateKey, type KeyObject } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { RingfenceError } from "../../core/errors.ts";
import { signingKey } from "../keys.ts";
import { type EvidenceSigner, localSigner } from "../signer.ts";

export interface PassphraseOptions {
  /** A file whose first line opens the key; without it, `RINGFENCE_PASSPHRASE` does. */
  passphraseFile?: string | undefined;
  environment?: NodeJS.ProcessEnv;
}

export interface KeyFileOptions extends PassphraseOptions {
  /** A private key in PEM (PKCS#8): ECDSA P-256 or Ed25519. Only its owner may read it. */
  file: string;
}

/** Signs with a key from a file. Throws SIGNER_INVALID; no message or cause holds any part of key or passphrase. */
export function keyFileSigner({ file, ...options }: KeyFileOptions): EvidenceSigner {
  return pemSigner(readPrivately(file, "the signing key"), { ...options, what: file });
}

/** Signs with a key that is at hand. `what`: where it is from, for messages. Throws SIGNER_INVALID. */
export function pemSigner(pem: string, options: PassphraseOptions & { what: string }): EvidenceSigner {
  const key = openKey(pem, options);
  requireKnown(key, options.what);
  return localSigner(signingKey(key));
}

/** What opens a key: the first line of a file, else `RINGFENCE_PASSPHRASE`; undefined when neither is given. */
export function readPassphrase({
  passphraseFile,
  environment = process.env,
}: PassphraseOptions): string | undefined {
  if (passphraseFile === undefined) return environment.RINGFENCE_PASSPHRASE || undefined;
  const passphrase = readPrivately(passphraseFile, "the passphrase file").split(/\r?\n/, 1)[0];
  if (passphrase) return passphrase;
  throw invalid(`the passphrase file ${passphraseFile} is empty`, "write the passphrase on its first line");
}

function openKey(pem: string, { what, ...options }: PassphraseOptions & { what: string }): KeyObject {
  const encrypted = pem.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----");
  if (!encrypted && !pem.includes("-----BEGIN PRIVATE KEY-----"))
    throw invalid(
      `${what} is no private key in PEM (PKCS#8)`,
      "make one with `ringfence keygen`, or convert yours with `openssl pkcs8 -topk8`",
    );
  const passphrase = encrypted ? readPassphrase(options) : undefined;
  if (encrypted && passphrase === undefined)
    throw invalid(
      `the signing key ${what} is encrypted, and no passphrase was given`,
      "set RINGFENCE_PASSPHRASE, or name a file that holds the passphrase",
    );
  try {
    return createPrivateKey({ key: pem, format: "pem", ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    // OpenSSL's own error is left out: it says less, and nothing of a key belongs in a log.
    throw encrypted
      ? invalid(`the passphrase does not open the signing key ${what}`, "give the one it was made with")
      : invalid(
          `the signing key ${what} is damaged`,
          "restore it, or make a new one with `ringfence keygen`",
        );
  }
}

function requireKnown(
  { asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject,
  what: string,
): void {
  if (type === "ed25519" || (type === "ec" && details?.namedCurve === "prime256v1")) return;
  throw invalid(
    `the signing key ${what} is ${[type, details?.namedCurve].filter(Boolean).join(" ")}, expected ECDSA P-256 or Ed25519`,
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
