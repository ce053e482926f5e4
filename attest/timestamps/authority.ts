import { X509Certificate } from "node:crypto";
import { RingfenceError } from "../../core/errors.ts";

/** The certificates of a time-stamping authority that somebody trusts, from PEM: its root, or any certificate
 *  below it. Throws SIGNER_INVALID. */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch {
    // Refused below.
  }
  throw new RingfenceError(
    "SIGNER_INVALID",
    "a time-stamping authority's certificates are no certificates in PEM",
    {
      fix: "write the authority's root certificate, as its operator publishes it",
    },
  );
}

/** The one line by which people know a certificate. */
export function nameOf(certificate: X509Certificate): string {
  const parts = certificate.subject.split("\n");
  const common = parts.find((part) => part.startsWith("CN="))?.slice(3);
  return (common ?? parts.join(", ")).replace(/[\p{Cc}\p{Cf}]/gu, "");
}
