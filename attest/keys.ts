import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { RingfenceError } from "../core/errors.ts";

export interface SigningKey {
  privateKey: KeyObject;
  publicPem: string;
  /** SHA-256 of the public key (SubjectPublicKeyInfo, DER), in hex. */
  fingerprint: string;
}

/** Outside any repository: `$RINGFENCE_KEYS`, else the user's configuration folder. */
export function keyFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const configuration = environment.XDG_CONFIG_HOME ?? join(homedir(), ".config");
  return environment.RINGFENCE_KEYS ?? join(configuration, "ringfence", "keys");
}

/** A role's own key (ECDSA P-256), made on first use, readable by its owner only. `role`: a region, or the
 *  judge. */
export function openSigningKey(
  folder: string,
  { environment, role }: { environment: string; role: string },
): SigningKey {
  const file = join(folder, environment, `${role}.key.pem`);
  mkdirSync(join(folder, environment), { recursive: true, mode: 0o700 });
  try {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600, flag: "wx" });
    chmodSync(file, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new RingfenceError("EVIDENCE_INVALID", `the signing key ${file} can be read by others`, {
      fix: `chmod 600 ${file}`,
    });
  }
  return signingKey(createPrivateKey(readFileSync(file)));
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
