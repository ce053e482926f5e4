import { X509Certificate } from "node:crypto";
import { Boolean as Asn1Boolean, Set as Asn1Set, type BaseBlock, Integer, Sequence } from "asn1js";
import { octetsOf, oidOf, partsOf, rawOf, readAsn1, tagged, Wrong } from "./asn1.ts";

/** OIDs of RFC 5652, RFC 3161, RFC 5035 and NIST's register of algorithms. */
const signedData = "1.2.840.113549.1.7.2";
const timestampInfo = "1.2.840.113549.1.9.16.1.4";
export const hashes: Readonly<Record<string, "sha256" | "sha384" | "sha512">> = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

/** What an authority answered, taken apart and not yet believed. */
export interface Token {
  /** What it signed, as bytes and as read from them. */
  content: Buffer;
  imprint: { hash: string; digest: Buffer };
  time: Date;
  nonce: Buffer | null;
  /** In the form that the signature is over. */
  signedAttributes: Buffer;
  /** OID → the raw value. */
  attributes: ReadonlyMap<string, Buffer>;
  digestAlgorithm: string;
  signatureAlgorithm: string;
  signature: Buffer;
  certificates: X509Certificate[];
}

const refusals = [
  "granted",
  "granted with changes",
  "rejection",
  "waiting",
  "revocation warning",
  "revocation",
];

/** Reads a TimeStampResp. Throws Wrong, or whatever malformed bytes make the reader throw.
 *  Source: RFC 3161, section 2.4.2; RFC 5652, section 5. */
export function readToken(answer: Uint8Array): Token {
  const [status, token] = partsOf(readAsn1(answer));
  const code = numberOf(partsOf(status)[0]);
  if (code > 1) throw new Wrong(`was refused by the authority: ${refusals[code] ?? `status ${code}`}`);
  const [type, wrapped] = partsOf(token);
  if (oidOf(type) !== signedData) throw new Wrong("is not signed");
  const [, , encapsulated, ...rest] = partsOf(partsOf(wrapped)[0]);
  const [contentType, contentHolder] = partsOf(encapsulated);
  if (oidOf(contentType) !== timestampInfo) throw new Wrong("says no time");
  const content = octetsOf(partsOf(contentHolder)[0]);
  const signers = rest.at(-1);
  const [signer, ...more] = signers instanceof Asn1Set ? partsOf(signers) : [];
  if (!signer || more.length > 0) throw new Wrong("has not exactly one signature");
  const certificates = tagged(rest, 0);
  return {
    content,
    ...readInfo(content),
    ...readSigner(signer),
    certificates: (certificates ? partsOf(certificates) : []).flatMap((one) =>
      one instanceof Sequence ? [new X509Certificate(rawOf(one))] : [],
    ),
  };
}

/** Source: RFC 3161, TSTInfo. */
function readInfo(content: Buffer): Pick<Token, "imprint" | "time" | "nonce"> {
  const [version, , imprint, , time, ...optional] = partsOf(readAsn1(content));
  if (numberOf(version) !== 1) throw new Wrong("is of another version than 1");
  const [algorithm, digest] = partsOf(imprint);
  const extensions = tagged(optional, 1);
  if (extensions && partsOf(extensions).some((one) => isCritical(one)))
    throw new Wrong("has a critical extension that is not known");
  const nonce = optional.find((one) => one instanceof Integer);
  return {
    imprint: { hash: oidOf(partsOf(algorithm)[0]), digest: octetsOf(digest) },
    time: timeOf(time),
    nonce: nonce ? Buffer.from(nonce.valueBlock.valueHexView) : null,
  };
}

function readSigner(
  signer: BaseBlock,
): Pick<Token, "signedAttributes" | "attributes" | "digestAlgorithm" | "signatureAlgorithm" | "signature"> {
  const [, , digestAlgorithm, attributes, signatureAlgorithm, signature] = partsOf(signer);
  if (!attributes || tagged([attributes], 0) === undefined) throw new Wrong("has no signed attributes");
  const named = partsOf(attributes).map((one): [string, Buffer] => {
    const [type, values] = partsOf(one);
    const [value, ...more] = partsOf(values);
    if (more.length > 0) throw new Wrong("has an attribute with two values");
    return [oidOf(type), rawOf(value)];
  });
  if (new Set(named.map(([type]) => type)).size !== named.length) throw new Wrong("has an attribute twice");
  // Signed as a SET, sent as [0]. Source: RFC 5652, section 5.4.
  const signedAttributes = rawOf(attributes);
  signedAttributes[0] = 0x31;
  return {
    signedAttributes,
    attributes: new Map(named),
    digestAlgorithm: oidOf(partsOf(digestAlgorithm)[0]),
    signatureAlgorithm: oidOf(partsOf(signatureAlgorithm)[0]),
    signature: octetsOf(signature),
  };
}

function isCritical(extension: BaseBlock): boolean {
  return partsOf(extension).some((part) => part instanceof Asn1Boolean && part.getValue());
}

function numberOf(node: BaseBlock | undefined): number {
  if (node instanceof Integer) return node.valueBlock.valueDec;
  throw new Wrong("cannot be read");
}

/** GeneralizedTime in UTC; read here, because a local time would be read as this machine's. */
function timeOf(node: BaseBlock | undefined): Date {
  const raw = rawOf(node);
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{1,9})?Z$/.exec(
    raw.subarray(2).toString("latin1"),
  );
  if (raw[0] !== 0x18 || !match) throw new Wrong("says no time");
  const [, year, month, day, hour, minute, second, fraction = ""] = match;
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.slice(0, 4)}Z`);
  if (Number.isNaN(time.getTime())) throw new Wrong("says no time");
  return time;
}
