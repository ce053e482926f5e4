import type { X509Certificate } from "@peculiar/x509";
import type { SignerIdentity } from "../signer.ts";
import { x509 } from "../x509.ts";

/** Fulcio's OIDC issuer: DER text in version 2, bare text in version 1.
 *  Source: Fulcio, docs/oid-info.md. */
const issuerV2 = "1.3.6.1.4.1.57264.1.8";
const issuerV1 = "1.3.6.1.4.1.57264.1.1";

/** Whom a certificate of Fulcio's names, or null when it does not name exactly one. */
export function identityIn(
  certificate: string | Uint8Array,
): Extract<SignerIdentity, { kind: "identity" }> | null {
  try {
    const { SubjectAlternativeNameExtension, X509Certificate } = x509();
    const parsed = new X509Certificate(
      typeof certificate === "string" ? certificate : Buffer.from(certificate),
    );
    const names = parsed.getExtension(SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
    const [name, ...more] = names;
    const issuer = issuerOf(parsed);
    if (!name || more.length > 0 || (name.type !== "url" && name.type !== "email") || !issuer) return null;
    return { kind: "identity", subject: name.value, issuer };
  } catch {
    return null;
  }
}

function issuerOf(certificate: X509Certificate): string | null {
  const bare = certificate.getExtension(issuerV1);
  const wrapped = certificate.getExtension(issuerV2);
  if (!wrapped) return bare ? text(Buffer.from(bare.value)) : null;
  const der = Buffer.from(wrapped.value);
  // A UTF8String in the short or in the one long form of length that a URL can need.
  const start = der[1] === 0x81 ? 3 : 2;
  const length = der[1] === 0x81 ? der[2] : der[1];
  if (der[0] !== 0x0c || length !== der.length - start) return null;
  return text(der.subarray(start));
}

function text(bytes: Buffer): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}
