import { type Bundle, bundleFromJSON, bundleToJSON } from "@sigstore/bundle";
import { DSSEBundleBuilder } from "@sigstore/sign";
import type { EvidenceSigner } from "../../reports/signers/signer.ts";

export const statement = JSON.stringify({
  _type: "https://in-toto.io/Statement/v1",
  subject: [],
  predicate: {},
});

/** A bundle as it stands in a file, over a small statement. */
export async function aBundle({ signer, witnesses }: EvidenceSigner, data = statement): Promise<Bundle> {
  const builder = new DSSEBundleBuilder({ signer, witnesses: [...witnesses] });
  const bundle = await builder.create({ data: Buffer.from(data), type: "application/vnd.in-toto+json" });
  return bundleFromJSON(JSON.parse(JSON.stringify(bundleToJSON(bundle))));
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
