import { createServer } from "node:http";
import { inspect } from "node:util";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { afterAll, describe, expect, test } from "vitest";
import { readIdentityToken } from "../../attest/signers/identity-token.ts";
import { keylessSigner } from "../../attest/signers/keyless.ts";
import { openKeyless, parseTrustedRoot } from "../../attest/signers/open.ts";
import type { RingfenceError } from "../../core/errors.ts";
import { Loopback } from "../loopback.ts";
import { aSigstore, aToken, type RunningSigstore, reply, type SigstoreOptions } from "./a-sigstore.ts";
import { aBundle, altered } from "./a-statement.ts";

const loopback = new Loopback();
afterAll(() => loopback[Symbol.asyncDispose]());

const issuer = "https://token.ci.test";
const subject = "https://ci.test/acme/residency/.github/workflows/prove.yml@refs/heads/main";
const token = aToken({ sub: subject, iss: issuer });
const requestToken = "ci-request-token-0123456789";
const minuteMs = 60_000;

async function keyless(options: SigstoreOptions = {}, given = token) {
  const sigstore = await aSigstore(loopback, options);
  const signer = await signerAt(sigstore, given);
  return { sigstore, signer };
}

function signerAt({ url }: RunningSigstore, given = token, deadlineMs = 5_000) {
  return keylessSigner({
    fulcioUrl: url,
    rekorUrl: url,
    deadlineMs,
    environment: { SIGSTORE_ID_TOKEN: given },
  });
}

async function refusal(work: Promise<unknown>): Promise<RingfenceError> {
  const error = await work.then(
    () => expect.fail("it was accepted"),
    (thrown: RingfenceError) => thrown,
  );
  const shown = inspect(error, { depth: 12, showHidden: true });
  for (const secret of [token, requestToken]) expect(shown).not.toContain(secret);
  return error;
}

describe("signing as a CI job", () => {
  test("names whom the certificate names, and opens for exactly that identity", async () => {
    const { sigstore, signer } = await keyless();
    expect(signer.who).toEqual({ kind: "identity", subject, issuer });
    const bundle = await aBundle(signer);
    expect(bundle.mediaType).toBe("application/vnd.dev.sigstore.bundle.v0.3+json");
    const policy = { trustedRoot: sigstore.trustedRoot, subject, issuer };
    expect(openKeyless(bundle, policy)).toEqual({ who: signer.who });
  });

  test("asks for one certificate for all statements of a run, because each is published", async () => {
    const { sigstore, signer } = await keyless();
    await aBundle(signer);
    await aBundle(signer, "{}");
    expect(sigstore.requests.map(({ path }) => path)).toEqual([
      "/api/v2/signingCert",
      "/api/v1/log/entries",
      "/api/v1/log/entries",
    ]);
  });

  test("asks anew when the certificate is about to end", async () => {
    const { sigstore, signer } = await keyless({ issuedAt: new Date(Date.now() - 9 * minuteMs) });
    await aBundle(signer);
    expect(sigstore.requests.filter(({ path }) => path === "/api/v2/signingCert")).toHaveLength(2);
  });

  test("does not go on as somebody else", async () => {
    const { signer } = await keyless({
      issuedAt: new Date(Date.now() - 9 * minuteMs),
      subjectOf: (nth) => (nth === 0 ? undefined : "https://ci.test/mallory"),
    });
    expect(await refusal(aBundle(signer))).toMatchObject({
      code: "SIGNING_FAILED",
      message: expect.stringContaining("somebody else"),
    });
  });

  test("refuses a certificate for another key, because what it signs would not verify", async () => {
    const first = await aSigstore(loopback);
    await signerAt(first);
    const sigstore = await aSigstore(loopback, {
      instead: async ({ path }, response) => {
        if (path !== "/api/v2/signingCert") return null;
        const stolen = await fetch(first.url + path, { method: "POST", body: first.requests[0]?.body ?? "" });
        reply(response, 201, await stolen.text());
        return undefined;
      },
    });
    expect(await refusal(signerAt(sigstore))).toMatchObject({
      message: "the certificate authority answered with no certificate for this job's key",
    });
  });

  test.each<[string, SigstoreOptions["instead"], RegExp]>([
    [
      "an error that quotes the token",
      ({ body }, response) => reply(response, 400, JSON.stringify({ message: body })),
      /^the certificate authority failed: CA_CREATE_SIGNING_CERTIFICATE_ERROR 400$/,
    ],
    ["a page", (_, response) => response.end("<h1>"), /^the certificate authority failed: /],
    ["no certificate", (_, response) => reply(response, 201, "{}"), /^the certificate authority failed: /],
    [
      "garbage for a certificate",
      (_, response) =>
        reply(
          response,
          201,
          JSON.stringify({ signedCertificateEmbeddedSct: { chain: { certificates: ["garbage"] } } }),
        ),
      /answered with no certificate for this job's key/,
    ],
    ["silence", () => {}, /^the certificate authority failed: /],
  ])("fails, and repeats nothing, when the authority answers with %s", async (_what, instead, message) => {
    const sigstore = await aSigstore(loopback, { ...(instead ? { instead } : {}) });
    const error = await refusal(signerAt(sigstore, token, 700));
    expect(error).toMatchObject({ code: "SIGNING_FAILED", message: expect.stringMatching(message) });
  });

  test.each(["fulcioUrl", "rekorUrl"])(
    "refuses %s in the clear, because a token must not be read",
    async (name) => {
      const environment = { SIGSTORE_ID_TOKEN: token };
      const error = await refusal(keylessSigner({ environment, [name]: "http://sigstore.test" }));
      expect(error).toMatchObject({ code: "SIGNER_INVALID" });
    },
  );

  test("fails when the log does not take it, because nothing else says when it was signed", async () => {
    const { signer } = await keyless({
      instead: ({ path, body }, response) =>
        path === "/api/v1/log/entries" ? reply(response, 500, JSON.stringify({ message: body })) : null,
    });
    expect(await refusal(aBundle(signer))).toMatchObject({
      code: "SIGNING_FAILED",
      message: "the transparency log failed: TLOG_CREATE_ENTRY_ERROR 500",
    });
  });

  test("fails on a token that is none, without quoting it", async () => {
    const { url } = await aSigstore(loopback);
    const secret = "not-a-token-but-still-a-secret";
    const error = await refusal(signerAt({ url } as RunningSigstore, secret));
    expect(error.message).toBe("the certificate authority failed: IDENTITY_TOKEN_PARSE_ERROR");
    expect(inspect(error, { depth: 12, showHidden: true })).not.toContain(secret);
  });
});

describe("the identity token", () => {
  async function ci(answer: Parameters<typeof createServer>[1]): Promise<NodeJS.ProcessEnv> {
    const port = await loopback.serve(createServer(answer as () => void));
    return {
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
    };
  }

  test("is asked of GitHub Actions, for the audience of Sigstore", async () => {
    let asked = "";
    let authorization: string | undefined;
    const environment = await ci((request, response) => {
      asked = request.url ?? "";
      authorization = request.headers.authorization;
      reply(response, 200, JSON.stringify({ count: 1, value: token }));
    });
    expect(await readIdentityToken({ environment })).toBe(token);
    expect(asked).toBe("/token?api-version=2.0&audience=sigstore");
    expect(authorization).toBe(`Bearer ${requestToken}`);
  });

  test.each<[string, Parameters<typeof createServer>[1], string]>([
    [
      "refused",
      (_, response) => reply(response, 403, JSON.stringify({ message: requestToken })),
      "status 403",
    ],
    ["empty", (_, response) => reply(response, 200, JSON.stringify({ value: "" })), "status 200"],
    ["without an end", (_, response) => reply(response, 200, " ".repeat(70_000)), "status 200"],
    ["a redirect", (_, response) => response.writeHead(302, { location: "/" }).end(), "no answer in time"],
    ["never sent", () => {}, "no answer in time"],
  ])("%s is an error that repeats no secret", async (_what, answer, why) => {
    const environment = await ci(answer);
    expect(await refusal(readIdentityToken({ environment, deadlineMs: 500 }))).toMatchObject({
      code: "SIGNING_FAILED",
      message: `the CI gave this job no identity token: ${why}`,
    });
  });

  test("that nobody offers is a usage error with the permission to give", async () => {
    expect(await refusal(readIdentityToken({ environment: {} }))).toMatchObject({
      code: "SIGNER_INVALID",
      fix: expect.stringContaining("id-token: write"),
    });
  });
});

describe("evidence signed by an identity is refused, and the reason is named,", () => {
  type Policy = Parameters<typeof openKeyless>[1];

  async function problemOf(
    options: SigstoreOptions = {},
    change: (policy: Policy, bundle: Awaited<ReturnType<typeof aBundle>>) => Partial<Policy> = () => ({}),
  ) {
    const { sigstore, signer } = await keyless(options);
    const bundle = await aBundle(signer);
    const policy = { trustedRoot: sigstore.trustedRoot, subject, issuer };
    return openKeyless(bundle, { ...policy, ...change(policy, bundle) });
  }

  test.each<[string, Partial<Policy>]>([
    ["another subject", { subject: `${subject}2` }],
    ["a subject that is only a beginning", { subject: subject.slice(0, -1) }],
    ["a subject that is a pattern", { subject: ".*" }],
    ["another issuer", { issuer: "https://token.elsewhere.test" }],
  ])("when the policy expects %s", async (_what, policy) => {
    expect(await problemOf({}, () => policy)).toEqual({
      problem: expect.stringContaining(`signed by ${JSON.stringify(subject)}`),
    });
  });

  test("when its certificate is for a server, because an authority issues for other ends, too", async () => {
    expect(await problemOf({ purpose: "1.3.6.1.5.5.7.3.1" })).toEqual({
      problem: "its certificate is not for signing code",
    });
  });

  test("when its authority is another", async () => {
    const { trustedRoot } = await aSigstore(loopback);
    const foreign = trustedRoot.certificateAuthorities;
    expect(
      await problemOf({}, (policy) => ({
        trustedRoot: { ...policy.trustedRoot, certificateAuthorities: foreign },
      })),
    ).toEqual({ problem: "its certificate is from no authority that is trusted" });
  });

  test("when its log is another", async () => {
    const { trustedRoot } = await aSigstore(loopback);
    const tlogs = trustedRoot.tlogs;
    expect(await problemOf({}, (policy) => ({ trustedRoot: { ...policy.trustedRoot, tlogs } }))).toEqual({
      problem: "no trusted log holds it",
    });
  });

  test("when its log of certificates is another", async () => {
    const { trustedRoot } = await aSigstore(loopback);
    const ctlogs = trustedRoot.ctlogs;
    expect(await problemOf({}, (policy) => ({ trustedRoot: { ...policy.trustedRoot, ctlogs } }))).toEqual({
      problem: "its certificate is in no trusted log of certificates",
    });
  });

  test.each([
    ["after its certificate had ended", new Date(Date.now() + 30 * minuteMs)],
    ["before its certificate began", new Date(Date.now() - 30 * minuteMs)],
  ])("when the log saw it %s", async (_what, loggedAt) => {
    expect(await problemOf({ loggedAt })).toEqual({
      problem: "its certificate was not valid when the log saw the signature",
    });
  });

  test("when no log saw it", async () => {
    const { sigstore, signer } = await keyless();
    const bundle = altered(await aBundle(signer), ({ verificationMaterial }) => {
      verificationMaterial.tlogEntries = [];
    });
    const policy = { trustedRoot: sigstore.trustedRoot, subject, issuer };
    expect(openKeyless(bundle, policy)).toEqual({ problem: "no log says when it was signed" });
  });

  test("when the log's entry is another statement's", async () => {
    const { sigstore, signer } = await keyless();
    const other = await aBundle(signer, "{}");
    const entries = altered(other, () => {}).verificationMaterial.tlogEntries;
    const bundle = await aBundle(signer);
    bundle.verificationMaterial.tlogEntries = entries;
    const policy = { trustedRoot: sigstore.trustedRoot, subject, issuer };
    expect(openKeyless(bundle, policy)).toEqual({ problem: "the log's entry is of another signature" });
  });
});

describe("a trusted root", () => {
  test("is read from the JSON that Sigstore's tools write", async () => {
    const { trustedRoot } = await aSigstore(loopback);
    const text = JSON.stringify(TrustedRoot.toJSON(trustedRoot));
    expect(parseTrustedRoot(text)).toEqual(trustedRoot);
  });

  test.each(["", "{}", "[]", "null", '{"tlogs":[{}]}'])(
    "%j names nobody to trust, and is refused",
    (text) => {
      expect(() => parseTrustedRoot(text)).toThrow(expect.objectContaining({ code: "SIGNER_INVALID" }));
    },
  );
});
