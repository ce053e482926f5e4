import { createPrivateKey } from "node:crypto";
import { z } from "zod";
import { RingfenceError } from "../core/errors.ts";
import { signingKey } from "./keys.ts";
import { type EvidenceSigner, localSigner } from "./signer.ts";

const reference = z
  .string()
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, "expected env:NAME or file:PATH, where it is used");

/** Which signer a process is to use, without its secret. */
export const SignerReference = z.strictObject({
  key: reference.describe("A private key (PKCS #8, PEM; ECDSA P-256 or Ed25519)"),
});
export type SignerReference = z.infer<typeof SignerReference>;

/** `secret` reads `env:NAME` and `file:PATH` where the signer is. Throws SIGNERS_INVALID. */
export async function openSigner(
  { key }: SignerReference,
  secret: (reference: string) => string,
): Promise<EvidenceSigner> {
  const pem = secret(key);
  try {
    return localSigner(signingKey(createPrivateKey(pem)));
  } catch (cause) {
    throw new RingfenceError("SIGNERS_INVALID", `${key} holds no private key in PEM`, {
      cause,
      fix: "make one with `ringfence keygen`",
    });
  }
}
