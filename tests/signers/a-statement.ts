import { type Bundle, bundleFromJSON, bundleToJSON } from "@sigstore/bundle";
import { seal } from "../../attest/envelope.ts";
import type { EvidenceSigner } from "../../attest/signer.ts";

export const statement = JSON.stringify({
  _type: "https://in-toto.io/Statement/v1",
  subject: [],
  predicate: {},
});

/** A bundle as it stands in a file, over a small statement. */
export async function aBundle(signer: EvidenceSigner, data = statement): Promise<Bundle> {
  return bundleFromJSON(JSON.parse(await seal(JSON.parse(data), signer)));
}

/** The same bundle with something changed in its JSON. */
export function altered(bundle: Bundle, change: (json: AlterableBundle) => void): Bundle {
  const copy = JSON.parse(JSON.stringify(bundleToJSON(bundle))) as AlterableBundle;
  change(copy);
  return bundleFromJSON(copy);
}

export interface AlterableBundle {
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string; keyid: string }[] };
  verificationMaterial: {
    certificate?: { rawBytes: string };
    publicKey?: { hint: string };
    tlogEntries: Record<string, unknown>[];
  };
}
