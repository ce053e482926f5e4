import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { chmodSync, existsSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { RingfenceError } from "../core/errors.ts";
import { makeFolder } from "../files/make-folder.ts";

export interface SigningKey {
  privateKey: KeyObject;
  publicPem: string;
  /** SHA-256 of the public key (SubjectPublicKeyInfo, DER), in hex. */
  fingerprint: string;
}

/** Outside any repository: `$RINGFENCE_KEYS`, else the user's configuration folder. A variable set to nothing is
 *  none, for it would lead into the folder at hand. */
export function keyFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const configuration = environment.XDG_CONFIG_HOME || join(homedir(), ".config");
  return environment.RINGFENCE_KEYS || join(configuration, "ringfence", "keys");
}

/** A role's own key (ECDSA P-256), made on first use, readable by its owner only. `role`: a region, or the
 *  judge. */
export function openSigningKey(
  folder: string,
  { environment, role }: { environment: string; role: string },
): SigningKey {
  const file = join(folder, environment, `${role}.key.pem`);
  if (!existsSync(file)) makeKeyFile(file);
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new RingfenceError("EVIDENCE_INVALID", `the signing key ${file} can be read by others`, {
      fix: `chmod 600 ${file}`,
    });
  }
  try {
    return signingKey(createPrivateKey(readFileSync(file)));
  } catch {
    // OpenSSL's own error is left out: it says less, and nothing of a key belongs in a log.
    throw new RingfenceError("SIGNER_INVALID", `the signing key ${file} is damaged`, {
      fix: "restore it, or move it away: then a new one is made, for which whoever verifies needs its public half",
    });
  }
}

/** Of two who make it in the same moment, the first one's counts for both. */
function makeKeyFile(file: string): void {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  try {
    makeFolder(dirname(file), 0o700);
    writeLinked(file, privateKey.export({ type: "pkcs8", format: "pem" }));
  } catch (cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST" && syscall === "link") return;
    throw new RingfenceError("SIGNER_INVALID", `the signing key ${file} cannot be made: ${code}`, {
      cause,
      fix: "name a folder of your own with RINGFENCE_KEYS, or who signs with --signers",
    });
  }
}

/** Written beside and linked, so that nobody sees half of it. */
function writeLinked(file: string, pem: string | Buffer): void {
  // By chance: in two containers that share the folder, processes may have the same number.
  const made = `${file}.${randomBytes(4).toString("hex")}.part`;
  try {
    writeFileSync(made, pem, { mode: 0o600, flag: "wx" });
    chmodSync(made, 0o600);
    linkSync(made, file);
  } finally {
    rmSync(made, { force: true });
  }
}

export function signingKey(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey);
  return {
    privateKey,
    publicPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    fingerprint: fingerprintOf(publicKey),
  };
}

export function fingerprintOf(publicKey: KeyObject): string {
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/** A public key in a file of its own. */
export function readPublicKey(file: string): { key: KeyObject; fingerprint: string } {
  try {
    const key = createPublicKey(readFileSync(file));
    return { key, fingerprint: fingerprintOf(key) };
  } catch (cause) {
    throw new RingfenceError("USAGE", `${file} is no public key in PEM`, {
      cause,
      fix: "name the .pub.pem file that the key's owner gave you",
    });
  }
}
