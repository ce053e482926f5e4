import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { RingfenceError } from "../core/errors.ts";
import { outside, RegionId } from "../core/residency-map.ts";
import { readYamlFile, type YamlKind, yamlProblem } from "../files/yaml-file.ts";
import { SignerReference, type TimestampReference } from "./signer-reference.ts";

/** `signers.yaml`: who signs the verdicts here, and each region's journal where it is observed. */
export const SignersFile = z.strictObject({
  format: z.literal(1),
  judge: SignerReference,
  regions: z.record(RegionId.or(z.literal(outside)), SignerReference),
  timestamps: z
    .strictObject({
      url: z.url().describe("Of a time-stamping authority (RFC 3161)"),
      certificates: z
        .string()
        .describe("A file beside this one: its root certificate, or any below it, in PEM"),
    })
    .optional(),
});
export type SignersFile = z.infer<typeof SignersFile>;

const signersFile = {
  schema: SignersFile,
  code: "SIGNER_INVALID",
  wrong: "does not say who signs",
  fix: "correct the file; docs/signing.md explains every key",
} as const satisfies YamlKind<SignersFile>;

/** Throws SIGNER_INVALID: what is wrong with the file, or which observer has no signer in it. The authority's
 *  certificates are read, so that they can be handed into a region. */
export function readSigners(
  file: string,
  observers: readonly string[],
): Omit<SignersFile, "timestamps"> & { timestamps?: TimestampReference } {
  const { value } = readYamlFile(file, signersFile);
  const missing = observers.filter((region) => !(region in value.regions));
  if (missing.length > 0) {
    throw new RingfenceError("SIGNER_INVALID", `${file} names no signer for ${missing.join(", ")}`, {
      fix: "add it under `regions`: whatever observes has to sign its journal",
    });
  }
  const { timestamps, ...signers } = value;
  return timestamps
    ? { ...signers, timestamps: { ...timestamps, certificates: read(timestamps.certificates) } }
    : signers;

  function read(name: string): string {
    try {
      return readFileSync(resolve(dirname(file), name), "utf8");
    } catch (cause) {
      throw yamlProblem(file, signersFile, `${name} cannot be read`, cause);
    }
  }
}
