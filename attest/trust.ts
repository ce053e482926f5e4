import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { RingfenceError } from "../core/errors.ts";
import { readYamlFile, type YamlKind, yamlProblem } from "../files/yaml-file.ts";
import { fingerprintOf } from "./keys.ts";

/** The signer of verdicts. No region may be called so. */
export const judgeRole = "judge";

const instant = z.union([z.iso.date(), z.iso.datetime()]).transform((text) => new Date(text));

/** `trust.yaml`: whose signature counts, for what, and from when to when. */
export const TrustFile = z.strictObject({
  format: z.literal(1),
  signers: z
    .array(
      z.strictObject({
        signs: z.string().min(1).describe("A region's id, `outside`, or `judge`"),
        key: z.string().min(1).describe("A public key in PEM, or the file of one beside the trust file"),
        from: instant.optional().describe("From when on it may sign; the day begins at 00:00 UTC"),
        until: instant.optional().describe("Until when it may sign, and not at that time itself"),
      }),
    )
    .min(1),
});

export interface TrustedSigner {
  /** A region's id, or `judge`. */
  signs: string;
  key: KeyObject;
  fingerprint: string;
  from?: Date | undefined;
  until?: Date | undefined;
}

export interface Trust {
  signers: readonly TrustedSigner[];
}

const trustFile = {
  schema: TrustFile,
  code: "TRUST_INVALID",
  wrong: "does not say whom to trust",
  fix: "correct the file; docs/verify-evidence.md explains every key",
} as const satisfies YamlKind<z.infer<typeof TrustFile>>;

/** Throws TRUST_INVALID, which names the file, and the line, the keys or the entry. */
export function readTrust(file: string): Trust {
  const { value } = readYamlFile(file, trustFile);
  const signers = value.signers.map(({ signs, key: text, from, until }, index): TrustedSigner => {
    const wrong = (problem: string, cause?: unknown) =>
      yamlProblem(file, trustFile, `signers[${index}]: ${problem}`, cause);
    if (from && until && until <= from) throw wrong("`until` is not after `from`");
    const key = publicKey(text, dirname(file), wrong);
    return { signs, key, fingerprint: fingerprintOf(key), from, until };
  });
  return { signers };
}

function publicKey(
  text: string,
  folder: string,
  wrong: (problem: string, cause?: unknown) => RingfenceError,
): KeyObject {
  const inline = text.includes("-----BEGIN");
  try {
    const pem = inline ? text : readFileSync(resolve(folder, text), "utf8");
    // A private key would be taken as well, and would then lie where everybody reads.
    if (pem.includes("PRIVATE KEY"))
      throw wrong("`key` is a private key: keep it secret, and name its public half");
    return createPublicKey(pem);
  } catch (cause) {
    if (cause instanceof RingfenceError) throw cause;
    throw wrong(
      inline ? "`key` is no public key in PEM" : `${text} cannot be read as a public key in PEM`,
      cause,
    );
  }
}
