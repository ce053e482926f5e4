import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { keyFolder, openSigningKey, type SigningKey } from "../attest/keys.ts";
import { type EvidenceSigner, localSigner, type SignerIdentity } from "../attest/signer.ts";
import { judgeRole } from "../attest/trust.ts";
import { keysFolder } from "../reports/evidence.ts";
import type { RegionSigning, SignedJournal } from "./region-job.ts";

/** In the environment of a region's process: the key it signs with, where none of its own was declared. */
const keyVariable = "RINGFENCE_SIGNING_KEY";

/** Who signs a run, and what each region's process is told and given for it. */
export interface RunSigning {
  judge: EvidenceSigner;
  regions: Record<string, RegionSigning>;
  secrets: Record<string, Record<string, string>>;
  /** Public halves, by role. */
  publicPems: Record<string, string>;
}

/** Keys of this machine, made on first use: one for each region, one for the judge. */
export function localSigning(
  observers: readonly string[],
  { environment, folder = keyFolder() }: { environment: string; folder?: string },
): RunSigning {
  const open = (role: string) => openSigningKey(folder, { environment, role });
  const keys = new Map(observers.map((region) => [region, open(region)]));
  const judge = open(judgeRole);
  const byRegion = <T>(of: (key: SigningKey) => T) =>
    Object.fromEntries([...keys].map(([region, key]) => [region, of(key)]));
  return {
    judge: localSigner(judge),
    regions: byRegion(() => ({ signer: { key: `env:${keyVariable}` }, history: null })),
    secrets: byRegion(({ privateKey }) => ({
      [keyVariable]: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    })),
    publicPems: { ...byRegion(({ publicPem }) => publicPem), [judgeRole]: judge.publicPem },
  };
}

/** For convenience: the public keys, and a trust file over them. Trust comes from keys obtained elsewhere. */
export function writePublicKeys(directory: string, publicPems: Readonly<Record<string, string>>): void {
  const folder = join(directory, keysFolder);
  mkdirSync(folder, { recursive: true });
  const signers = Object.entries(publicPems).map(([signs, pem]) => {
    const key = `${signs}.pub.pem`;
    writeFileSync(join(folder, key), pem);
    return { signs, key };
  });
  writeFileSync(join(folder, "trust.yaml"), stringify({ format: 1, signers }));
}

/** Keeps what the regions signed: beside their journals, and by whom for the reports. */
export function signatureKeeper(directory: string, file: string) {
  const signers: Record<string, SignerIdentity> = {};
  return {
    signers,
    onSigned(region: string, { bundle, who }: SignedJournal): void {
      writeFileSync(join(directory, region, file), bundle);
      signers[region] = who;
    },
  };
}
