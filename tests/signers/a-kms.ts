import { execFileSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  canonicalRequest,
  sameText,
  sha256Hex,
  signingKey,
  sign as signText,
  stringToSign,
} from "../../fixtures/object-store/signature.ts";
import type { Loopback } from "../loopback.ts";

export const kmsRegion = "eu-central-1";
export const keyArn = `arn:aws:kms:${kmsRegion}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
export const kmsCredentials = {
  accessKeyId: "AKIASIGNER",
  secretAccessKey: "kms-secret-access-key-0123456789",
  sessionToken: "kms-session-token-0123456789abcdef",
};

export interface KmsCall {
  operation: string;
  input: Record<string, unknown>;
  headers: IncomingMessage["headers"];
}

export interface KmsOptions {
  key?: { publicKey: KeyObject; privateKey: KeyObject };
  /** Answers in place of the key; null lets the key answer. */
  instead?: (call: KmsCall, response: ServerResponse) => unknown;
  /** Fields that differ in a truthful answer. */
  change?: (call: KmsCall, answer: Record<string, unknown>) => Record<string, unknown>;
}

export interface RunningKms {
  endpoint: string;
  publicKey: KeyObject;
  calls: KmsCall[];
}

/** AWS KMS as its SDK meets it, with one P-256 key that really signs: JSON 1.1, signature version 4 verified.
 *  Source: AWS KMS API Reference, "GetPublicKey", "Sign". */
export async function aKms(loopback: Loopback, options: KmsOptions = {}): Promise<RunningKms> {
  const { key = generateKeyPairSync("ec", { namedCurve: "P-256" }), instead, change } = options;
  const calls: KmsCall[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (!isSigned(request, body)) return refuse(response, 400, "IncompleteSignatureException", "");
    const operation = String(request.headers["x-amz-target"]).replace("TrentService.", "");
    const call = {
      operation,
      input: JSON.parse(body.toString()) as Record<string, unknown>,
      headers: request.headers,
    };
    calls.push(call);
    if (instead && (await instead(call, response)) !== null) return;
    if (typeof call.input.KeyId !== "string" || !/(key|alias)\//.test(call.input.KeyId))
      return refuse(response, 400, "NotFoundException", "");
    const answer = operation === "Sign" ? signed(call.input, key.privateKey) : described(key.publicKey);
    if (!answer) return refuse(response, 400, "ValidationException", "");
    json(response, 200, change?.(call, answer) ?? answer);
  });
  return {
    endpoint: `http://127.0.0.1:${await loopback.serve(server)}`,
    publicKey: key.publicKey,
    calls,
  };
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  const headers = {
    "content-type": "application/x-amz-json-1.1",
    "x-amzn-requestid": "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f",
  };
  response.writeHead(status, headers).end(JSON.stringify(body));
}

export function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  json(response, status, { __type: code, message });
}

function described(publicKey: KeyObject): Record<string, unknown> {
  return {
    KeyId: keyArn,
    PublicKey: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
    KeySpec: "ECC_NIST_P256",
    KeyUsage: "SIGN_VERIFY",
    SigningAlgorithms: ["ECDSA_SHA_256"],
  };
}

function signed(input: Record<string, unknown>, key: KeyObject): Record<string, unknown> | null {
  const digest = Buffer.from(String(input.Message), "base64");
  if (input.MessageType !== "DIGEST" || input.SigningAlgorithm !== "ECDSA_SHA_256" || digest.length !== 32)
    return null;
  const Signature = signDigest(digest, key).toString("base64");
  return { KeyId: keyArn, Signature, SigningAlgorithm: "ECDSA_SHA_256" };
}

/** A signature over a digest that is given, which Node has no word for. DER, as KMS answers. */
export function signDigest(digest: Buffer, key: KeyObject): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-kms-"));
  try {
    const file = join(folder, "key.pem");
    writeFileSync(file, key.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    const args = ["pkeyutl", "-sign", "-inkey", file, "-pkeyopt", "digest:sha256"];
    return execFileSync("openssl", args, { input: digest });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function isSigned(request: IncomingMessage, body: Buffer): boolean {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\d{8})\/([\w-]+)\/kms\/aws4_request, SignedHeaders=([\w;-]+), Signature=(\w{64})$/;
  const [, id, date = "", region = "", names = "", signature = ""] =
    pattern.exec(request.headers.authorization ?? "") ?? [];
  if (id !== kmsCredentials.accessKeyId || region !== kmsRegion) return false;
  if (request.headers["x-amz-security-token"] !== kmsCredentials.sessionToken) return false;
  const scope = { date, region, service: "kms" };
  const headers = new Map(Object.entries(request.headers).map(([name, value]) => [name, [String(value)]]));
  const canonical = canonicalRequest({
    method: request.method ?? "",
    path: request.url ?? "",
    query: [],
    headers,
    signedHeaders: names.split(";"),
    payloadHash: sha256Hex(body),
    service: "kms",
  });
  const text = stringToSign(canonical, String(request.headers["x-amz-date"]), scope);
  return sameText(signText(signingKey(kmsCredentials.secretAccessKey, scope), text), signature);
}
