import type { HistoryPosition } from "../attest/observed-statement.ts";
import type { SignerIdentity } from "../attest/signer.ts";
import type { SignerReference, TimestampReference } from "../attest/signer-reference.ts";
import type { FromRegion, Job } from "../observer/job.ts";

/** How a region signs its journal, where it observed. */
export interface RegionSigning {
  signer: SignerReference;
  timestamps?: TimestampReference | undefined;
  history: HistoryPosition | null;
}

/** A region's job; without `signing` its journal stays unsigned, as in a drill. */
export type RegionJob = Job & { signing?: RegionSigning };

/** A region's word on its journal, and whose key it was. */
export interface SignedJournal {
  bundle: string;
  who: SignerIdentity;
  publicPem: string | null;
}

export type RegionMessage = FromRegion | ({ type: "signed" } & SignedJournal);
