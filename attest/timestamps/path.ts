import type { X509Certificate } from "node:crypto";
import { x509 } from "../x509.ts";
import { nameOf } from "./authority.ts";

/** OIDs of RFC 5280, section 4.2: two purposes, and the critical extensions that the checks below understand. */
const timeStamping = "1.3.6.1.5.5.7.3.8";
const anyPurpose = "2.5.29.37.0";
const understood = ["2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.32", "2.5.29.37"];
const soundHashes = ["SHA-256", "SHA-384", "SHA-512"];
/** As the library calls the signatures of RFC 8410. */
const hashless = ["Ed25519", "EdDSA"];
const longestPath = 6;

/** Null when a path of certificates leads from the authority's own to a trusted one, each good for that end and
 *  valid at that time; else the first thing wrong. Revocation is not asked for: this is offline.
 *  Source: RFC 3161, section 2.3; RFC 5280, section 6. */
export function pathProblem(
  signer: X509Certificate,
  {
    offered,
    trusted,
    time,
  }: { offered: readonly X509Certificate[]; trusted: readonly X509Certificate[]; time: Date },
): string | null {
  const isTrusted = (one: X509Certificate) => trusted.some(({ raw }) => raw.equals(one.raw));
  const wrong = signerProblem(signer) ?? problemOf(signer, { time, trusted: isTrusted(signer) });
  if (wrong) return wrong;
  let problem: string | null = null;
  const seen = new Set([signer.fingerprint256]);
  let ends = [signer];
  // By length, each certificate once: a heap of certificates that all issue each other is no way to keep us busy.
  for (let depth = 0; depth < longestPath && ends.length > 0; depth++) {
    if (ends.some(isTrusted)) return null;
    const next: X509Certificate[] = [];
    for (const issuer of [...trusted, ...offered]) {
      if (seen.has(issuer.fingerprint256) || !ends.some((end) => issued(issuer, end))) continue;
      seen.add(issuer.fingerprint256);
      const bad = problemOf(issuer, { time, trusted: isTrusted(issuer) }) ?? issuerProblem(issuer, depth);
      if (bad) problem ??= bad;
      else next.push(issuer);
    }
    ends = next;
  }
  return problem ?? `is from an authority that is not trusted: ${nameOf(signer)}`;
}

/** One purpose, and critical; and where its use is limited, to signatures. */
function signerProblem(signer: X509Certificate): string | null {
  const { ExtendedKeyUsageExtension, KeyUsageFlags, KeyUsagesExtension, X509Certificate } = x509();
  const parsed = new X509Certificate(signer.raw);
  const purpose = parsed.getExtension(ExtendedKeyUsageExtension);
  const usage = parsed.getExtension(KeyUsagesExtension)?.usages ?? KeyUsageFlags.digitalSignature;
  const only = purpose?.critical === true && purpose.usages.map(String).join() === timeStamping;
  const signs = (usage & (KeyUsageFlags.digitalSignature | KeyUsageFlags.nonRepudiation)) !== 0;
  return only && signs && !signer.ca ? null : failing(signer, "is not for timestamps, and for them only");
}

function problemOf(
  certificate: X509Certificate,
  { time, trusted }: { time: Date; trusted: boolean },
): string | null {
  if (time < certificate.validFromDate || time > certificate.validToDate)
    return failing(certificate, `was not valid at ${time.toISOString()}`);
  const parsed = new (x509().X509Certificate)(certificate.raw);
  const strange = parsed.extensions.find(({ critical, type }) => critical && !understood.includes(type));
  if (strange) return failing(certificate, `has a critical extension that is not known: ${strange.type}`);
  // The signature on a trusted certificate counts for nothing, so it may be old.
  if (trusted) return null;
  const { name, hash } = parsed.signatureAlgorithm as { name: string; hash?: { name?: string } };
  if (hash && !soundHashes.includes(hash.name ?? ""))
    return failing(certificate, `is signed over ${hash.name}, which can be forged`);
  // What the library does not know has no hash, such as MD5.
  if (!hash && !hashless.includes(name))
    return failing(certificate, `is signed in a way that is not known here: ${name}`);
  return null;
}

/** `between`: how many certificates stand between this one and the signer's. */
function issuerProblem(issuer: X509Certificate, between: number): string | null {
  const { BasicConstraintsExtension, ExtendedKeyUsageExtension, X509Certificate } = x509();
  const parsed = new X509Certificate(issuer.raw);
  const longest = parsed.getExtension(BasicConstraintsExtension)?.pathLength;
  const purposes = parsed.getExtension(ExtendedKeyUsageExtension)?.usages.map(String);
  const barred = purposes && !purposes.includes(timeStamping) && !purposes.includes(anyPurpose);
  const tooFar = longest !== undefined && between > longest;
  return issuer.ca && !barred && !tooFar ? null : failing(issuer, "may not vouch for the one below it");
}

function issued(issuer: X509Certificate, subject: X509Certificate): boolean {
  try {
    return subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function failing(certificate: X509Certificate, how: string): string {
  return `rests on the certificate of ${nameOf(certificate)}, which ${how}`;
}
