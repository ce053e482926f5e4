import type { SerializedBundle } from "@sigstore/bundle";
import type { EvidenceSigner } from "./signer.ts";

export const statementMediaType = "application/vnd.in-toto+json";

/** A Sigstore bundle v0.3 with one DSSE envelope over the statement. */
export async function seal(statement: unknown, { signer, witnesses }: EvidenceSigner): Promise<string> {
  // Loaded here: a region's process has better to do while it starts.
  const { bundleToJSON, toDSSEBundle } = await import("@sigstore/bundle");
  const artifact = Buffer.from(JSON.stringify(statement));
  const { signature, key } = await signer.sign(preAuthenticationEncoding(artifact));
  const bundle = toDSSEBundle({
    artifact,
    artifactType: statementMediaType,
    signature,
    ...(key.$case === "publicKey"
      ? { keyHint: key.hint ?? "" }
      : { certificate: derOf(key.certificate), certificateChain: false }),
  });
  // As cosign writes it: one that is not its own kind of fingerprint would make cosign skip the signature.
  const [signed] = bundle.content.dsseEnvelope.signatures;
  if (signed) signed.keyid = "";
  const publicKey = key.$case === "publicKey" ? key.publicKey : key.certificate;
  for (const witness of witnesses) {
    const { tlogEntries = [], rfc3161Timestamps = [] } = await witness.testify(bundle.content, publicKey);
    const material = bundle.verificationMaterial;
    material.tlogEntries.push(...tlogEntries);
    const before = material.timestampVerificationData?.rfc3161Timestamps ?? [];
    if (rfc3161Timestamps.length > 0)
      material.timestampVerificationData = { rfc3161Timestamps: [...before, ...rfc3161Timestamps] };
  }
  return bundleText(bundleToJSON(bundle));
}

/** A bundle has one text only: no signature covers its spaces, or a key that stands in it twice. */
export function bundleText(bundle: SerializedBundle): string {
  return `${JSON.stringify(bundle, null, 2)}\n`;
}

/** What a DSSE signature is over. Source: DSSE v1, "Signature Definition". */
export function preAuthenticationEncoding(payload: Buffer, type = statementMediaType): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `),
    payload,
  ]);
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
}
