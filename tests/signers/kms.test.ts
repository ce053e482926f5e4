import { generateKeyPairSync, sign, verify } from "node:crypto";
import { inspect } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { fingerprintOf } from "../../attest/keys.ts";
import { kmsSigner } from "../../attest/signers/kms.ts";
import type { RingfenceError } from "../../core/errors.ts";
import { Loopback } from "../loopback.ts";
import {
  aKms,
  json,
  type KmsOptions,
  keyArn,
  kmsCredentials,
  kmsRegion,
  refuse,
  signDigest,
} from "./a-kms.ts";

const loopback = new Loopback();
afterAll(() => loopback[Symbol.asyncDispose]());

const data = Buffer.from("DSSEv1 what is to be signed");
const secrets = [kmsCredentials.secretAccessKey, kmsCredentials.sessionToken];

async function signerOf(options: KmsOptions = {}, { key = keyArn, deadlineMs = 10_000 } = {}) {
  const kms = await aKms(loopback, options);
  return {
    kms,
    signer: await kmsSigner({ key, endpoint: kms.endpoint, credentials: kmsCredentials, deadlineMs }),
  };
}

async function refusal(work: Promise<unknown>): Promise<RingfenceError> {
  const error = await work.then(
    () => expect.fail("it was accepted"),
    (thrown: RingfenceError) => thrown,
  );
  const shown = inspect(error, { depth: 12, showHidden: true });
  for (const secret of secrets) expect(shown).not.toContain(secret);
  return error;
}

type Instead = NonNullable<KmsOptions["instead"]>;

/** Leaves GetPublicKey to the key. */
function onSign(answer: Instead): Instead {
  return (call, response) => {
    if (call.operation !== "Sign") return null;
    answer(call, response);
    return undefined;
  };
}

/** Signs with a KMS that answers Sign in its own way. */
async function signingWith(options: KmsOptions, deadlineMs = 10_000): Promise<RingfenceError> {
  const { signer } = await signerOf(options, { deadlineMs });
  return refusal(signer.signer.sign(data));
}

describe("a key in AWS KMS", () => {
  test("signs the digest of what is handed to it, and says where it is kept", async () => {
    const { kms, signer } = await signerOf();
    const { signature, key } = await signer.signer.sign(data);
    expect(verify("sha256", data, kms.publicKey, signature)).toBe(true);
    expect(signer).toMatchObject({
      who: { kind: "key", fingerprint: fingerprintOf(kms.publicKey) },
      keyArn,
      region: kmsRegion,
      multiRegion: false,
      witnesses: [],
    });
    expect(key).toMatchObject({ $case: "publicKey" });
    expect(kms.calls.map(({ operation }) => operation)).toEqual(["GetPublicKey", "Sign"]);
    expect(JSON.stringify(kms.calls[1]?.input)).not.toContain(data.toString("base64"));
  });

  test("may be named by an alias, and is then signed with by its own name, because an alias can move", async () => {
    const { kms, signer } = await signerOf(
      {},
      { key: `arn:aws:kms:${kmsRegion}:111122223333:alias/evidence` },
    );
    await signer.signer.sign(data);
    expect(kms.calls.map(({ input }) => input.KeyId)).toEqual([
      `arn:aws:kms:${kmsRegion}:111122223333:alias/evidence`,
      keyArn,
    ]);
  });

  test("is asked in the region of its ARN, because a signature elsewhere would take the evidence abroad", async () => {
    const abroad = keyArn.replace(kmsRegion, "us-east-1");
    const kms = await aKms(loopback);
    const error = await refusal(
      kmsSigner({ key: abroad, endpoint: kms.endpoint, credentials: kmsCredentials }),
    );
    expect(error.message).toBe(
      "kms:GetPublicKey failed: IncompleteSignatureException, request 0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f",
    );
  });

  test("that can have copies in other regions says so", async () => {
    const key = `arn:aws:kms:${kmsRegion}:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab`;
    const { signer } = await signerOf({ change: (_, answer) => ({ ...answer, KeyId: key }) }, { key });
    expect(signer.multiRegion).toBe(true);
  });

  test.each([
    "1234abcd-12ab-34cd-56ef-1234567890ab",
    "alias/evidence",
    "arn:aws:s3:::bucket",
    "",
    "arn:aws:kms:eu central-1:111122223333:key/1",
  ])("named %j is refused before anything is asked, because no region is in it", async (key) => {
    expect(await refusal(kmsSigner({ key }))).toMatchObject({ code: "SIGNER_INVALID" });
  });

  test.each<[string, Record<string, unknown>, string, RegExp]>([
    [
      "of RSA",
      { KeySpec: "RSA_2048" },
      "SIGNER_INVALID",
      /is RSA_2048 for SIGN_VERIFY, expected ECC_NIST_P256/,
    ],
    ["on another curve", { KeySpec: "ECC_NIST_P384" }, "SIGNER_INVALID", /is ECC_NIST_P384/],
    ["for key agreement", { KeyUsage: "KEY_AGREEMENT" }, "SIGNER_INVALID", /for KEY_AGREEMENT/],
    ["that is another than the one named", { KeyId: `${keyArn}0` }, "SIGNING_FAILED", /for another key/],
    ["without a public key", { PublicKey: undefined }, "SIGNING_FAILED", /no public key/],
    ["whose public key is garbage", { PublicKey: "AAAA" }, "SIGNING_FAILED", /no public key/],
    [
      "whose public key is on another curve than said",
      {
        PublicKey: generateKeyPairSync("ec", { namedCurve: "P-384" })
          .publicKey.export({ type: "spki", format: "der" })
          .toString("base64"),
      },
      "SIGNING_FAILED",
      /no public key/,
    ],
  ])("%s is refused at once", async (_what, changed, code, message) => {
    const error = await refusal(signerOf({ change: (_, answer) => ({ ...answer, ...changed }) }));
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

test.each(["http://kms.test", "https://user:hunter2@kms.test", "kms.test", "ftp://127.0.0.1/"])(
  "an endpoint at %s is refused, because a session token would be sent there",
  async (endpoint) => {
    const error = await refusal(kmsSigner({ key: keyArn, endpoint, credentials: kmsCredentials }));
    expect(error).toMatchObject({
      code: "SIGNER_INVALID",
      message: expect.stringMatching(/^AWS KMS is at no address/),
    });
    expect(inspect(error)).not.toContain("hunter2");
  },
);

describe("what KMS answers is held against the key", () => {
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const Signature = (bytes: Buffer) => ({ KeyId: keyArn, Signature: bytes.toString("base64") });

  test.each<[string, (digest: Buffer, key: typeof stranger) => Buffer]>([
    ["another key's signature", (digest) => signDigest(digest, stranger.privateKey)],
    ["a signature of something else", (_, key) => signDigest(Buffer.alloc(32, 7), key.privateKey)],
    [
      "a signature as two bare numbers",
      (_, key) => sign("sha256", data, { key: key.privateKey, dsaEncoding: "ieee-p1363" }),
    ],
    ["garbage", () => Buffer.from("garbage")],
    ["nothing", () => Buffer.alloc(0)],
  ])("%s is no signature, so no bundle is written", async (_what, answer) => {
    const key = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const error = await signingWith({
      key,
      instead: ({ operation, input }, response) => {
        if (operation !== "Sign") return null;
        json(response, 200, Signature(answer(Buffer.from(String(input.Message), "base64"), key)));
      },
    });
    expect(error).toMatchObject({
      code: "SIGNING_FAILED",
      message: `KMS answered with what is no signature by ${keyArn}`,
    });
  });

  const request = ", request 0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f";
  test.each<[string, Instead, string, RegExp]>([
    [
      "access denied",
      (_, response) => refuse(response, 400, "AccessDeniedException", "User: arn:… is not authorized"),
      `kms:Sign failed: AccessDeniedException${request}`,
      /allow this caller kms:GetPublicKey and kms:Sign/,
    ],
    [
      "throttling that does not end",
      (_, response) => refuse(response, 400, "ThrottlingException", "Rate exceeded"),
      `kms:Sign failed: ThrottlingException${request}`,
      /later/,
    ],
    [
      "a key on its way to deletion",
      (_, response) => refuse(response, 400, "KMSInvalidStateException", "is pending deletion."),
      `kms:Sign failed: KMSInvalidStateException${request}`,
      /cancel its deletion/,
    ],
    [
      "an error that quotes the request, session token and all",
      ({ headers }, response) =>
        refuse(
          response,
          403,
          "InvalidSignatureException",
          `The Canonical String: x-amz-security-token:${headers["x-amz-security-token"]} ${secrets.join(" ")}`,
        ),
      `kms:Sign failed: InvalidSignatureException${request}`,
      /credentials/,
    ],
    [
      "an error whose code is a text",
      (_, response) => refuse(response, 400, `${secrets.join(" ")} <b>`, "x"),
      `kms:Sign failed: an answer that cannot be read${request}`,
      /endpoint/,
    ],
    [
      "a proxy's page",
      (_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<h1>Log in</h1>"),
      "kms:Sign failed: SyntaxError",
      /endpoint/,
    ],
    ["a closed connection", (_, response) => response.destroy(), "kms:Sign failed: ECONNRESET", /network/],
  ])("%s is told by its code, and nothing else is repeated", async (_what, answer, message, fix) => {
    const error = await signingWith({
      instead: onSign(answer),
    });
    expect(error).toMatchObject({ code: "SIGNING_FAILED", message, fix: expect.stringMatching(fix) });
    expect(error.cause).toBeUndefined();
  });

  test("throttling that ends is waited out", async () => {
    let times = 0;
    const { kms, signer } = await signerOf({
      instead: ({ operation }, response) =>
        operation === "Sign" && times++ < 2 ? refuse(response, 400, "ThrottlingException", "") : null,
    });
    const { signature } = await signer.signer.sign(data);
    expect(verify("sha256", data, kms.publicKey, signature)).toBe(true);
  });

  test.each<[string, Instead]>([
    ["silence", () => {}],
    ["a body that stops", (_, response) => response.writeHead(200).write("{")],
    [
      "a body that drips",
      (_, response) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write(" "), 20);
        response.once("close", () => clearInterval(drip));
      },
    ],
  ])("%s ends at the deadline", async (_what, answer) => {
    const before = Date.now();
    const error = await signingWith(
      {
        instead: onSign(answer),
      },
      1500,
    );
    expect(error).toMatchObject({ code: "SIGNING_FAILED", message: "kms:Sign failed: no answer in time" });
    expect(Date.now() - before).toBeLessThan(8_000);
  });

  test("without credentials the fix names where they come from", async () => {
    const kms = await aKms(loopback);
    const nowhere = {
      AWS_ACCESS_KEY_ID: "",
      AWS_PROFILE: "",
      AWS_CONFIG_FILE: "/nowhere",
      AWS_SHARED_CREDENTIALS_FILE: "/nowhere",
      AWS_EC2_METADATA_DISABLED: "true",
    };
    const before = { ...process.env };
    Object.assign(process.env, nowhere);
    try {
      expect(await refusal(kmsSigner({ key: keyArn, endpoint: kms.endpoint }))).toMatchObject({
        message: "kms:GetPublicKey failed: CredentialsProviderError",
        fix: expect.stringContaining("AWS credentials"),
      });
    } finally {
      for (const name of Object.keys(nowhere)) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  });
});
