import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import type { KMSClient, SignCommandInput } from "@aws-sdk/client-kms";
import { RingfenceError } from "../../core/errors.ts";
import { fingerprintOf } from "../keys.ts";
import { type EvidenceSigner, hintOf } from "../signer.ts";
import { requireSafe } from "./address.ts";

export interface KmsOptions {
  /** The ARN of a key or of an alias: it names the region, so that no other setting can. */
  key: string;
  /** Instead of the region's public endpoint, such as a VPC endpoint's. */
  endpoint?: string | undefined;
  /** Instead of the SDK's usual sources: environment, profile, container, instance. */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  /** Until KMS must have answered, tries included. */
  deadlineMs?: number;
}

export interface KmsSigner extends EvidenceSigner {
  /** The key's own ARN, also where an alias was named. */
  readonly keyArn: string;
  /** The AWS region that holds the key. */
  readonly region: string;
  /** Whether copies of the key can be in other regions: then a signature does not say which one made it. */
  readonly multiRegion: boolean;
}

/** Signs with a key that never leaves AWS KMS (ECC_NIST_P256). Asks for the public key at once, and holds every
 *  signature against it. Throws SIGNER_INVALID for a wrong key, SIGNING_FAILED for a wrong answer. Of KMS's own
 *  words only the code is repeated: the rest may quote the request, and with it a session token.
 *  Source: AWS KMS API Reference, "Sign", "GetPublicKey". */
export async function kmsSigner(options: KmsOptions): Promise<KmsSigner> {
  const asked = parseArn(options.key);
  if (!asked)
    throw new RingfenceError("SIGNER_INVALID", `${JSON.stringify(options.key)} is no ARN of a KMS key`, {
      fix: "write arn:aws:kms:REGION:ACCOUNT:key/ID, or …:alias/NAME",
    });
  const kms = await connect(asked.region, options);
  const { keyArn, publicKey } = await readPublicKey(kms, options.key, asked);
  const fingerprint = fingerprintOf(publicKey);
  const publicPem = publicKey.export({ type: "spki", format: "pem" }).toString();
  return {
    who: { kind: "key", fingerprint },
    publicPem,
    keyArn,
    region: asked.region,
    multiRegion: /:key\/mrk-/.test(keyArn),
    signer: {
      async sign(data) {
        const Message = createHash("sha256").update(data).digest();
        // As a digest, because RAW takes 4,096 bytes at most.
        const signature = await kms.sign({
          KeyId: keyArn,
          Message,
          MessageType: "DIGEST",
          SigningAlgorithm: "ECDSA_SHA_256",
        });
        if (!holds(data, publicKey, signature))
          throw failed(`KMS answered with what is no signature by ${keyArn}`, "find out who answers for KMS");
        return { signature, key: { $case: "publicKey", publicKey: publicPem, hint: hintOf(fingerprint) } };
      },
    },
    witnesses: [],
  };
}

interface Kms {
  getPublicKey(keyId: string): ReturnType<typeof readRaw>;
  sign(input: SignCommandInput): Promise<Buffer>;
}

async function connect(region: string, options: KmsOptions): Promise<Kms> {
  const { deadlineMs = 20_000, credentials } = options;
  const endpoint = requireSafe(options.endpoint, "AWS KMS");
  const { KMSClient, GetPublicKeyCommand, SignCommand } = await import("@aws-sdk/client-kms");
  const client = new KMSClient({
    region,
    maxAttempts: 3,
    ...(endpoint ? { endpoint } : {}),
    ...(credentials ? { credentials } : {}),
  });
  return {
    getPublicKey: (KeyId) =>
      told("kms:GetPublicKey", deadlineMs, (within) =>
        readRaw(client, new GetPublicKeyCommand({ KeyId }), within),
      ),
    sign: (input) =>
      told("kms:Sign", deadlineMs, async (within) =>
        Buffer.from((await client.send(new SignCommand(input), within)).Signature ?? []),
      ),
  };
}

async function readRaw(
  client: KMSClient,
  command: import("@aws-sdk/client-kms").GetPublicKeyCommand,
  within: { abortSignal: AbortSignal },
) {
  const { KeyId = "", KeySpec, KeyUsage, PublicKey = new Uint8Array() } = await client.send(command, within);
  return { keyArn: KeyId, spec: KeySpec, usage: KeyUsage, der: Buffer.from(PublicKey) };
}

async function readPublicKey(
  kms: Kms,
  key: string,
  asked: Arn,
): Promise<{ keyArn: string; publicKey: KeyObject }> {
  const { keyArn, spec, usage, der } = await kms.getPublicKey(key);
  const answered = parseArn(keyArn);
  const another = asked.kind === "key" ? keyArn !== key : answered?.region !== asked.region;
  if (answered?.kind !== "key" || another)
    throw failed(`KMS answered for another key than ${key}`, "find out who answers for KMS");
  if (spec !== "ECC_NIST_P256" || usage !== "SIGN_VERIFY")
    throw new RingfenceError(
      "SIGNER_INVALID",
      `the KMS key ${keyArn} is ${legible(spec)} for ${legible(usage)}, expected ECC_NIST_P256 for SIGN_VERIFY`,
      { fix: "make a key with `aws kms create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY`" },
    );
  const publicKey = tryRead(() => createPublicKey({ key: der, format: "der", type: "spki" }));
  if (publicKey?.asymmetricKeyDetails?.namedCurve !== "prime256v1")
    throw failed(`KMS answered with no public key of ${keyArn}`, "find out who answers for KMS");
  return { keyArn, publicKey };
}

interface Arn {
  kind: string;
  region: string;
}

function parseArn(text: string): Arn | null {
  const match = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:(key|alias)\/[A-Za-z0-9/_-]+$/.exec(text);
  return match && { region: match[1] ?? "", kind: match[2] ?? "" };
}

/** Also false for a signature in another encoding than DER, which no verifier of bundles reads. */
function holds(data: Buffer, key: KeyObject, signature: Buffer): boolean {
  return tryRead(() => verify("sha256", data, { key, dsaEncoding: "der" }, signature)) === true;
}

const fixes: Record<string, string> = {
  AccessDeniedException:
    "allow this caller kms:GetPublicKey and kms:Sign on the key, in its policy or the key's",
  NotFoundException: "correct the ARN; a key that was deleted does not come back",
  DisabledException: "enable the key",
  KMSInvalidStateException: "enable the key, or cancel its deletion",
  ThrottlingException: "sign again later",
  CredentialsProviderError: "give this process AWS credentials: a role, a profile or AWS_ACCESS_KEY_ID",
};

/** The error is not chained: it holds the request, and so its signature and session token. */
async function told<T>(
  action: string,
  deadlineMs: number,
  work: (within: { abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const abortSignal = AbortSignal.timeout(deadlineMs);
  try {
    return await work({ abortSignal });
  } catch (error) {
    const { name, code, $metadata } = error as {
      name?: string;
      code?: string;
      $metadata?: { requestId?: string };
    };
    // The SDK calls a broken connection a timeout, too, and what was ended at the deadline a broken connection.
    const what = abortSignal.aborted
      ? "no answer in time"
      : legible(/^E[A-Z]+$/.test(code ?? "") ? code : name);
    const request = /^[0-9a-f-]{36}$/.test($metadata?.requestId ?? "")
      ? `, request ${$metadata?.requestId}`
      : "";
    const fix = fixes[name ?? ""] ?? "check the endpoint, the network and the credentials; then sign again";
    throw failed(`${action} failed: ${what}${request}`, fix);
  }
}

/** A code from outside, and nothing else that was put in its place. */
function legible(code: string | undefined): string {
  return code && /^[A-Za-z]\w{0,39}$/.test(code) ? code : "an answer that cannot be read";
}

function tryRead<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function failed(message: string, fix: string): RingfenceError {
  return new RingfenceError("SIGNING_FAILED", message, { fix });
}
