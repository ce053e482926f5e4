import "reflect-metadata";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Extension, KeyUsageFlags } from "@peculiar/x509";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkTimestamp, checkTimestamps } from "../../attest/timestamps/check.ts";
import { readToken } from "../../attest/timestamps/token.ts";
import { Loopback } from "../loopback.ts";
import { aCertificate, type Certified, type KeyKind, resigned, timeStamping } from "./a-certificate.ts";
import { aToken, enveloped, reply, stamped } from "./a-timestamp-authority.ts";

const loopback = new Loopback();
afterAll(() => loopback[Symbol.asyncDispose]());

const signature = randomBytes(72);
const yearMs = 365 * 86_400_000;
let root: Certified;
let signer: Certified;
let foreignRoot: Certified;

beforeAll(async () => {
  root = await aCertificate({ name: "Root", ca: true });
  foreignRoot = await aCertificate({ name: "Root", ca: true });
  signer = await aCertificate({ name: "Clock", by: root });
});

/** What an auditor's own tools say of an answer as it stands in a bundle. */
function saidByOpenssl(token: Buffer, trusted: Certified): string {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-tsa-"));
  try {
    for (const [name, content] of Object.entries({ token, signature, root: trusted.pem }))
      writeFileSync(join(folder, name), content);
    const args = ["ts", "-verify", "-in", "token", "-data", "signature", "-CAfile", "root"];
    const { stdout, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
    return stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("an authority's word on a signature", () => {
  test.each(["1.3.6.1.5.5.7.3.8", "2.5.29.37.0", "1.3.6.1.5.5.7.3.4 1.3.6.1.5.5.7.3.8"])(
    "holds below an intermediate for %s, which timestamps are among",
    async (names) => {
      const purposes = { names: names.split(" "), critical: false };
      const middle = await aCertificate({ name: "Middle", by: root, ca: true, purposes });
      const clock = await aCertificate({ name: "Clock", by: middle });
      const token = await aToken(signature, { signer: clock });
      expect(checkTimestamp(token, signature, [middle.pem])).toMatchObject({ authority: "Clock" });
    },
  );

  test("holds with what nobody has to understand in its certificate", async () => {
    const more = [new Extension("1.2.3.4.5", false, Uint8Array.of(5, 0))];
    const clock = await aCertificate({ name: "Clock", by: root, more });
    const token = await aToken(signature, { signer: clock });
    expect(checkTimestamp(token, signature, [root.pem])).toMatchObject({ authority: "Clock" });
  });

  test("holds below a trusted root that is signed over SHA-1 by itself, for which that counts for nothing", async () => {
    const old = await aCertificate({ name: "Old root", ca: true, hash: "SHA-1" });
    const same = await aCertificate({ name: "Old root", ca: true, keyOf: old });
    const clock = await aCertificate({ name: "Clock", by: same });
    const token = await aToken(signature, { signer: clock });
    expect(checkTimestamp(token, signature, [old.pem])).toMatchObject({ authority: "Clock" });
  });

  test("holds below an authority that signs by Ed25519, which has no hash to be too weak", async () => {
    const modern = await aCertificate({ name: "Modern root", ca: true, kind: "ed25519" });
    const clock = await aCertificate({ name: "Clock", by: modern });
    const token = await aToken(signature, { signer: clock });
    expect(checkTimestamp(token, signature, [modern.pem])).toMatchObject({ authority: "Clock" });
  });

  test.each<[KeyKind, Record<string, string>]>([
    ["p256", {}],
    ["p384", { signer_digest: "sha384" }],
    ["rsa", { signer_digest: "sha512" }],
    ["rsa", { ess_cert_id_alg: "sha1" }],
    ["rsa", { ess_cert_id_alg: "sha512", ess_cert_id_chain: "yes" }],
    ["p256", { accuracy: "secs:1, millisecs:500, microsecs:100", ordering: "yes", tsa_name: "yes" }],
    ["p256", { clock_precision_digits: "3" }],
  ])("holds from a standard one: %s %o", async (kind, settings) => {
    const one = await aCertificate({ name: "Clock", by: root, kind });
    const token = await stamped(loopback, signature, {
      answer: { signer: one, settings },
      certificates: root.pem,
    });
    const checked = checkTimestamp(token, signature, [root.pem]);
    expect(checked).toEqual({ time: expect.any(Date), authority: "Clock" });
    expect(Math.abs(Date.now() - ("time" in checked ? checked.time.getTime() : 0))).toBeLessThan(10_000);
    expect(saidByOpenssl(token, root)).toContain("Verification: OK");
  });

  test("holds through an intermediate that the authority sends, or that is trusted itself", async () => {
    const between = await aCertificate({ name: "Between", by: root, ca: true, pathLength: 0 });
    const below = await aCertificate({ name: "Clock", by: between });
    const token = await stamped(loopback, signature, {
      answer: { signer: below, chain: [between] },
      certificates: root.pem,
    });
    expect(checkTimestamp(token, signature, [root.pem])).toMatchObject({ authority: "Clock" });
    expect(checkTimestamp(token, signature, [between.pem])).toMatchObject({ authority: "Clock" });
    expect(checkTimestamp(token, signature, [below.pem])).toMatchObject({ authority: "Clock" });
  });

  test("holds without any certificate in it only where the authority's own is trusted", async () => {
    const token = await aToken(signature, { signer, withCertificate: false });
    expect(checkTimestamp(token, signature, [`${signer.pem}${root.pem}`])).toMatchObject({
      authority: "Clock",
    });
    expect(checkTimestamp(token, signature, [root.pem])).toEqual({
      problem: "its timestamp names a certificate that is neither in it nor among the trusted",
    });
  });

  test("says when, also long ago: what is too late is for the caller", async () => {
    const time = new Date("2020-02-03T04:05:06Z");
    const old = await aCertificate({ name: "Old root", ca: true, from: new Date("2019-01-01") });
    const clock = await aCertificate({ name: "Old clock", by: old, from: new Date("2019-01-01") });
    const token = await aToken(signature, { signer: clock, time });
    expect(checkTimestamp(token, signature, [old.pem])).toEqual({ time, authority: "Old clock" });
  });

  test("outlives the certificates that were good when it was made", async () => {
    const time = new Date("2020-02-03T04:05:06Z");
    const then = { from: new Date("2019-01-01"), until: new Date("2021-01-01") };
    const old = await aCertificate({ name: "Old root", ca: true, ...then });
    const clock = await aCertificate({ name: "Old clock", by: old, ...then });
    const token = await aToken(signature, { signer: clock, time });
    expect(checkTimestamp(token, signature, [old.pem])).toEqual({ time, authority: "Old clock" });
  });
});

describe("a timestamp is refused, and the reason is named,", () => {
  const past = { from: new Date(Date.now() - 2 * yearMs), until: new Date(Date.now() - yearMs) };
  const noCa = { name: "No authority", ca: false } as const;

  test.each<[string, () => Promise<{ token: Uint8Array; trusted?: string[]; over?: Buffer }>, RegExp]>([
    [
      "from another authority, of the same name",
      async () => ({ token: await reply(query(), { signer }), trusted: [foreignRoot.pem] }),
      /from an authority that is not trusted: Clock/,
    ],
    [
      "that somebody else signed as well, whom nobody looks at",
      async () => {
        const second = await aCertificate({ name: "Stranger", by: foreignRoot });
        return { token: await aToken(signature, { signer, second }) };
      },
      /has not exactly one signature/,
    ],
    [
      "of a version that nobody here knows",
      async () => ({ token: await aToken(signature, { signer, version: 2 }) }),
      /is of another version than 1/,
    ],
    [
      "with a critical extension that nobody here knows",
      async () => ({ token: await aToken(signature, { signer, withCritical: true }) }),
      /has a critical extension that is not known/,
    ],
    [
      "when nobody is trusted",
      async () => ({ token: await reply(query(), { signer }), trusted: [] }),
      /not trusted/,
    ],
    [
      "for another signature",
      async () => ({ token: await reply(query(), { signer }), over: randomBytes(72) }),
      /is for another signature/,
    ],
    [
      "with a certificate that had ended",
      async () => ({
        token: await reply(query(), { signer: await aCertificate({ name: "Late", by: root, ...past }) }),
      }),
      /certificate of Late, which was not valid at 20/,
    ],
    [
      "with a certificate that had not begun",
      async () => {
        const from = new Date(Date.now() + 86_400_000);
        return {
          token: await reply(query(), { signer: await aCertificate({ name: "Early", by: root, from }) }),
        };
      },
      /certificate of Early, which was not valid at 20/,
    ],
    [
      "below a root that had ended",
      async () => {
        const old = await aCertificate({ name: "Old root", ca: true, ...past });
        const clock = await aCertificate({ name: "Clock", by: old });
        return { token: await reply(query(), { signer: clock }), trusted: [old.pem] };
      },
      /certificate of Old root, which was not valid/,
    ],
    [
      "by a certificate without a purpose",
      async () => ({ token: await aToken(signature, { signer: await forPurposes(null) }) }),
      /is not for timestamps, and for them only/,
    ],
    [
      "by a certificate for timestamps that need not be heeded",
      async () => ({
        token: await aToken(signature, {
          signer: await forPurposes({ names: [timeStamping], critical: false }),
        }),
      }),
      /is not for timestamps, and for them only/,
    ],
    [
      "by a certificate whose key is not for signatures",
      async () => {
        const usage = KeyUsageFlags.keyEncipherment;
        const sealer = await aCertificate({ name: "Sealer", by: root, usage });
        return { token: await aToken(signature, { signer: sealer }) };
      },
      /certificate of Sealer, which is not for timestamps, and for them only/,
    ],
    [
      "by a certificate for servers, too",
      async () => ({
        token: await aToken(signature, {
          signer: await forPurposes({ names: [timeStamping, "1.3.6.1.5.5.7.3.1"], critical: true }),
        }),
      }),
      /is not for timestamps, and for them only/,
    ],
    [
      "below a certificate that is no authority's",
      async () => {
        const middle = await aCertificate({ ...noCa, by: root });
        const clock = await aCertificate({ name: "Clock", by: middle });
        return { token: await reply(query(), { signer: clock, chain: [middle] }) };
      },
      /not trusted|may not vouch/,
    ],
    [
      "below an intermediate for other ends",
      async () => {
        const middle = await aCertificate({
          name: "Mail",
          by: root,
          ca: true,
          purposes: { names: ["1.3.6.1.5.5.7.3.4"], critical: false },
        });
        const clock = await aCertificate({ name: "Clock", by: middle });
        return { token: await reply(query(), { signer: clock, chain: [middle] }) };
      },
      /certificate of Mail, which may not vouch/,
    ],
    [
      "below more intermediates than the root allows",
      async () => {
        const short = await aCertificate({ name: "Short", ca: true, pathLength: 0 });
        const middle = await aCertificate({ name: "Middle", by: short, ca: true });
        const clock = await aCertificate({ name: "Clock", by: middle });
        return { token: await reply(query(), { signer: clock, chain: [middle] }), trusted: [short.pem] };
      },
      /certificate of Short, which may not vouch/,
    ],
    [
      "with a key that can be broken",
      async () => {
        const weak = await aCertificate({ name: "Weak", by: root, kind: "rsa-1024" });
        return { token: await aToken(signature, { signer: weak }) };
      },
      /key that is too short/,
    ],
    [
      "signed as a mail",
      async () => ({ token: await aToken(signature, { signer, type: "1.2.840.113549.1.7.1" }) }),
      /says no time/,
    ],
    [
      "below an authority that still signs over SHA-1",
      async () => {
        const old = await aCertificate({ name: "Old root", ca: true, hash: "SHA-1" });
        const clock = await aCertificate({ name: "Clock", by: old });
        return { token: await aToken(signature, { signer: clock }), trusted: [old.pem] };
      },
      /certificate of Clock, which is signed over SHA-1, which can be forged/,
    ],
    [
      "below an authority that still signs over MD5",
      async () => {
        const old = await aCertificate({ name: "Old root", ca: true, kind: "rsa" });
        const made = await aCertificate({ name: "Clock", by: old });
        const clock = resigned(made, old, { algorithm: "1.2.840.113549.1.1.4", hash: "md5" });
        return { token: await aToken(signature, { signer: clock }), trusted: [old.pem] };
      },
      /certificate of Clock, which is signed in a way that is not known here: 1\.2\.840\.113549\.1\.1\.4/,
    ],
    [
      "by a certificate with a condition that is not known here",
      async () => {
        const more = [new Extension("1.2.3.4.5", true, Uint8Array.of(5, 0))];
        const odd = await aCertificate({ name: "Odd", by: root, more });
        return { token: await aToken(signature, { signer: odd }) };
      },
      /certificate of Odd, which has a critical extension that is not known: 1\.2\.3\.4\.5/,
    ],
    [
      "made under another certificate of the same key",
      async () => {
        const other = await aCertificate({ name: "Clock", by: root, keyOf: signer });
        const token = await aToken(signature, { signer, withCertificate: false });
        return { token, trusted: [root.pem, other.pem] };
      },
      /names a certificate that is neither in it nor among the trusted/,
    ],
    [
      "when its authority refused",
      async () => ({ token: await reply(query("sha384"), { signer, settings: { digests: "sha256" } }) }),
      /was refused by the authority: rejection/,
    ],
    ["when it is garbage", async () => ({ token: randomBytes(500) }), /cannot be read/],
    ["when it is empty", async () => ({ token: new Uint8Array() }), /cannot be read/],
    [
      "when something stands behind it",
      async () => ({ token: Buffer.concat([await reply(query(), { signer }), Buffer.from([5, 0])]) }),
      /cannot be read/,
    ],
    [
      "when it nests without an end",
      async () => ({ token: Buffer.alloc(60_000, Buffer.from([0x30, 0x80])) }),
      /cannot be read/,
    ],
  ])("%s", async (_what, make, reason) => {
    const { token, trusted = [root.pem], over = signature } = await make();
    expect(checkTimestamp(token, over, trusted)).toEqual({ problem: expect.stringMatching(reason) });
  });

  test("or says the same as before, with any one bit flipped", async () => {
    const token = await aToken(signature, { signer, withCertificate: false });
    const trusted = [`${signer.pem}${root.pem}`];
    const whole = checkTimestamp(token, signature, trusted);
    expect(whole).toMatchObject({ authority: "Clock" });
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.nat(7), (at, bit) => {
        const flipped = Buffer.from(token);
        flipped[at] = (token[at] ?? 0) ^ (1 << bit);
        const checked = checkTimestamp(flipped, signature, trusted);
        // What is outside the signature, such as the status, may differ; time and name may not.
        expect("problem" in checked ? whole : checked).toEqual(whole);
      }),
      { numRuns: 1500 },
    );
  });

  test("when its content was replaced, because the digest in what is signed tells", async () => {
    const token = await reply(query(), { signer });
    const at = token.indexOf(createHash("sha256").update(signature).digest());
    const other = randomBytes(72);
    createHash("sha256").update(other).digest().copy(token, at);
    expect(checkTimestamp(token, other, [root.pem])).toEqual({
      problem: "its timestamp was altered: its content is not what was signed",
    });
  });

  test("when content and digest were replaced, because nobody signed them", async () => {
    const token = await aToken(signature, { signer });
    const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
    const forged = randomBytes(72);
    const { content } = readToken(token);
    const start = token.indexOf(content);
    const attribute = token.indexOf(digest(content));
    digest(forged).copy(token, token.indexOf(digest(signature)));
    digest(token.subarray(start, start + content.length)).copy(token, attribute);
    expect(checkTimestamp(token, forged, [root.pem])).toEqual({
      problem: "its timestamp was altered: its signature does not hold",
    });
  });

  test("when a bit of its signature was flipped", async () => {
    const token = await aToken(signature, { signer });
    const last = token.length - 1;
    token[last] = (token[last] ?? 0) ^ 1;
    expect(checkTimestamp(token, signature, [root.pem])).toEqual({
      problem: "its timestamp was altered: its signature does not hold",
    });
  });

  test("when a bundle carries none, or one of two is wrong", async () => {
    const good = await reply(query(), { signer });
    const bundle = (...answers: Buffer[]) =>
      ({
        content: enveloped(signature),
        verificationMaterial: {
          timestampVerificationData: {
            rfc3161Timestamps: answers.map((signedTimestamp) => ({ signedTimestamp })),
          },
        },
      }) as Parameters<typeof checkTimestamps>[0];
    expect(checkTimestamps(bundle(), [root.pem])).toEqual({ problem: "it carries no timestamp" });
    expect(checkTimestamps(bundle(good), [root.pem])).toMatchObject({ authority: "Clock" });
    expect(checkTimestamps(bundle(good, randomBytes(90)), [root.pem])).toEqual({
      problem: "its timestamp cannot be read",
    });
    const early = await aToken(signature, { signer, time: new Date(Date.now() - 3_600_000) });
    const checked = checkTimestamps(bundle(good, early), [root.pem]);
    expect("time" in checked && checked.time.getTime()).toBeLessThan(Date.now() - 3_000_000);
  });

  async function forPurposes(purposes: { names: string[]; critical: boolean } | null): Promise<Certified> {
    return aCertificate({ name: "Odd", by: root, purposes });
  }

  /** A query as another client would write it. */
  function query(hash: "sha256" | "sha384" = "sha256"): Buffer {
    const digest = createHash(hash).update(signature).digest();
    const algorithm = hash === "sha256" ? "0609608648016503040201" : "0609608648016503040202";
    const imprint = Buffer.concat([
      Buffer.from(`300d${algorithm}0500`, "hex"),
      Buffer.from([0x04, digest.length]),
      digest,
    ]);
    const body = Buffer.concat([
      Buffer.from("020101", "hex"),
      Buffer.from([0x30, imprint.length]),
      imprint,
      Buffer.from("0101ff", "hex"),
    ]);
    return Buffer.concat([Buffer.from([0x30, body.length]), body]);
  }
});
