import { createHash, randomBytes } from "node:crypto";
import type { Witness } from "@sigstore/sign";
import { Boolean as Asn1Boolean, Integer, Null, ObjectIdentifier, OctetString, Sequence } from "asn1js";
import { RingfenceError } from "../../core/errors.ts";
import { readCertificates } from "./authority.ts";
import { checkTimestamp, maximumAnswerBytes } from "./check.ts";
import { readToken } from "./token.ts";

export interface TimestampOptions {
  /** A time-stamping authority by RFC 3161 over HTTP. */
  url: string;
  /** Its root certificate, or any below it, in PEM. */
  certificates: string;
  deadlineMs?: number;
}

const sha256Oid = "2.16.840.1.101.3.4.2.1";
const replyType = "application/timestamp-reply";

/** Has an authority say when it saw a signature. Only the signature's digest leaves this machine. The answer is
 *  checked as a verifier checks it, or SIGNING_FAILED is thrown: a bundle carries no timestamp that does not hold.
 *  Source: RFC 3161, sections 2.4 and 3.4. */
export function timestampWitness({ url, certificates, deadlineMs = 20_000 }: TimestampOptions): Witness {
  readCertificates(certificates);
  const address = addressOf(url);
  return {
    async testify(content) {
      const signature =
        content.$case === "dsseEnvelope"
          ? content.dsseEnvelope.signatures[0]?.sig
          : content.messageSignature.signature;
      if (!signature) throw failed(address, "there is no signature to show it");
      const { request, nonce } = requestFor(signature);
      const answer = await ask(address, { request, deadlineMs });
      const checked = checkTimestamp(answer, signature, [certificates]);
      if ("problem" in checked) throw failed(address, checked.problem);
      if (!readToken(answer).nonce?.equals(nonce))
        throw failed(address, "it answered somebody else's request");
      return { rfc3161Timestamps: [{ signedTimestamp: answer }] };
    },
  };
}

/** The nonce makes an old answer useless. It is positive and has no leading zero, as DER wants it. */
function requestFor(signature: Uint8Array): { request: Buffer; nonce: Buffer } {
  const nonce = randomBytes(16);
  nonce[0] = ((nonce[0] ?? 0) & 0x7f) | 0x40;
  const digest = createHash("sha256").update(signature).digest();
  const algorithm = new Sequence({ value: [new ObjectIdentifier({ value: sha256Oid }), new Null()] });
  const request = new Sequence({
    value: [
      new Integer({ value: 1 }),
      new Sequence({ value: [algorithm, new OctetString({ valueHex: Uint8Array.from(digest) })] }),
      new Integer({ valueHex: Uint8Array.from(nonce) }),
      new Asn1Boolean({ value: true }),
    ],
  });
  return { request: Buffer.from(request.toBER()), nonce };
}

async function ask(
  address: URL,
  { request, deadlineMs }: { request: Buffer; deadlineMs: number },
): Promise<Buffer> {
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    const response = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/timestamp-query", accept: replyType },
      body: Uint8Array.from(request),
      redirect: "error",
      signal,
    });
    if (response.status !== 200) throw failed(address, `it answered with status ${response.status}`);
    if (response.headers.get("content-type")?.split(";")[0]?.trim() !== replyType)
      throw failed(address, `its answer is no ${replyType}`);
    return await bodyOf(response, address);
  } catch (error) {
    if (error instanceof RingfenceError) throw error;
    throw failed(
      address,
      signal.aborted ? `no answer within ${deadlineMs} ms` : "it cannot be reached",
      error,
    );
  }
}

async function bodyOf(response: Response, address: URL): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maximumAnswerBytes)
      throw failed(address, `its answer is longer than ${maximumAnswerBytes} bytes`);
  }
  return Buffer.concat(chunks);
}

/** A password in an address would end up in messages. */
function addressOf(url: string): URL {
  const address = URL.parse(url);
  if (address && /^https?:$/.test(address.protocol) && !address.username && !address.password) return address;
  throw new RingfenceError(
    "SIGNER_INVALID",
    "the time-stamping authority's address is no plain URL of HTTP",
    {
      fix: "write http://HOST/PATH or https://HOST/PATH, without a user or a password",
    },
  );
}

function failed(address: URL, problem: string, cause?: unknown): RingfenceError {
  return new RingfenceError("SIGNING_FAILED", `no timestamp from ${address.host}: ${problem}`, {
    fix: "check the authority's address and certificates; then sign again",
    ...(cause === undefined ? {} : { cause }),
  });
}
