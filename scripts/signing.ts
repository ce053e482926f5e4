import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { keyFolder, openSigningKey, type SigningKey } from "../attest/keys.ts";
import { type EvidenceSigner, localSigner, type SignerIdentity } from "../attest/signer.ts";
import { openSigner } from "../attest/signer-reference.ts";
import { readSigners } from "../attest/signers-file.ts";
import { judgeRole } from "../attest/trust.ts";
import { RingfenceError } from "../core/errors.ts";
import type { Journal } from "../core/journal.ts";
import { keysFolder, observedBundleName } from "../reports/evidence.ts";
import type { RegionSigning, SignedJournal } from "./region-job.ts";

/** In the environment of a region's process: the key it signs with, where none of its own was declared. */
const keyVariable = "RINGFENCE_SIGNING_KEY";

/** Who signs a run, and what each region's process is told and given for it. */
export interface RunSigning {
  judge: EvidenceSigner;
  regions: Record<string, RegionSigning>;
  secrets: Record<string, Record<string, string>>;
}

/** Keys of this machine, made on first use: one for each region, one for the judge. */
export function localSigning(
  observers: readonly string[],
  { environment, folder = keyFolder() }: { environment: string; folder?: string },
): RunSigning {
  const open = (role: string) => openSigningKey(folder, { environment, role });
  const pemOf = ({ privateKey }: SigningKey) =>
    privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return {
    judge: localSigner(open(judgeRole)),
    regions: Object.fromEntries(
      observers.map((region) => [region, { signer: { key: `env:${keyVariable}` }, history: null }]),
    ),
    secrets: Object.fromEntries(observers.map((region) => [region, { [keyVariable]: pemOf(open(region)) }])),
  };
}

/** Signers that a file declares. A region's is opened in the region: what it names is there, and not here. */
export async function declaredSigning(file: string, observers: readonly string[]): Promise<RunSigning> {
  const { judge, regions, timestamps } = readSigners(file, observers);
  return {
    judge: await openSigner(judge, { timestamps }),
    regions: Object.fromEntries(
      Object.entries(regions).map(([region, signer]) => [region, { signer, timestamps, history: null }]),
    ),
    secrets: {},
  };
}

/** Keeps what the regions signed, beside their journals, and what is known of who did. */
export class SignatureKeeper {
  readonly #directory: string;
  readonly signers: Record<string, SignerIdentity> = {};
  readonly #publicPems: Record<string, string> = {};

  constructor(directory: string) {
    this.#directory = directory;
  }

  keep(region: string, { bundle, who, publicPem }: SignedJournal): void {
    writeFileSync(join(this.#directory, region, observedBundleName), bundle);
    this.signers[region] = who;
    if (publicPem) this.#publicPems[region] = publicPem;
  }

  /** A region that finished its journal has to sign it, or nobody can tell afterwards whose word it is. Throws
   *  SIGNING_FAILED. */
  requireAll(journals: readonly Journal[]): void {
    const unsigned = journals
      .filter(({ entries, region }) => entries.at(-1)?.type === "run-finished" && !this.signers[region])
      .map(({ region }) => region);
    if (unsigned.length === 0) return;
    throw new RingfenceError(
      "SIGNING_FAILED",
      `${unsigned.join(", ")} could not sign what was observed there`,
      { fix: "see above why; the journals are kept, and nothing was published" },
    );
  }

  /** For convenience: the public keys, and a trust file over them. Trust comes from keys obtained elsewhere. */
  writePublicKeys(judge: EvidenceSigner): void {
    const folder = join(this.#directory, keysFolder);
    mkdirSync(folder, { recursive: true });
    const pems = { ...this.#publicPems, ...(judge.publicPem ? { [judgeRole]: judge.publicPem } : {}) };
    const signers = Object.entries(pems).map(([signs, pem]) => {
      const key = `${signs}.pub.pem`;
      writeFileSync(join(folder, key), pem);
      return { signs, key };
    });
    writeFileSync(join(folder, "trust.yaml"), stringify({ format: 1, signers }));
  }
}
