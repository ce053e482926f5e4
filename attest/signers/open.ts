import { type KeyObject, X509Certificate } from "node:crypto";
import type { Bundle } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { type SignedEntity, toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import { RingfenceError } from "../../core/errors.ts";
import { hintOf, type SignerIdentity } from "../signer.ts";
import { identityIn } from "./identity.ts";

/** Of the extended key usage. Source: RFC 5280, section 4.2.1.12. */
const codeSigning = "1.3.6.1.5.5.7.3.3";

export type Opened<Who extends SignerIdentity["kind"]> =
  | { who: Extract<SignerIdentity, { kind: Who }> }
  | { problem: string };

/** Checks the signature of a bundle with one of the given keys, chosen by its hint. Not the payload's type or
 *  shape, and no timestamp. */
export function openKeyed(
  bundle: Bundle,
  keys: readonly { key: KeyObject; fingerprint: string }[],
): Opened<"key"> {
  if (bundle.verificationMaterial.content.$case !== "publicKey")
    return { problem: "it was not signed by a key" };
  const { hint } = bundle.verificationMaterial.content.publicKey;
  const trusted = keys.find(({ fingerprint }) => hintOf(fingerprint) === hint);
  if (!trusted) return { problem: "signed by a key that is not among the trusted ones" };
  if (keyIdOf(bundle) !== "") return { problem: "the envelope names a key of its own" };
  const material = toTrustMaterial(TrustedRoot.fromJSON({}), () => ({
    publicKey: trusted.key,
    validFor: () => true,
  }));
  const thresholds = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 };
  try {
    new Verifier(material, thresholds).verify(entityOf(bundle));
    return { who: { kind: "key", fingerprint: trusted.fingerprint } };
  } catch (error) {
    return { problem: reasonOf(error) };
  }
}

/** Checks that a bundle was signed by one identity, with a certificate that Sigstore's authority issued and its
 *  log saw while it was valid. Offline: `trustedRoot` holds their keys. The payload is not looked at. */
export function openKeyless(
  bundle: Bundle,
  { trustedRoot, subject, issuer }: { trustedRoot: TrustedRoot; subject: string; issuer: string },
): Opened<"identity"> {
  const { content } = bundle.verificationMaterial;
  if (content.$case !== "certificate")
    return { problem: "it was not signed with the certificate of an identity" };
  if (keyIdOf(bundle) !== "") return { problem: "the envelope names a key, and the bundle an identity" };
  const material = toTrustMaterial(trustedRoot);
  const thresholds = { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 };
  try {
    new Verifier(material, thresholds).verify(entityOf(bundle));
  } catch (error) {
    return { problem: reasonOf(error) };
  }
  const certificate = new X509Certificate(content.certificate.rawBytes);
  // Not looked at by Sigstore's verifier: an authority may issue for other ends, too.
  if (certificate.ca || !certificate.keyUsage?.includes(codeSigning))
    return { problem: "its certificate is not for signing code" };
  const who = identityIn(content.certificate.rawBytes);
  if (!who) return { problem: "its certificate names no identity" };
  // Compared here and whole: Sigstore's own policy takes the subject for a pattern.
  if (who.subject !== subject || who.issuer !== issuer)
    return {
      problem: `signed by ${JSON.stringify(who.subject)}, whom ${JSON.stringify(who.issuer)} vouches for; expected ${JSON.stringify(subject)} by ${JSON.stringify(issuer)}`,
    };
  return { who };
}

/** Sigstore's trusted root, as `cosign trusted-root create` or a private Sigstore's operator writes it. */
export function parseTrustedRoot(text: string): TrustedRoot {
  try {
    const root = TrustedRoot.fromJSON(JSON.parse(text));
    toTrustMaterial(root);
    if (root.certificateAuthorities.length > 0 && root.tlogs.length > 0 && root.ctlogs.length > 0)
      return root;
  } catch {
    // Refused below.
  }
  throw new RingfenceError("SIGNER_INVALID", "the trusted root names no authority, or no log", {
    fix: "write it with `cosign trusted-root create`, with Fulcio's, Rekor's and the CT log's keys",
  });
}

/** Not signed over, so it could say anything. */
function keyIdOf({ content }: Bundle): string | undefined {
  return content.$case === "dsseEnvelope" ? content.dsseEnvelope.signatures[0]?.keyid : undefined;
}

/** Without RFC 3161 timestamps: Sigstore's verifier knows its own authorities only and would throw; ours are
 *  checked by `checkTimestamps`. */
function entityOf(bundle: Bundle): SignedEntity {
  const { timestampVerificationData: _, ...verificationMaterial } = bundle.verificationMaterial;
  return toSignedEntity({
    ...bundle,
    verificationMaterial: { ...verificationMaterial, timestampVerificationData: undefined },
  });
}

/** By the codes of Sigstore's errors. */
const reasons: Readonly<Record<string, string>> = {
  SIGNATURE_ERROR: "its signature does not hold",
  TIMESTAMP_ERROR: "no log says when it was signed",
  TLOG_ERROR: "no trusted log holds it",
  TLOG_BODY_ERROR: "the log's entry is of another signature",
  TLOG_INCLUSION_PROMISE_ERROR: "no trusted log holds it",
  TLOG_INCLUSION_PROOF_ERROR: "no trusted log holds it",
  TLOG_MISSING_INCLUSION_ERROR: "no trusted log holds it",
};

function reasonOf(error: unknown): string {
  const { code = "", message = "", cause } = error as { code?: string; message?: string; cause?: Error };
  if (code !== "CERTIFICATE_ERROR") return reasons[code] ?? "its signature cannot be read";
  if (cause?.message.includes("expired"))
    return "its certificate was not valid when the log saw the signature";
  return message.includes("SCT")
    ? "its certificate is in no trusted log of certificates"
    : "its certificate is from no authority that is trusted";
}
