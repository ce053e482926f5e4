import "reflect-metadata";
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  webcrypto,
  X509Certificate,
} from "node:crypto";
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { BitString, fromBER, Null, ObjectIdentifier, Sequence } from "asn1js";

cryptoProvider.set(webcrypto as Crypto);

export type KeyKind = "rsa" | "rsa-1024" | "p256" | "p384" | "ed25519";

export interface Certified {
  pem: string;
  keyPem: string;
  name: string;
  sign: { key: CryptoKey; algorithm: EcdsaParams | Algorithm };
  publicKey: CryptoKey;
}

export interface CertificateOptions {
  name: string;
  by?: Certified;
  /** Another's key, in place of a new one. */
  keyOf?: Certified;
  kind?: KeyKind;
  from?: Date;
  until?: Date;
  ca?: boolean;
  pathLength?: number;
  /** Purposes, and whether they are critical; null: none at all. */
  purposes?: { names: string[]; critical: boolean } | null;
  /** What its key is for, in place of what suits it. */
  usage?: KeyUsageFlags;
  hash?: "SHA-1" | "SHA-256";
  more?: Extension[];
}

const dayMs = 86_400_000;
export const timeStamping = "1.3.6.1.5.5.7.3.8";
let serial = 1;

export async function aCertificate(options: CertificateOptions): Promise<Certified> {
  const { name, by, kind = "p256", ca = false, hash = "SHA-256" } = options;
  const pair = options.keyOf ? pairOf(options.keyOf) : keyPair(kind);
  const subtle = await imported(pair, kind, hash);
  const self = { sign: { key: subtle.privateKey, algorithm: subtle.algorithm } };
  const { usage = ca ? KeyUsageFlags.keyCertSign : KeyUsageFlags.digitalSignature } = options;
  const { purposes = ca ? null : { names: [timeStamping], critical: true } } = options;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: `0${(serial++).toString(16)}`.slice(-2).padStart(2, "0"),
    subject: `CN=${name}`,
    issuer: `CN=${by?.name ?? name}`,
    notBefore: options.from ?? new Date(Date.now() - dayMs),
    notAfter: options.until ?? new Date(Date.now() + 30 * dayMs),
    publicKey: subtle.publicKey,
    signingKey: (by ?? self).sign.key,
    signingAlgorithm: (by ?? self).sign.algorithm as EcdsaParams,
    extensions: [
      new BasicConstraintsExtension(ca, options.pathLength, true),
      new KeyUsagesExtension(usage, true),
      ...(purposes ? [new ExtendedKeyUsageExtension(purposes.names, purposes.critical)] : []),
      ...(options.more ?? []),
    ],
  });
  return {
    pem: `${certificate.toString("pem")}\n`,
    keyPem: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    name,
    publicKey: subtle.publicKey,
    ...self,
  };
}

/** A certificate, signed again by an RSA key in a way that only an old authority still would. */
export function resigned(
  certified: Certified,
  by: Certified,
  { algorithm, hash }: { algorithm: string; hash: string },
): Certified {
  const { result } = fromBER(Uint8Array.from(new X509Certificate(certified.pem).raw));
  const [content] = (result as Sequence).valueBlock.value as [Sequence];
  const named = () => new Sequence({ value: [new ObjectIdentifier({ value: algorithm }), new Null()] });
  content.valueBlock.value[2] = named();
  const signature = sign(hash, Buffer.from(content.toBER()), by.keyPem);
  const value = [content, named(), new BitString({ valueHex: Uint8Array.from(signature) })];
  const base64 = Buffer.from(new Sequence({ value }).toBER()).toString("base64");
  const lines = base64.replace(/.{64}/g, "$&\n").trimEnd();
  return {
    ...certified,
    pem: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}

function keyPair(kind: KeyKind): { publicKey: KeyObject; privateKey: KeyObject } {
  if (kind === "rsa") return generateKeyPairSync("rsa", { modulusLength: 2048 });
  if (kind === "rsa-1024") return generateKeyPairSync("rsa", { modulusLength: 1024 });
  if (kind === "ed25519") return generateKeyPairSync("ed25519");
  return generateKeyPairSync("ec", { namedCurve: kind === "p256" ? "P-256" : "P-384" });
}

function pairOf({ keyPem }: Certified): { publicKey: KeyObject; privateKey: KeyObject } {
  const privateKey = createPrivateKey(keyPem);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function algorithmOf(kind: KeyKind, hash: string): EcdsaParams | Algorithm {
  if (kind === "ed25519") return { name: "Ed25519" };
  if (kind.startsWith("rsa")) return { name: "RSASSA-PKCS1-v1_5", hash } as Algorithm;
  return { name: "ECDSA", namedCurve: kind === "p256" ? "P-256" : "P-384", hash } as EcdsaParams;
}

async function imported(pair: { publicKey: KeyObject; privateKey: KeyObject }, kind: KeyKind, hash: string) {
  const algorithm = algorithmOf(kind, hash);
  const [privateKey, publicKey] = await Promise.all([
    webcrypto.subtle.importKey(
      "pkcs8",
      Uint8Array.from(pair.privateKey.export({ type: "pkcs8", format: "der" })),
      algorithm,
      true,
      ["sign"],
    ),
    webcrypto.subtle.importKey(
      "spki",
      Uint8Array.from(pair.publicKey.export({ type: "spki", format: "der" })),
      algorithm,
      true,
      ["verify"],
    ),
  ]);
  return { privateKey: privateKey as CryptoKey, publicKey: publicKey as CryptoKey, algorithm };
}
