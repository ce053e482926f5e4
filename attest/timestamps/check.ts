import { createHash, verify, type X509Certificate } from "node:crypto";
import type { Bundle } from "@sigstore/bundle";
import { Sequence } from "asn1js";
import { octetsOf, oidOf, partsOf, readAsn1, Wrong } from "./asn1.ts";
import { nameOf, readCertificates } from "./authority.ts";
import { pathProblem } from "./path.ts";
import { hashes, readToken, type Token } from "./token.ts";

export interface Timestamp {
  time: Date;
  /** The name in the certificate that signed. */
  authority: string;
}

/** OIDs of RFC 5652, section 11, RFC 2634 and RFC 5035. */
const contentType = "1.2.840.113549.1.9.3";
const messageDigest = "1.2.840.113549.1.9.4";
const signingCertificate = "1.2.840.113549.1.9.16.2.12";
const signingCertificateV2 = "1.2.840.113549.1.9.16.2.47";
const timestampInfo = Buffer.from("060b2a864886f70d0109100104", "hex");

/** Signature algorithm → its hash; null: the one that the signer names beside it. Source: RFC 3370, 5754. */
const algorithms: Readonly<Record<string, { key: "rsa" | "ec"; hash: string | null }>> = {
  "1.2.840.113549.1.1.1": { key: "rsa", hash: null },
  "1.2.840.113549.1.1.11": { key: "rsa", hash: "sha256" },
  "1.2.840.113549.1.1.12": { key: "rsa", hash: "sha384" },
  "1.2.840.113549.1.1.13": { key: "rsa", hash: "sha512" },
  "1.2.840.10045.4.3.2": { key: "ec", hash: "sha256" },
  "1.2.840.10045.4.3.3": { key: "ec", hash: "sha384" },
  "1.2.840.10045.4.3.4": { key: "ec", hash: "sha512" },
};

export const maximumAnswerBytes = 64 * 1024;

/** The earliest time that a bundle's timestamps prove. Every one must hold: a wrong one is no ornament. */
export function checkTimestamps(
  bundle: Bundle,
  authorities: readonly string[],
): Timestamp | { problem: string } {
  const { content, verificationMaterial } = bundle;
  const signature =
    content.$case === "dsseEnvelope"
      ? content.dsseEnvelope.signatures[0]?.sig
      : content.messageSignature.signature;
  const answers = verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? [];
  if (!signature || answers.length === 0) return { problem: "it carries no timestamp" };
  let earliest: Timestamp | null = null;
  for (const { signedTimestamp } of answers) {
    const checked = checkTimestamp(signedTimestamp, signature, authorities);
    if ("problem" in checked) return checked;
    if (earliest === null || checked.time < earliest.time) earliest = checked;
  }
  return earliest ?? { problem: "it carries no timestamp" };
}

/** Checks offline that a trusted authority saw a signature, and says when: whether that is too late is for the
 *  caller. `answer`: a TimeStampResp in DER, as bundles carry it. `authorities`: for each its root certificate,
 *  or any below it, in PEM; throws SIGNER_INVALID for what is none. Source: RFC 3161, RFC 5652, RFC 5816. */
export function checkTimestamp(
  answer: Uint8Array,
  signature: Uint8Array,
  authorities: readonly string[],
): Timestamp | { problem: string } {
  const trusted = authorities.flatMap(readCertificates);
  try {
    if (answer.length > maximumAnswerBytes) throw new Wrong("cannot be read");
    const token = readToken(answer);
    checkImprint(token, signature);
    const certificate = certificateOf(token, trusted);
    checkSignature(token, certificate);
    const problem = pathProblem(certificate, {
      offered: token.certificates,
      trusted,
      time: token.time,
    });
    if (problem) throw new Wrong(problem);
    return { time: token.time, authority: nameOf(certificate) };
  } catch (error) {
    return { problem: `its timestamp ${error instanceof Wrong ? error.message : "cannot be read"}` };
  }
}

function checkImprint({ imprint }: Token, signature: Uint8Array): void {
  const hash = hashes[imprint.hash];
  if (!hash) throw new Wrong(`is over a digest of another kind than SHA-2: ${imprint.hash}`);
  if (!digestOf(hash, signature).equals(imprint.digest)) throw new Wrong("is for another signature");
}

/** The certificate that the signed attributes name by its digest: nobody else's can stand in for it. SHA-1 serves
 *  where an authority still writes the older attribute, because it would take a second preimage. */
function certificateOf(
  { attributes, certificates }: Token,
  trusted: readonly X509Certificate[],
): X509Certificate {
  const named = [signingCertificateV2, signingCertificate].flatMap((type) => {
    const value = attributes.get(type);
    return value ? [namedBy(value, type === signingCertificateV2 ? "sha256" : "sha1")] : [];
  });
  if (named.length === 0) throw new Wrong("does not name its certificate");
  const found = [...certificates, ...trusted].find(({ raw }) =>
    named.every(({ hash, digest }) => digestOf(hash, raw).equals(digest)),
  );
  if (found) return found;
  throw new Wrong("names a certificate that is neither in it nor among the trusted");
}

/** The first ESSCertID is the signer's. Source: RFC 5035, sections 3 and 4. */
function namedBy(value: Buffer, usual: "sha1" | "sha256"): { hash: string; digest: Buffer } {
  const [first, ...more] = partsOf(partsOf(partsOf(readAsn1(value))[0])[0]);
  if (usual === "sha1" || !(first instanceof Sequence)) return { hash: usual, digest: octetsOf(first) };
  const hash = hashes[oidOf(partsOf(first)[0])];
  if (!hash) throw new Wrong("names its certificate by a digest of another kind than SHA-2");
  return { hash, digest: octetsOf(more[0]) };
}

function checkSignature(token: Token, certificate: X509Certificate): void {
  const hash = hashes[token.digestAlgorithm];
  const algorithm = algorithms[token.signatureAlgorithm];
  const key = certificate.publicKey;
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (!hash || !algorithm || algorithm.key !== key.asymmetricKeyType || (algorithm.hash ?? hash) !== hash)
    throw new Wrong(`is signed in a way that is not known here: ${token.signatureAlgorithm}`);
  if (algorithm.key === "rsa" && modulusLength < 2048)
    throw new Wrong("is signed with a key that is too short");
  if (!token.attributes.get(contentType)?.equals(timestampInfo))
    throw new Wrong("is signed as something else");
  const digest = token.attributes.get(messageDigest);
  if (!digest || !octetsOf(readAsn1(digest)).equals(digestOf(hash, token.content)))
    throw new Wrong("was altered: its content is not what was signed");
  if (!verify(hash, token.signedAttributes, key, token.signature))
    throw new Wrong("was altered: its signature does not hold");
}

function digestOf(hash: string, bytes: Uint8Array): Buffer {
  return createHash(hash).update(bytes).digest();
}
