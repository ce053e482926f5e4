import type { Signer, Witness } from "@sigstore/sign";
import { z } from "zod";

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
  readonly signer: Signer;
  /** They say when, or that a log holds it. */
  readonly witnesses: readonly Witness[];
}

/** A key's hint in a bundle: base64 of the SHA-256 that our fingerprints show in hex. */
export function hintOf(fingerprint: string): string {
  return Buffer.from(fingerprint, "hex").toString("base64");
}
