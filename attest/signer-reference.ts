import { z } from "zod";
import type { EvidenceSigner } from "./signer.ts";
import { keyFileSigner, pemSigner } from "./signers/key-file.ts";

const reference = z
  .string()
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, "expected env:NAME or file:PATH, where it is used");

const KeySigner = z.strictObject({
  key: reference.describe("A private key (PKCS #8, PEM; ECDSA P-256 or Ed25519)"),
  passphrase: z
    .string()
    .regex(/^file:.+$/, "expected file:PATH")
    .optional()
    .describe("What opens the key; left out: RINGFENCE_PASSPHRASE"),
});
const KmsSigner = z.strictObject({
  kms: z.string().describe("The ARN of a key in AWS KMS (ECC_NIST_P256, SIGN_VERIFY)"),
  endpoint: z.url().optional().describe("Instead of the region's public endpoint"),
});
const IdentitySigner = z.strictObject({
  identity: z.literal("oidc").describe("Whom the CI job's OIDC issuer vouches for, by Sigstore"),
  fulcio: z.url().optional(),
  rekor: z.url().optional(),
  audience: z.string().optional(),
});

/** Which signer a process is to use, without its secret. */
export const SignerReference = z.union([KeySigner, KmsSigner, IdentitySigner]);
export type SignerReference = z.infer<typeof SignerReference>;

/** A time-stamping authority (RFC 3161) that says when it saw a signature. `certificates`: PEM. */
export interface TimestampReference {
  url: string;
  certificates: string;
}

/** Opens a signer where it signs; throws SIGNER_INVALID or SIGNING_FAILED. */
export async function openSigner(
  signer: SignerReference,
  {
    environment = process.env,
    timestamps,
  }: { environment?: NodeJS.ProcessEnv; timestamps?: TimestampReference | undefined } = {},
): Promise<EvidenceSigner> {
  const opened = await openUnstamped(signer, environment);
  if (!timestamps) return opened;
  const { timestampWitness } = await import("./timestamps/witness.ts");
  return { ...opened, witnesses: [...opened.witnesses, timestampWitness(timestamps)] };
}

async function openUnstamped(
  signer: SignerReference,
  environment: NodeJS.ProcessEnv,
): Promise<EvidenceSigner> {
  if ("kms" in signer) {
    const { kmsSigner } = await import("./signers/kms.ts");
    return await kmsSigner({ key: signer.kms, endpoint: signer.endpoint });
  }
  if ("identity" in signer) {
    const { keylessSigner } = await import("./signers/keyless.ts");
    const { fulcio: fulcioUrl, rekor: rekorUrl, audience } = signer;
    return await keylessSigner({ fulcioUrl, rekorUrl, audience, environment });
  }
  const passphraseFile = signer.passphrase?.slice("file:".length);
  const [, where = "", name = ""] = /^(env|file):(.*)$/.exec(signer.key) ?? [];
  return where === "file"
    ? keyFileSigner({ file: name, passphraseFile, environment })
    : pemSigner(environment[name] ?? "", { what: `the variable ${name}`, passphraseFile, environment });
}
