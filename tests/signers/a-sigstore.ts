import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { initializeCTLog } from "@sigstore/mock/dist/fulcio/ctlog.js";
import { fulcioHandler, initializeCA } from "@sigstore/mock/dist/fulcio/index.js";
import { initializeTLog } from "@sigstore/mock/dist/rekor/index.js";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import type { Loopback } from "../loopback.ts";

const require = createRequire(import.meta.url);

export interface SigstoreOptions {
  /** What the authority's clock says, and the log's. */
  issuedAt?: Date;
  loggedAt?: Date;
  /** Answers in place of a service; null lets the service answer. */
  instead?: (request: { path: string; body: string }, response: ServerResponse) => unknown;
  /** The subject that certificates name in place of the token's. */
  subjectOf?: (nth: number, body: string) => string | undefined;
  /** What its certificates are for, in place of signing code. */
  purpose?: string;
}

export interface RunningSigstore {
  url: string;
  trustedRoot: TrustedRoot;
  requests: { path: string; body: string }[];
}

/** A private Sigstore: Sigstore's own stand-ins for its authority and log, over HTTP. */
export async function aSigstore(loopback: Loopback, options: SigstoreOptions = {}): Promise<RunningSigstore> {
  const { issuedAt, loggedAt, instead, subjectOf, purpose } = options;
  const keys = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
  const [caKeys, ctKeys, logKeys] = [keys(), keys(), keys()];
  const ctLog = await initializeCTLog(ctKeys, issuedAt);
  const authority = await initializeCA(caKeys, ctLog, issuedAt);
  const log = await initializeTLog("https://rekor.test", logKeys, loggedAt);
  const issue = fulcioHandler(authority);
  const requests: { path: string; body: string }[] = [];
  let issued = 0;
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const path = request.url ?? "";
    requests.push({ path, body });
    if (instead && (await instead({ path, body }, response)) !== null) return;
    if (path === "/api/v2/signingCert") {
      const subject = subjectOf?.(issued++, body);
      const asked = subject === undefined ? body : renamed(body, subject);
      const answer = await withPurpose(purpose, () => issue.fn(asked));
      return reply(response, answer.statusCode, String(answer.response));
    }
    if (path === "/api/v1/log/entries")
      return reply(response, 201, JSON.stringify(await log.log(storedEntry(body))));
    reply(response, 404, "{}");
  });
  const url = `http://127.0.0.1:${await loopback.serve(server)}`;
  const trustedRoot = trusted(
    Buffer.from(authority.rootCertificate.buffer),
    ctKeys.publicKey,
    logKeys.publicKey,
  );
  return { url, requests, trustedRoot };
}

/** A token of no value: the stand-in looks at its claims only. */
export function aToken(claims: Record<string, unknown>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.c2lnbmF0dXJlLXNlY3JldA`;
}

export function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "application/json" }).end(body);
}

/** The stand-in knows one purpose only, which it looks up in its library. */
async function withPurpose<T>(purpose: string | undefined, work: () => Promise<T>): Promise<T> {
  const { ExtendedKeyUsage: known } = require("@peculiar/x509") as {
    ExtendedKeyUsage: Record<string, string>;
  };
  const before = known.codeSigning;
  Object.assign(known, purpose === undefined ? {} : { codeSigning: purpose });
  return await work().finally(() => Object.assign(known, { codeSigning: before }));
}

function renamed(body: string, subject: string): string {
  const request = JSON.parse(body) as { credentials: { oidcIdentityToken: string } };
  const claims = JSON.parse(
    Buffer.from(request.credentials.oidcIdentityToken.split(".")[1] ?? "", "base64url").toString(),
  ) as Record<string, unknown>;
  request.credentials.oidcIdentityToken = aToken({ ...claims, sub: subject });
  return JSON.stringify(request);
}

/** What Rekor keeps of a proposed DSSE entry. Source: Rekor, pkg/types/dsse/v0.0.1. */
function storedEntry(body: string): object {
  const { apiVersion, kind, spec } = JSON.parse(body) as {
    apiVersion: string;
    kind: string;
    spec: { proposedContent: { envelope: string; verifiers: string[] } };
  };
  const { envelope, verifiers } = spec.proposedContent;
  const { payload, signatures } = JSON.parse(envelope) as { payload: string; signatures: { sig: string }[] };
  return {
    apiVersion,
    kind,
    spec: {
      envelopeHash: { algorithm: "sha256", value: digest(envelope).toString("hex") },
      payloadHash: { algorithm: "sha256", value: digest(Buffer.from(payload, "base64")).toString("hex") },
      signatures: signatures.map(({ sig }, nth) => ({ signature: sig, verifier: verifiers[nth] })),
    },
  };
}

function trusted(root: Buffer, ctKey: KeyObject, logKey: KeyObject): TrustedRoot {
  const log = (key: KeyObject) => {
    const rawBytes = key.export({ type: "spki", format: "der" });
    return {
      baseUrl: "https://rekor.test",
      hashAlgorithm: "SHA2_256",
      logId: { keyId: digest(rawBytes).toString("base64") },
      publicKey: {
        rawBytes: rawBytes.toString("base64"),
        keyDetails: "PKIX_ECDSA_P256_SHA_256",
        validFor: { start: "2020-01-01T00:00:00Z" },
      },
    };
  };
  return TrustedRoot.fromJSON({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    certificateAuthorities: [
      {
        subject: { organization: "test", commonName: "test" },
        uri: "https://fulcio.test",
        certChain: { certificates: [{ rawBytes: root.toString("base64") }] },
        validFor: { start: "2020-01-01T00:00:00Z" },
      },
    ],
    tlogs: [log(logKey)],
    ctlogs: [log(ctKey)],
  });
}

function digest(bytes: string | Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
