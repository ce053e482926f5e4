import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export interface Certificate {
  cert: string;
  key: string;
}

export interface Authority {
  ca: string;
  /** Its private key, for a server that issues certificates by itself. */
  key: string;
  /** A server certificate for these names. */
  issue(names: readonly string[]): Promise<Certificate>;
}

/** A certificate authority for one replica: made at boot, gone with it. */
export async function createAuthority(): Promise<Authority> {
  x509.cryptoProvider.set(webcrypto as unknown as Crypto);
  const keys = await newKeys();
  const notBefore = new Date(Date.now() - 86_400_000);
  const notAfter = new Date(Date.now() + 30 * 86_400_000);
  const name = "CN=Ringfence replica authority";
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  return {
    ca: root.toString("pem"),
    key: await pemOf(keys),
    async issue(names) {
      const leaf = await newKeys();
      const cert = await x509.X509CertificateGenerator.create({
        subject: `CN=${names[0]}`,
        issuer: name,
        notBefore,
        notAfter,
        publicKey: leaf.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [
          new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns" as const, value }))),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        ],
      });
      return { cert: cert.toString("pem"), key: await pemOf(leaf) };
    },
  };
}

type Keys = Required<x509.X509CertificateCreateSelfSignedParams>["keys"];

async function pemOf({ privateKey }: Keys): Promise<string> {
  const der = await webcrypto.subtle.exportKey("pkcs8", privateKey as webcrypto.CryptoKey);
  return x509.PemConverter.encode(Buffer.from(der), "PRIVATE KEY");
}

async function newKeys(): Promise<Keys> {
  return (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as unknown as Keys;
}
