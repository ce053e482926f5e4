import { sign as signBytes } from "node:crypto";
import { bundleToJSON } from "@sigstore/bundle";
import { DSSEBundleBuilder, type Signature, type Signer } from "@sigstore/sign";
import type { SigningKey } from "./keys.ts";

export const statementMediaType = "application/vnd.in-toto+json";

/** Sigstore's signer over a key file. ECDSA signatures must be DER; the hint names the key. */
class LocalKeySigner implements Signer {
  readonly #key: SigningKey;

  constructor(key: SigningKey) {
    this.#key = key;
  }

  async sign(data: Buffer): Promise<Signature> {
    const signature = signBytes("sha256", data, { key: this.#key.privateKey, dsaEncoding: "der" });
    return {
      signature,
      key: { $case: "publicKey", publicKey: this.#key.publicPem, hint: hintOf(this.#key.fingerprint) },
    };
  }
}

/** A key's hint in a bundle: base64 of the SHA-256 that our fingerprints show in hex. */
export function hintOf(fingerprint: string): string {
  return Buffer.from(fingerprint, "hex").toString("base64");
}

/** A Sigstore bundle v0.3 with one DSSE envelope over the statement; no log, no timestamp, no network. */
export async function signStatement(statement: unknown, key: SigningKey): Promise<string> {
  const builder = new DSSEBundleBuilder({ signer: new LocalKeySigner(key), witnesses: [] });
  const bundle = await builder.create({
    data: Buffer.from(JSON.stringify(statement)),
    type: statementMediaType,
  });
  return `${JSON.stringify(bundleToJSON(bundle), null, 2)}\n`;
}
