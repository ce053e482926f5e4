import { z } from "zod";
import { RingfenceError } from "../core/errors.ts";
import { RegionId } from "../core/residency-map.ts";
import { readYamlFile, type YamlKind } from "../files/yaml-file.ts";
import { SignerReference } from "./signer-reference.ts";

/** `signers.yaml`: who signs the verdicts here, and each region's journal where it is observed. */
export const SignersFile = z.strictObject({
  format: z.literal(1),
  judge: SignerReference,
  regions: z.record(RegionId.or(z.literal("outside")), SignerReference),
});
export type SignersFile = z.infer<typeof SignersFile>;

const signersFile = {
  schema: SignersFile,
  code: "SIGNERS_INVALID",
  wrong: "does not say who signs",
  fix: "correct the file; docs/verify-evidence.md explains every key",
} as const satisfies YamlKind<SignersFile>;

/** Throws SIGNERS_INVALID: what is wrong with the file, or which observer has no signer in it. */
export function readSigners(file: string, observers: readonly string[]): SignersFile {
  const { value } = readYamlFile(file, signersFile);
  const missing = observers.filter((region) => !(region in value.regions));
  if (missing.length > 0) {
    throw new RingfenceError("SIGNERS_INVALID", `${file} names no signer for ${missing.join(", ")}`, {
      fix: "add it under `regions`: whatever observes has to sign its journal",
    });
  }
  return value;
}
