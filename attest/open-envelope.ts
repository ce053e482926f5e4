import { bundleFromJSON, bundleToJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import type { z } from "zod";
import { canonicalJson } from "../core/digest.ts";
import { statementMediaType } from "./envelope.ts";
import { hintOf, type SignerIdentity } from "./signer.ts";
import type { Trust, TrustedSigner } from "./trust.ts";

const bundleMediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";

export interface Expected<T> {
  /** Whose word it must be: a region's id, or `judge`. */
  role: string;
  trust: Trust;
  schema: z.ZodType<T>;
  /** When the statement says that it was made. */
  timeOf(statement: T): string;
}

/** Opens a bundle with a key of the trust file, chosen by its hint; a key inside the bundle is never used.
 *  Sigstore's verifier looks at the signature only, so type, shape and time are checked here. */
export function openStatement<T>(
  text: string,
  { role, trust, schema, timeOf }: Expected<T>,
): { statement: T; who: SignerIdentity } | { problem: string } {
  let signedBy: TrustedSigner | null = null;
  try {
    const bundle = bundleFromJSON(JSON.parse(text));
    if (canonicalJson(bundleToJSON(bundle)) !== canonicalJson(JSON.parse(text)))
      return { problem: "the bundle holds more, or other, than a Sigstore bundle does" };
    if (bundle.content.$case !== "dsseEnvelope") return { problem: "the bundle holds no DSSE envelope" };
    const { payloadType, payload, signatures } = bundle.content.dsseEnvelope;
    if (bundle.mediaType !== bundleMediaType)
      return { problem: `the bundle is of type ${JSON.stringify(bundle.mediaType)}` };
    if (payloadType !== statementMediaType)
      return { problem: `the signed payload is of type ${JSON.stringify(payloadType)}` };
    const material = toTrustMaterial(TrustedRoot.fromJSON({}), (hint) => {
      signedBy = signerFor(hint, role, trust);
      return { publicKey: signedBy.key, validFor: () => true };
    });
    new Verifier(material, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }).verify(
      toSignedEntity(bundle),
    );
    const signer = signedBy as TrustedSigner | null;
    if (!signer || signatures[0]?.keyid !== hintOf(signer.fingerprint))
      return { problem: "the envelope names another key than the bundle" };
    const parsed = schema.safeParse(JSON.parse(payload.toString("utf8")));
    if (!parsed.success) return { problem: "the signed payload is not the statement that belongs here" };
    const outside = outsideWindow(signer, timeOf(parsed.data));
    if (outside) return { problem: outside };
    return { statement: parsed.data, who: { kind: "key", fingerprint: signer.fingerprint } };
  } catch (error) {
    return { problem: `its signature does not hold: ${(error as Error).message.split("\n")[0]}` };
  }
}

function signerFor(hint: string, role: string, { signers }: Trust): TrustedSigner {
  const known = signers.filter(({ fingerprint }) => hintOf(fingerprint) === hint);
  const signer = known.find(({ signs }) => signs === role);
  if (signer) return signer;
  if (known[0]) throw new Error(`signed by the key of ${known[0].signs}`);
  throw new Error("signed by a key that is not among the trusted ones");
}

function outsideWindow({ from, until }: TrustedSigner, at: string): string | null {
  const time = Date.parse(at);
  if (!Number.isFinite(time)) return `it says no time: ${JSON.stringify(at)}`;
  if (from && time < from.getTime())
    return `made ${at}, before its key may sign (from ${from.toISOString()})`;
  if (until && time >= until.getTime())
    return `made ${at}, after its key may sign (until ${until.toISOString()})`;
  return null;
}
