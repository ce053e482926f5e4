import "reflect-metadata";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { bundleText, preAuthenticationEncoding, seal, statementMediaType } from "../../attest/envelope.ts";
import { signingKey } from "../../attest/keys.ts";
import { openStatement } from "../../attest/open-envelope.ts";
import { type EvidenceSigner, hintOf, localSigner } from "../../attest/signer.ts";
import { openSigner } from "../../attest/signer-reference.ts";
import { readSigners } from "../../attest/signers-file.ts";
import { readTrust, type Trust } from "../../attest/trust.ts";
import { Loopback } from "../loopback.ts";
import { aCertificate, type Certified } from "./a-certificate.ts";
import { aSigstore, aToken } from "./a-sigstore.ts";
import { serveAuthority } from "./a-timestamp-authority.ts";

const loopback = new Loopback();
const folder = mkdtempSync(join(tmpdir(), "ringfence-open-"));
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await loopback[Symbol.asyncDispose]();
});

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = signingKey(privateKey);
writeFileSync(join(folder, "key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
writeFileSync(join(folder, "judge.pub.pem"), key.publicPem);

const schema = z.strictObject({ what: z.string(), at: z.string() });
const made = (at = new Date()) => ({ what: "a verdict", at: at.toISOString() });
const open = (text: string, trust: Trust, role = "judge") =>
  openStatement(text, { role, trust, schema, timeOf: ({ at }) => at });

function trusting(yaml: string): Trust {
  writeFileSync(join(folder, "trust.yaml"), `format: 1\n${yaml}`);
  return readTrust(join(folder, "trust.yaml"));
}

describe("a statement with a timestamp", () => {
  let root: Certified;
  let stamping: EvidenceSigner;
  const byKey = "signers: [{ signs: judge, key: judge.pub.pem }]\n";
  const stamps = "timestamps: { authorities: [root.pem] }\n";

  beforeAll(async () => {
    root = await aCertificate({ name: "Root", ca: true });
    const signer = await aCertificate({ name: "Clock", by: root });
    writeFileSync(join(folder, "root.pem"), root.pem);
    const foreign = await aCertificate({ name: "Root", ca: true });
    writeFileSync(join(folder, "foreign.pem"), foreign.pem);
    const url = await serveAuthority(loopback, { signer });
    const file = join(folder, "signers.yaml");
    const judge = `{ key: "file:${join(folder, "key.pem")}" }`;
    writeFileSync(
      file,
      `format: 1\njudge: ${judge}\nregions: { eu: ${judge} }\ntimestamps: { url: "${url}", certificates: root.pem }`,
    );
    const signers = readSigners(file, ["eu"]);
    stamping = await openSigner(signers.judge, { timestamps: signers.timestamps });
  });

  test("opens where its authority is trusted, and also where nobody asks for the time", async () => {
    const bundle = await seal(made(), stamping);
    for (const trust of [byKey + stamps, byKey])
      expect(open(bundle, trusting(trust))).toMatchObject({ who: stamping.who });
  });

  test("does not open by another authority, because anybody can say what time it was", async () => {
    const trust = trusting(`${byKey}timestamps: { authorities: [foreign.pem] }`);
    expect(open(await seal(made(), stamping), trust)).toMatchObject({
      problem: expect.stringMatching(/its timestamp/),
    });
  });

  test("is demanded where the trust file demands it, and is not where it says so", async () => {
    const bare = await seal(made(), localSigner(key));
    expect(open(bare, trusting(byKey + stamps))).toEqual({ problem: "it carries no timestamp" });
    const lenient = trusting(`${byKey}timestamps: { authorities: [root.pem], required: false }`);
    expect(open(bare, lenient)).toMatchObject({ who: { kind: "key" } });
  });

  test("does not open when it was seen long after, or before, it says it was made", async () => {
    for (const awayMs of [-2 * 3_600_000, 2 * 3_600_000]) {
      const bundle = await seal(made(new Date(Date.now() + awayMs)), stamping);
      expect(open(bundle, trusting(byKey + stamps))).toMatchObject({
        problem: expect.stringMatching(/it says .* and Clock saw it at/),
      });
    }
  });

  test("is held against its key's window by the authority's time, because a thief dates back", async () => {
    const minuteAgo = new Date(Date.now() - 60_000);
    const ended = `signers: [{ signs: judge, key: judge.pub.pem, until: "${minuteAgo.toISOString()}" }]\n`;
    const backdated = await seal(made(new Date(Date.now() - 600_000)), stamping);
    expect(open(backdated, trusting(ended))).toMatchObject({ who: { kind: "key" } });
    expect(open(backdated, trusting(ended + stamps))).toMatchObject({
      problem: expect.stringMatching(/after its signer may sign/),
    });
  });
});

describe("a bundle has one text, because no signature covers how it is written", () => {
  test.each<[string, (text: string) => string]>([
    ["a space more", (text) => ` ${text}`],
    ["no line end", (text) => text.trimEnd()],
    ["another form", (text) => JSON.stringify(JSON.parse(text))],
    ["a key that stands twice", (text) => text.replace("{", '{\n  "mediaType": "another",')],
  ])("%s is refused", async (_what, alter) => {
    const trust = trusting("signers: [{ signs: judge, key: judge.pub.pem }]\n");
    const text = await seal(made(), localSigner(key));
    expect(open(text, trust)).toHaveProperty("statement");
    expect(open(alter(text), trust)).toEqual({
      problem: "the bundle's text is not the one that its content has",
    });
  });
});

/** Any bytes, as a bundle of the judge's. */
async function sealed(payload: string | Buffer, type = statementMediaType): Promise<string> {
  const { bundleToJSON, toDSSEBundle } = await import("@sigstore/bundle");
  const artifact = Buffer.from(payload);
  const { signature } = await localSigner(key).signer.sign(preAuthenticationEncoding(artifact, type));
  const keyHint = hintOf(key.fingerprint);
  const bundle = toDSSEBundle({ artifact, artifactType: type, signature, keyHint });
  const [signed] = bundle.content.dsseEnvelope.signatures;
  if (signed) signed.keyid = "";
  return bundleText(bundleToJSON(bundle));
}

const byJudge = "signers: [{ signs: judge, key: judge.pub.pem }]\n";

describe("a signed payload has one text, because readers of JSON disagree about a key that stands twice", () => {
  test.each<[string, (payload: string) => string]>([
    ["a key that stands twice", (payload) => payload.replace("{", '{"what":"a breach",')],
    ["a space more", (payload) => `${payload} `],
    ["a mark of its byte order", (payload) => `\u{feff}${payload}`],
  ])("%s is refused", async (_what, alter) => {
    const trust = trusting(byJudge);
    const payload = JSON.stringify(made());
    expect(open(await sealed(payload), trust)).toHaveProperty("statement");
    expect(open(await sealed(alter(payload)), trust)).toEqual({
      problem: expect.stringMatching(/text is not the one that its content has|cannot be read/),
    });
  });

  test("bytes that are no UTF-8 are refused, because many would read as the same text", async () => {
    const trust = trusting(byJudge);
    const payload = (what: string) => JSON.stringify({ ...made(), what });
    expect(open(await sealed(payload("\u{fffd}")), trust)).toHaveProperty("statement");
    const [before = "", after = ""] = payload("|").split("|");
    const bytes = Buffer.concat([Buffer.from(before), Buffer.of(0xff), Buffer.from(after)]);
    expect(open(await sealed(bytes), trust)).toEqual({ problem: "the signed payload is no UTF-8" });
  });

  test("a key that our reader passes over is refused, because others see it", async () => {
    const trust = trusting(byJudge);
    const grades = z.strictObject({ grades: z.record(z.string(), z.enum(["pass", "breached"])) });
    const opened = async (payload: string) =>
      openStatement(await sealed(payload), {
        ...{ role: "judge", trust, schema: grades, timeOf: () => made().at },
      });
    expect(await opened('{"grades":{"eu":"pass"}}')).toHaveProperty("statement");
    expect(await opened('{"grades":{"eu":"pass","__proto__":"breached"}}')).toEqual({
      problem: "the signed payload is not the statement that belongs here",
    });
  });
});

describe("what is signed is refused", () => {
  test("as something else than a statement, because it was not meant for one", async () => {
    const payload = JSON.stringify(made());
    expect(open(await sealed(payload, "text/plain"), trusting(byJudge))).toEqual({
      problem: 'the signed payload is of type "text/plain"',
    });
  });

  test("in a bundle of another version, because its parts may mean something else there", async () => {
    const another = "application/vnd.dev.sigstore.bundle+json;version=0.2";
    const text = await sealed(JSON.stringify(made()));
    const older = text.replace("application/vnd.dev.sigstore.bundle.v0.3+json", another);
    expect(open(older, trusting(byJudge))).toEqual({
      problem: `the bundle is of type ${JSON.stringify(another)}`,
    });
  });
});

describe("a statement signed by an identity", () => {
  const issuer = "https://token.ci.test";
  const subject = "https://ci.test/acme/.github/workflows/prove.yml@refs/heads/main";

  test("opens for that identity, in its role, and for no other", async () => {
    const { url, trustedRoot } = await aSigstore(loopback);
    const { TrustedRoot } = await import("@sigstore/protobuf-specs");
    writeFileSync(join(folder, "root.json"), JSON.stringify(TrustedRoot.toJSON(trustedRoot)));
    const signer = await openSigner(
      { identity: "oidc", fulcio: url, rekor: url },
      { environment: { SIGSTORE_ID_TOKEN: aToken({ sub: subject, iss: issuer }) } },
    );
    const bundle = await seal(made(), signer);
    const by = (whose: string, signs = "judge") =>
      trusting(
        `signers: [{ signs: ${signs}, trustedRoot: root.json, identity: { subject: "${whose}", issuer: "${issuer}" } }]`,
      );
    expect(open(bundle, by(subject))).toMatchObject({ who: { kind: "identity", subject, issuer } });
    expect(open(bundle, by("https://ci.test/mallory"))).toMatchObject({
      problem: expect.stringMatching(/signed by .*expected "https:\/\/ci\.test\/mallory"/),
    });
    expect(open(bundle, by(subject, "eu"))).toMatchObject({ problem: expect.stringMatching(/not among/) });
    expect(open(await seal(made(), localSigner(key)), by(subject))).toMatchObject({
      problem: expect.stringMatching(/not among/),
    });
  });

  test("is dated by the log that holds it, because whoever signs can say any time", async () => {
    const { url, trustedRoot } = await aSigstore(loopback);
    const { TrustedRoot } = await import("@sigstore/protobuf-specs");
    writeFileSync(join(folder, "dated.json"), JSON.stringify(TrustedRoot.toJSON(trustedRoot)));
    const signer = await openSigner(
      { identity: "oidc", fulcio: url, rekor: url },
      { environment: { SIGSTORE_ID_TOKEN: aToken({ sub: subject, iss: issuer }) } },
    );
    const until = (ago: number) => new Date(Date.now() - ago).toISOString();
    const window = (ends: string) =>
      trusting(
        `signers: [{ signs: judge, trustedRoot: dated.json, identity: { subject: "${subject}", issuer: "${issuer}" }${ends} }]`,
      );
    const tenMinutesAgo = await seal(made(new Date(Date.now() - 600_000)), signer);
    expect(open(tenMinutesAgo, window(""))).toHaveProperty("statement");
    expect(open(tenMinutesAgo, window(`, until: "${until(60_000)}"`))).toMatchObject({
      problem: expect.stringMatching(/after its signer may sign/),
    });
    const lastYear = await seal(made(new Date(Date.now() - 365 * 86_400_000)), signer);
    expect(open(lastYear, window(""))).toMatchObject({
      problem: expect.stringMatching(/it says .* and the log of signatures saw it at/),
    });
  });
});
