import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { signingKey } from "../keys.ts";
import { localSigner } from "../signer.ts";
import { isSignedBy, noteKeyId, readCheckpoint, signCheckpoint } from "./checkpoint.ts";

const p256 = signingKey(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
const ed25519 = signingKey(generateKeyPairSync("ed25519").privateKey);
const publicOf = ({ publicPem }: typeof p256) => createPublicKey(publicPem);
const checkpoint = { origin: "ringfence-history/abc", size: 13, root: Buffer.alloc(32, 7) };
const signed = (key: typeof p256) => signCheckpoint(checkpoint, localSigner(key));
const read = (note: string) => {
  const opened = readCheckpoint(note);
  if (!opened) throw new Error(`no checkpoint: ${note}`);
  return opened;
};

describe.each([
  ["ECDSA P-256", p256],
  ["Ed25519", ed25519],
])("a checkpoint signed by %s", (_name, key) => {
  test("is three lines, an empty one, and the signature, and is read back as it was", async () => {
    const note = await signed(key);
    expect(note).toMatch(
      /^ringfence-history\/abc\n13\n[A-Za-z0-9+/]{43}=\n\n— ringfence-history\/abc [A-Za-z0-9+/=]+\n$/,
    );
    expect(read(note).checkpoint).toEqual(checkpoint);
    expect(isSignedBy(read(note), [publicOf(key)])).toBe(true);
  });

  test("is of nobody else, though others sign as well", async () => {
    const stranger = key === p256 ? ed25519 : p256;
    const note = await signed(key);
    expect(isSignedBy(read(note), [publicOf(stranger)])).toBe(false);
    const both = note + (await signed(stranger)).split("\n\n")[1];
    expect(isSignedBy(read(both), [publicOf(key)])).toBe(true);
    expect(isSignedBy(read(both), [])).toBe(false);
  });

  test("is worth nothing once any character of it is another", async () => {
    const note = await signed(key);
    fc.assert(
      fc.property(fc.nat({ max: note.length - 1 }), fc.constantFrom(..."0aA/\n +"), (at, character) => {
        fc.pre(note[at] !== character);
        const altered = readCheckpoint(note.slice(0, at) + character + note.slice(at + 1));
        expect(altered !== null && isSignedBy(altered, [publicOf(key)])).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

test("the key's id of Ed25519 is that of the example of Go's sumdb/note, the reference implementation", () => {
  const [, id = "", encoded = ""] =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".split("+");
  const x = Buffer.from(encoded, "base64").subarray(1).toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  expect(noteKeyId("PeterNeumann", key)?.toString("hex")).toBe(id);
});

test("Sigstore's verifier takes one signed by ECDSA, too, because it was written by others", async () => {
  const require = createRequire(import.meta.url);
  const folder = join(require.resolve("@sigstore/verify/package.json"), "..", "dist", "tlog");
  const { verifyCheckpoint } = require(join(folder, "checkpoint.js")) as {
    verifyCheckpoint(entry: object, logs: object[]): { origin: string; logSize: bigint; logHash: Buffer };
  };
  const entry = { inclusionProof: { checkpoint: { envelope: await signed(p256) } } };
  const publicKey = publicOf(p256);
  const logs = [{ logID: Buffer.from(p256.fingerprint, "hex"), publicKey, baseURL: checkpoint.origin }];
  expect(verifyCheckpoint(entry, logs)).toMatchObject({ origin: checkpoint.origin, logSize: 13n });
});

test.each([0, 1, 10, 109, 999_999_999])("of %d records it is read back as such", async (size) => {
  const note = await signCheckpoint({ ...checkpoint, size }, localSigner(p256));
  expect(read(note).checkpoint.size).toBe(size);
});

test("a signature that stands twice makes it none, because its bytes would be others and its word the same", async () => {
  const note = await signed(p256);
  expect(readCheckpoint(`${note}${note.split("\n\n")[1]}`)).toBe(null);
});

test.each<[string, (line: string) => string]>([
  ["has a word more", (line) => `${line} more`],
  ["has no name", (line) => line.replace(/ \S+ /, "  ")],
  ["begins with another mark", (line) => line.replace("\u2014", "-")],
  ["has no signature behind the key's id", (line) => line.replace(/\S+$/, "AAAAAA==")],
  ["is encoded in another way than one", (line) => line.replace(/\S+$/, "AAAAAAAB=")],
  ["is empty", () => ""],
])(
  "a line beside the signature that %s makes it none, because no signature covers it",
  async (_what, other) => {
    const note = await signed(p256);
    const line = (await signed(ed25519)).split("\n\n")[1]?.trimEnd() ?? "";
    expect(readCheckpoint(`${note}${line}\n`)).not.toBe(null);
    expect(readCheckpoint(`${note}${other(line)}\n`)).toBe(null);
  },
);

test("more signatures than sixteen make it none, because each has to be looked at", async () => {
  const [text = "", own = ""] = (await signed(p256)).split("\n\n");
  const others = Array.from({ length: 16 }, (_, index) => `\u2014 witness-${index} AAAAAAAA\n`);
  const note = (count: number) => `${text}\n\n${own}${others.slice(0, count).join("")}`;
  expect(isSignedBy(read(note(15)), [publicOf(p256)])).toBe(true);
  expect(readCheckpoint(note(16))).toBe(null);
});

test("a signature of another name is not the log's, even by its key", async () => {
  const note = await signed(p256);
  const renamed = note.replace("— ringfence-history/abc", "— ringfence-history/abd");
  expect(isSignedBy(read(renamed), [publicOf(p256)])).toBe(false);
});

test("a known key's bad signature spoils the note, because somebody tried", async () => {
  const note = await signed(p256);
  const other = (await signCheckpoint({ ...checkpoint, size: 14 }, localSigner(p256))).split("\n\n")[1];
  expect(isSignedBy(read(note + other), [publicOf(p256)])).toBe(false);
});

test.each([
  "",
  "\n\n",
  "origin\n1\n\n— origin AAAAAAA=\n",
  `o\n01\n${"A".repeat(43)}=\n\n— o AAAAAAAA\n`,
  `o\n1\n${"A".repeat(43)}=\nextension\n\n— o AAAAAAAA\n`,
  `o\n1\n${"A".repeat(43)}=\n\n\n— o AAAAAAAA\n`,
  `o\n1\n${"A".repeat(42)}B=\n\n— o AAAAAAAA\n`,
  `o\n1\n${"A".repeat(40)}\n\n— o AAAAAAAA\n`,
  `o\n1234567890\n${"A".repeat(43)}=\n\n— o AAAAAAAA\n`,
  `o o\n1\n${"A".repeat(43)}=\n\n— o AAAAAAAA\n`,
  `o\n1\n${"A".repeat(43)}=\n\n`,
  `o\n1\n${"A".repeat(43)}=\n\n-- o AAAAAAAA\n`,
  `o\n1\n${"A".repeat(43)}=\n\n— o AAAAAAAA`,
])("%j is no checkpoint", (note) => {
  expect(readCheckpoint(note)).toBe(null);
});

test("any text is read or refused, and never thrown at", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void readCheckpoint(text)));
});

test("a signer whose key nobody can look up cannot sign a log", async () => {
  const { signer } = localSigner(p256);
  const p384 = signingKey(generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey).publicPem;
  for (const publicPem of [null, p384])
    await expect(signCheckpoint(checkpoint, { signer, publicPem })).rejects.toMatchObject({
      code: "SIGNER_INVALID",
    });
});
