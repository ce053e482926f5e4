import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { SignatureBundle } from "@sigstore/sign";
import {
  Boolean as Asn1Boolean,
  Constructed,
  GeneralizedTime,
  Integer,
  Null,
  ObjectIdentifier,
  OctetString,
  Sequence,
} from "asn1js";
import { timestampWitness } from "../../attest/timestamps/witness.ts";
import type { Loopback } from "../loopback.ts";
import type { Certified } from "./a-certificate.ts";

const openssl = promisify(execFile);

export interface AuthorityOptions {
  signer: Certified;
  /** Sent beside the signer's own. */
  chain?: readonly Certified[];
  /** Lines of OpenSSL's configuration that differ. */
  settings?: Readonly<Record<string, string>>;
}

/** Answers a query as `openssl ts` does. */
export async function reply(
  query: Buffer,
  { signer, chain = [], settings = {} }: AuthorityOptions,
): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-tsa-"));
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  try {
    const all = {
      serial: file("serial", "01\n"),
      default_policy: "1.2.3.4.1",
      digests: "sha256, sha384, sha512",
      ess_cert_id_alg: "sha256",
      signer_digest: "sha256",
      ...settings,
    };
    const lines = Object.entries(all).map(([key, value]) => `${key} = ${value}`);
    const configuration = file("ts.conf", `[tsa]\ndefault_tsa = one\n[one]\n${lines.join("\n")}\n`);
    const out = join(folder, "answer.tsr");
    const args = ["-config", configuration, "-queryfile", file("query.tsq", query), "-out", out];
    const signing = ["-signer", file("signer.pem", signer.pem), "-inkey", file("signer.key", signer.keyPem)];
    const more = chain.length > 0 ? ["-chain", file("chain.pem", chain.map(({ pem }) => pem).join(""))] : [];
    await openssl("openssl", ["ts", "-reply", ...args, ...signing, ...more], { timeout: 20_000 });
    return readFileSync(out);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A token that OpenSSL's authority would not make: any time, any certificate. */
export async function aToken(
  signature: Uint8Array,
  {
    signer,
    time,
    withCertificate = true,
    type: contentType = "1.2.840.113549.1.9.16.1.4",
    version = 1,
    withCritical = false,
    second,
  }: {
    signer: Certified;
    time?: Date;
    withCertificate?: boolean;
    type?: string;
    version?: number;
    /** With an extension that whoever does not know it may not pass over. */
    withCritical?: boolean;
    /** Who signs it as well. */
    second?: Certified;
  },
): Promise<Buffer> {
  const digest = createHash("sha256").update(signature).digest();
  const sha256 = new Sequence({
    value: [new ObjectIdentifier({ value: "2.16.840.1.101.3.4.2.1" }), new Null()],
  });
  const critical = new Sequence({
    value: [
      new ObjectIdentifier({ value: "1.2.3.4.5" }),
      new Asn1Boolean({ value: true }),
      new OctetString({ valueHex: Uint8Array.of(5, 0) }),
    ],
  });
  const info = new Sequence({
    value: [
      new Integer({ value: version }),
      new ObjectIdentifier({ value: "1.2.3.4.1" }),
      new Sequence({ value: [sha256, new OctetString({ valueHex: Uint8Array.from(digest) })] }),
      new Integer({ value: 7 }),
      new GeneralizedTime({ valueDate: time ?? new Date() }),
      ...(withCritical
        ? [new Constructed({ idBlock: { tagClass: 3, tagNumber: 1 }, value: [critical] })]
        : []),
    ],
  });
  const folder = mkdtempSync(join(tmpdir(), "ringfence-tsa-"));
  try {
    const [content, out] = [join(folder, "info"), join(folder, "token")];
    writeFileSync(content, Buffer.from(info.toBER()));
    const named = [signer, ...(second ? [second] : [])].flatMap(({ pem, keyPem }, index) => {
      const [certificate, key] = [join(folder, `${index}.pem`), join(folder, `${index}.key`)];
      writeFileSync(certificate, pem);
      writeFileSync(key, keyPem);
      return ["-signer", certificate, "-inkey", key];
    });
    const type = ["-econtent_type", contentType, "-cades", "-md", "sha256"];
    const shape = ["-binary", "-nodetach", "-outform", "DER", ...(withCertificate ? [] : ["-nocerts"])];
    await openssl("openssl", ["cms", "-sign", "-in", content, ...type, ...named, ...shape, "-out", out]);
    return granted(readFileSync(out));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A TimeStampResp around a token: status granted, and nothing said of it. */
function granted(token: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from("3003020100", "hex"), token]);
  return Buffer.concat([Buffer.from([0x30, 0x82, body.length >> 8, body.length & 0xff]), body]);
}

export type Answering = (query: Buffer, response: ServerResponse, request: IncomingMessage) => unknown;

/** Serves an authority on loopback. */
export async function serveAuthority(
  loopback: Loopback,
  answer: AuthorityOptions | Answering,
): Promise<string> {
  const respond: Answering =
    typeof answer === "function"
      ? answer
      : async (query, response) => {
          const body = await reply(query, answer);
          response.writeHead(200, { "content-type": "application/timestamp-reply" }).end(body);
        };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    try {
      await respond(Buffer.concat(chunks), response, request);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  return `http://127.0.0.1:${await loopback.serve(server)}/`;
}

/** A signature as a bundle holds it. */
export function enveloped(signature: Buffer): SignatureBundle {
  const signatures = [{ sig: signature, keyid: "" }];
  return { $case: "dsseEnvelope", dsseEnvelope: { payloadType: "x", payload: Buffer.from("x"), signatures } };
}

/** What a bundle gets to carry from an authority that answers so. */
export async function stamped(
  loopback: Loopback,
  signature: Buffer,
  {
    answer,
    certificates,
    deadlineMs = 10_000,
  }: { answer: AuthorityOptions | Answering; certificates: string; deadlineMs?: number },
): Promise<Buffer> {
  const url = await serveAuthority(loopback, answer);
  const witness = timestampWitness({ url, certificates, deadlineMs });
  const { rfc3161Timestamps } = await witness.testify(enveloped(signature), "");
  return rfc3161Timestamps?.[0]?.signedTimestamp ?? Buffer.alloc(0);
}
