import type { KeyObject } from "node:crypto";
import { bundleFromJSON, bundleToJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import { canonicalJson } from "../core/digest.ts";
import { hintOf, statementMediaType } from "./sign.ts";
import { Statement } from "./statement.ts";

const bundleMediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";

export interface TrustedKey {
  key: KeyObject;
  fingerprint: string;
  /** The one region it may sign for; any, when left out. */
  region?: string;
}

/** Opens a bundle with one of the trusted keys, chosen by its hint; a key inside the bundle is never
 *  used. Sigstore's verifier looks at the signature only, so type and shape are checked here. */
export function openBundle(
  text: string,
  region: string,
  keys: readonly TrustedKey[],
): { statement: Statement; fingerprint: string } | { problem: string } {
  let signedBy: string | null = null;
  try {
    const bundle = bundleFromJSON(JSON.parse(text));
    if (canonicalJson(bundleToJSON(bundle)) !== canonicalJson(JSON.parse(text))) {
      return { problem: "the bundle holds more, or other, than a Sigstore bundle does" };
    }
    if (bundle.content.$case !== "dsseEnvelope") return { problem: "the bundle holds no DSSE envelope" };
    const { payloadType, payload, signatures } = bundle.content.dsseEnvelope;
    if (bundle.mediaType !== bundleMediaType)
      return { problem: `the bundle is of type ${JSON.stringify(bundle.mediaType)}` };
    if (payloadType !== statementMediaType)
      return { problem: `the signed payload is of type ${JSON.stringify(payloadType)}` };
    const material = toTrustMaterial(TrustedRoot.fromJSON({}), (hint) => {
      const trusted = keys.find(({ fingerprint }) => hintOf(fingerprint) === hint);
      if (!trusted) throw new Error("signed by a key that is not among the trusted ones");
      if (trusted.region && trusted.region !== region)
        throw new Error(`signed by the key of ${trusted.region}`);
      signedBy = trusted.fingerprint;
      return { publicKey: trusted.key, validFor: () => true };
    });
    new Verifier(material, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }).verify(
      toSignedEntity(bundle),
    );
    const statement = Statement.safeParse(JSON.parse(payload.toString("utf8")));
    if (!statement.success) return { problem: "the signed payload is no statement of Ringfence" };
    if (!signedBy || signatures[0]?.keyid !== hintOf(signedBy))
      return { problem: "the envelope names another key than the bundle" };
    return { statement: statement.data, fingerprint: signedBy };
  } catch (error) {
    return { problem: `its signature does not hold: ${(error as Error).message.split("\n")[0]}` };
  }
}
