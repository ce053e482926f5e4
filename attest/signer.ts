import { sign as signBytes } from "node:crypto";
import type { Signer, Witness } from "@sigstore/sign";
import { z } from "zod";
import type { SigningKey } from "./keys.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** Who signs: a key by its fingerprint, or whom an OIDC issuer vouches for. */
export const SignerIdentity = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("key"),
    fingerprint: digest.describe("SHA-256 of the public key (SubjectPublicKeyInfo, DER)"),
  }),
  z.strictObject({ kind: z.literal("identity"), subject: z.string(), issuer: z.string() }),
]);
export type SignerIdentity = z.infer<typeof SignerIdentity>;

/** What puts a name to a statement. `signer` and `witnesses` are Sigstore's interfaces. */
export interface EvidenceSigner {
  readonly who: SignerIdentity;
  /** For whoever verifies; null where no key lasts longer than a signature. */
  readonly publicPem: string | null;
  readonly signer: Signer;
  /** They say when, or that a log holds it. */
  readonly witnesses: readonly Witness[];
}

/** Signs with a key that this process holds. ECDSA signatures must be DER; the hint names the key. */
export function localSigner(key: SigningKey): EvidenceSigner {
  const digestName = key.privateKey.asymmetricKeyType === "ed25519" ? null : "sha256";
  return {
    who: { kind: "key", fingerprint: key.fingerprint },
    publicPem: key.publicPem,
    signer: {
      sign: async (data) => ({
        signature: signBytes(digestName, data, { key: key.privateKey, dsaEncoding: "der" }),
        key: { $case: "publicKey", publicKey: key.publicPem, hint: hintOf(key.fingerprint) },
      }),
    },
    witnesses: [],
  };
}

/** A key's hint in a bundle: base64 of the SHA-256 that our fingerprints show in hex. */
export function hintOf(fingerprint: string): string {
  return Buffer.from(fingerprint, "hex").toString("base64");
}

export function sameSigner(one: SignerIdentity, other: SignerIdentity): boolean {
  return signerText(one) === signerText(other);
}

export function signerText(who: SignerIdentity): string {
  return who.kind === "key" ? `key ${who.fingerprint}` : `${who.subject}, by ${who.issuer}`;
}
