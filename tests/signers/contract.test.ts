import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import type { Bundle } from "@sigstore/bundle";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fingerprintOf, readPublicKey } from "../../attest/keys.ts";
import { type EvidenceSigner, SignerIdentity } from "../../attest/signer.ts";
import { keyFileSigner } from "../../attest/signers/key-file.ts";
import { keylessSigner } from "../../attest/signers/keyless.ts";
import { kmsSigner } from "../../attest/signers/kms.ts";
import { type KeyType, makeKey } from "../../attest/signers/make-key.ts";
import { openKeyed, openKeyless } from "../../attest/signers/open.ts";
import { checkTimestamps } from "../../attest/timestamps/check.ts";
import { timestampWitness } from "../../attest/timestamps/witness.ts";
import { RingfenceError } from "../../core/errors.ts";
import { Loopback } from "../loopback.ts";
import { aCertificate, type Certified } from "./a-certificate.ts";
import { aKms, keyArn, kmsCredentials, refuse } from "./a-kms.ts";
import { aSigstore, aToken, reply } from "./a-sigstore.ts";
import { aBundle, altered, statement } from "./a-statement.ts";
import { serveAuthority } from "./a-timestamp-authority.ts";

/** What every signer promises, whoever holds its key. */

const loopback = new Loopback();
const folder = mkdtempSync(join(tmpdir(), "ringfence-signers-"));
afterAll(async () => {
  await loopback[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

type Opening = ReturnType<typeof openKeyed> | ReturnType<typeof openKeyless>;

interface Party {
  signer: EvidenceSigner;
  open(bundle: Bundle): Opening;
  /** Makes a signer of this kind fail, holding secrets. */
  fail(): Promise<unknown>;
  secrets: string[];
}

let made = 0;
const passphrase = "correct-horse-battery-staple";

async function keyFileParty(type: KeyType, phrase?: string): Promise<Party> {
  const { keyFile, publicFile } = makeKey(folder, `key-${made++}`, { type, passphrase: phrase });
  const environment = phrase === undefined ? {} : { RINGFENCE_PASSPHRASE: phrase };
  const pem = readFileSync(keyFile, "utf8");
  return {
    signer: keyFileSigner({ file: keyFile, environment }),
    open: (bundle) => openKeyed(bundle, [readPublicKey(publicFile)]),
    async fail() {
      writeFileSync(keyFile, pem.replace(/(\n.{30})./, "$1!"));
      keyFileSigner({ file: keyFile, environment: { RINGFENCE_PASSPHRASE: phrase } });
    },
    secrets: [...(phrase === undefined ? [] : [phrase]), ...pem.split("\n").slice(1, -2)],
  };
}

async function kmsParty(): Promise<Party> {
  let denied = false;
  const kms = await aKms(loopback, {
    instead: ({ headers }, response) =>
      denied ? refuse(response, 403, "AccessDeniedException", JSON.stringify(headers)) : null,
  });
  const signer = await kmsSigner({ key: keyArn, endpoint: kms.endpoint, credentials: kmsCredentials });
  const trusted = [{ key: kms.publicKey, fingerprint: fingerprintOf(kms.publicKey) }];
  return {
    signer,
    open: (bundle) => openKeyed(bundle, trusted),
    async fail() {
      denied = true;
      await signer.signer.sign(Buffer.from("x"));
    },
    secrets: [kmsCredentials.secretAccessKey, kmsCredentials.sessionToken],
  };
}

async function keylessParty(): Promise<Party> {
  const policy = { subject: `https://ci.test/job-${made++}`, issuer: "https://token.ci.test" };
  const token = aToken({ sub: policy.subject, iss: policy.issuer });
  let denied = false;
  const sigstore = await aSigstore(loopback, {
    instead: ({ body }, response) =>
      denied ? reply(response, 400, JSON.stringify({ message: body })) : null,
  });
  const make = () =>
    keylessSigner({
      fulcioUrl: sigstore.url,
      rekorUrl: sigstore.url,
      environment: { SIGSTORE_ID_TOKEN: token },
    });
  return {
    signer: await make(),
    open: (bundle) => openKeyless(bundle, { trustedRoot: sigstore.trustedRoot, ...policy }),
    async fail() {
      denied = true;
      await make();
    },
    secrets: [token],
  };
}

const parties: [string, () => Promise<Party>][] = [
  ["a P-256 key in a file", () => keyFileParty("p256")],
  ["an Ed25519 key in a file", () => keyFileParty("ed25519")],
  ["an encrypted P-256 key in a file", () => keyFileParty("p256", passphrase)],
  ["an encrypted Ed25519 key in a file", () => keyFileParty("ed25519", passphrase)],
  ["a key in AWS KMS", kmsParty],
  ["an identity of a CI job", keylessParty],
];

describe.each(parties)("%s", (_name, make) => {
  let party: Party;
  let other: Party;
  let bundle: Bundle;
  let root: Certified;
  let clock: Certified;

  beforeAll(async () => {
    [party, other] = [await make(), await make()];
    bundle = await aBundle(party.signer);
    root = await aCertificate({ name: "Root", ca: true });
    clock = await aCertificate({ name: "Clock", by: root });
  });

  test("says who it is as evidence names it", () => {
    expect(SignerIdentity.parse(party.signer.who)).toEqual(party.signer.who);
    expect(other.signer.who).not.toEqual(party.signer.who);
  });

  test("makes a Sigstore bundle v0.3 with one signature over the statement", () => {
    expect(bundle.mediaType).toBe("application/vnd.dev.sigstore.bundle.v0.3+json");
    expect(bundle.content).toMatchObject({
      $case: "dsseEnvelope",
      dsseEnvelope: {
        payloadType: "application/vnd.in-toto+json",
        payload: Buffer.from(statement),
        signatures: [{ sig: expect.any(Buffer) }],
      },
    });
  });

  test("opens with its trust, and with nobody else's of its kind", () => {
    expect(party.open(bundle)).toEqual({ who: party.signer.who });
    expect(other.open(bundle)).toEqual({ problem: expect.stringMatching(/trusted/) });
  });

  test.each<[string, Parameters<typeof altered>[1]]>([
    [
      "a changed payload",
      ({ dsseEnvelope }) => {
        dsseEnvelope.payload = Buffer.from(statement.replace("[]", "[1]")).toString("base64");
      },
    ],
    [
      "a changed type of the payload",
      ({ dsseEnvelope }) => {
        dsseEnvelope.payloadType = "text/plain";
      },
    ],
    [
      "a changed signature",
      ({ dsseEnvelope: { signatures } }) => {
        const [one] = signatures;
        const bytes = Buffer.from(one?.sig ?? "", "base64");
        bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
        if (one) one.sig = bytes.toString("base64");
      },
    ],
    [
      "another key's name beside the signature",
      ({ dsseEnvelope: { signatures } }) => {
        if (signatures[0]) signatures[0].keyid = "c29tZWJvZHkgZWxzZQ==";
      },
    ],
    [
      "next to no signature",
      ({ dsseEnvelope }) => {
        dsseEnvelope.signatures = [{ sig: "AA==", keyid: dsseEnvelope.signatures[0]?.keyid ?? "" }];
      },
    ],
  ])("does not open with %s", (_what, change) => {
    expect(party.open(altered(bundle, change))).toEqual({ problem: expect.any(String) });
  });

  test("does not open with the name of another on it", async () => {
    const [mine, theirs] = [structuredClone(bundle), await aBundle(other.signer)];
    mine.verificationMaterial.content = theirs.verificationMaterial.content;
    expect(party.open(mine)).toEqual({ problem: expect.any(String) });
    expect(other.open(mine)).toEqual({ problem: expect.any(String) });
  });

  test.each([
    ["almost nothing", "{}"],
    ["more than KMS takes at once", JSON.stringify("x".repeat(70_000))],
    ["every script", JSON.stringify("Ωмега 한국어 \u{1f512}")],
  ])("signs a statement of %s", async (_what, data) => {
    expect(party.open(await aBundle(party.signer, data))).toEqual({ who: party.signer.who });
  });

  test("takes an authority's timestamp, which is of this signature only", async () => {
    const url = await serveAuthority(loopback, { signer: clock });
    const witness = timestampWitness({ url, certificates: root.pem });
    const stamped = await aBundle({ ...party.signer, witnesses: [...party.signer.witnesses, witness] });
    expect(party.open(stamped)).toEqual({ who: party.signer.who });
    expect(checkTimestamps(stamped, [root.pem])).toEqual({ time: expect.any(Date), authority: "Clock" });
    const { timestampVerificationData } = stamped.verificationMaterial;
    const another = await aBundle(party.signer, "{}");
    const moved = {
      ...another,
      verificationMaterial: { ...another.verificationMaterial, timestampVerificationData },
    };
    expect(checkTimestamps(moved, [root.pem])).toEqual({
      problem: "its timestamp is for another signature",
    });
    expect(checkTimestamps(bundle, [root.pem])).toEqual({ problem: "it carries no timestamp" });
  });

  test("fails with an error of ours, and no secret is in it", async () => {
    const failing = await make();
    const error = await failing.fail().then(
      () => expect.fail("it did not fail"),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(RingfenceError);
    const shown = inspect(error, { depth: 12, showHidden: true });
    for (const secret of failing.secrets) expect(shown).not.toContain(secret);
    expect(failing.secrets.join("")).not.toBe("");
  });
});
