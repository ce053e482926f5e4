import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { TrustedRoot } from "@sigstore/protobuf-specs";
import { z } from "zod";
import { RingfenceError } from "../core/errors.ts";
import { readYamlFile, type YamlKind, yamlProblem } from "../files/yaml-file.ts";
import { fingerprintOf } from "./keys.ts";
import { parseTrustedRoot } from "./signers/open.ts";
import { readCertificates } from "./timestamps/authority.ts";

/** The signer of verdicts. No region may be called so. */
export const judgeRole = "judge";

/** How far a proven time may be from the one that a statement gives, where the trust file does not say. */
export const withinMinutes = 60;

const instant = z.union([z.iso.date(), z.iso.datetime()]).transform((text) => new Date(text));
const file = z.string().min(1);

const Entry = z
  .strictObject({
    signs: z.string().min(1).describe("A region's id, `outside`, or `judge`"),
    key: file.optional().describe("A public key in PEM, or the file of one"),
    identity: z
      .strictObject({ subject: z.string().min(1), issuer: z.url() })
      .optional()
      .describe("Whom an OIDC issuer vouches for, in place of a key"),
    trustedRoot: file.optional().describe("Sigstore's keys, as `cosign trusted-root create` writes them"),
    from: instant.optional().describe("From when on it may sign; the day begins at 00:00 UTC"),
    until: instant.optional().describe("Until when it may sign, and not at that time itself"),
  })
  .refine(({ from, until }) => !from || !until || from < until, "`until` is not after `from`")
  .refine(
    ({ key, identity, trustedRoot }) => (key ? !identity && !trustedRoot : identity && trustedRoot),
    "either a key, or an identity with a trusted root",
  );

/** `trust.yaml`: whose signature counts, for what, and from when to when. Files are beside it. */
const TrustFile = z.strictObject({
  format: z.literal(1),
  signers: z.array(Entry).min(1),
  timestamps: z
    .strictObject({
      authorities: z.array(file).min(1).describe("Certificates of time-stamping authorities, in PEM"),
      required: z.boolean().default(true),
      withinMinutes: z
        .int()
        .min(1)
        .default(withinMinutes)
        .describe("How far a timestamp may be from the time that the statement gives"),
    })
    .optional(),
});
type TrustFile = z.infer<typeof TrustFile>;

interface Window {
  /** A region's id, or `judge`. */
  signs: string;
  from?: Date | undefined;
  until?: Date | undefined;
}
export interface TrustedKey extends Window {
  key: KeyObject;
  fingerprint: string;
}
interface TrustedIdentity extends Window {
  identity: { subject: string; issuer: string };
  trustedRoot: TrustedRoot;
}
export type TrustedSigner = TrustedKey | TrustedIdentity;

export interface Trust {
  signers: readonly TrustedSigner[];
  /** `authorities`: PEM. Left out: timestamps are not looked at. */
  timestamps?: { authorities: readonly string[]; required: boolean; withinMinutes: number } | undefined;
}

const trustFile = {
  schema: TrustFile,
  code: "TRUST_INVALID",
  wrong: "does not say whom to trust",
  fix: "correct the file; docs/verify-evidence.md explains every key",
} as const satisfies YamlKind<TrustFile>;

/** Throws TRUST_INVALID, which names the file, and the line, the keys or the entry. */
export function readTrust(path: string): Trust {
  const { value } = readYamlFile(path, trustFile);
  const beside = (name: string) => readFileSync(resolve(dirname(path), name), "utf8");
  return {
    signers: value.signers.map((entry, index) => at(`signers[${index}]`, () => trustedSigner(entry, beside))),
    timestamps: value.timestamps && {
      ...value.timestamps,
      authorities: value.timestamps.authorities.map((name, index) =>
        at(`timestamps.authorities[${index}]`, () => {
          const pem = beside(name);
          readCertificates(pem);
          return pem;
        }),
      ),
    },
  };

  function at<T>(place: string, read: () => T): T {
    try {
      return read();
    } catch (cause) {
      const said = cause instanceof Problem || cause instanceof RingfenceError;
      const why = said ? cause.message : `it cannot be read: ${(cause as Error).message}`;
      throw yamlProblem(path, trustFile, `${place}: ${why}`, cause);
    }
  }
}

class Problem extends Error {}

function trustedSigner(
  { signs, key, identity, trustedRoot, from, until }: TrustFile["signers"][number],
  beside: (name: string) => string,
): TrustedSigner {
  const window = { signs, from, until };
  if (identity && trustedRoot)
    return { ...window, identity, trustedRoot: parseTrustedRoot(beside(trustedRoot)) };
  const pem = key?.includes("-----BEGIN") ? key : beside(key ?? "");
  // A private key would be taken as well, and would then lie where everybody reads.
  if (pem.includes("PRIVATE KEY"))
    throw new Problem("`key` is a private key: keep it secret, and name its public half");
  const publicKey = createPublicKey(pem);
  return { ...window, key: publicKey, fingerprint: fingerprintOf(publicKey) };
}
