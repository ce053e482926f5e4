import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  consistencyProof,
  frontierOf,
  grow,
  includes,
  inclusionProof,
  isBeginningOf,
  leafHash,
  noFrontier,
  rootOf,
} from "./tree.ts";

/** RFC 6962, section 2.1, word for word: independent of what is tested. */
function naiveRoot(entries: readonly Uint8Array[]): Buffer {
  const hash = (...parts: Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
  if (entries.length === 0) return hash();
  if (entries.length === 1) return hash(Buffer.of(0), entries[0] as Uint8Array);
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return hash(Buffer.of(1), naiveRoot(entries.slice(0, k)), naiveRoot(entries.slice(k)));
}

const entries = fc.array(fc.uint8Array({ maxLength: 4 }), { minLength: 1, maxLength: 70 });
const rootAt = (all: readonly Uint8Array[], size = all.length) =>
  rootOf(frontierOf(all.slice(0, size).map(leafHash)));

describe("the root", () => {
  test("of no record is that of the RFC, and of known entries those of the reference implementation", () => {
    expect(rootAt([]).toString("hex")).toBe(createHash("sha256").digest("hex"));
    // Test vectors of Certificate Transparency's first log.
    const inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"];
    const all = [...inputs, "606162636465666768696a6b6c6d6e6f"].map((hex) => Buffer.from(hex, "hex"));
    expect(rootAt(all).toString("hex")).toBe(
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    );
  });

  test("is the one of an independent reckoning, at every size", () => {
    fc.assert(
      fc.property(entries, (all) => {
        let frontier = noFrontier;
        for (const [index, entry] of all.entries()) {
          frontier = grow(frontier, leafHash(entry));
          expect(rootOf(frontier).equals(naiveRoot(all.slice(0, index + 1)))).toBe(true);
        }
      }),
    );
  });
});

const place = entries.chain((all) =>
  fc.record({
    all: fc.constant(all),
    one: fc.integer({ min: 0, max: all.length - 1 }),
    other: fc.integer({ min: 0, max: all.length - 1 }),
    flip: fc.nat(),
  }),
);

/** Any one bit of any hash of a proof, turned over; the proof itself where it is empty. */
function bent(proof: readonly Buffer[], flip: number): Buffer[] {
  const copy = proof.map((hash) => Buffer.from(hash));
  const hash = copy[flip % Math.max(1, copy.length)];
  if (!hash) return [Buffer.alloc(32)];
  hash[flip % 32] = (hash[flip % 32] as number) ^ (1 << (flip % 8));
  return copy;
}

describe("an inclusion proof", () => {
  test("holds for its record at its place, and for no other record, place, size, root or hash", () => {
    fc.assert(
      fc.property(place, ({ all, one, other, flip }) => {
        const leaves = all.map(leafHash);
        const [root, size] = [rootAt(all), all.length];
        const proven = { leaf: leafHash(all[one] as Uint8Array), index: one, size };
        const proof = inclusionProof(leaves, one);
        expect(includes(root, { ...proven, proof })).toBe(true);
        expect(includes(root, { ...proven, proof: bent(proof, flip) })).toBe(false);
        expect(includes(root, { ...proven, proof: [...proof, root] })).toBe(false);
        expect(includes(root, { ...proven, proof: proof.slice(1) })).toBe(proof.length === 0);
        expect(includes(bent([root], flip)[0] as Buffer, { ...proven, proof })).toBe(false);
        expect(includes(root, { ...proven, proof, leaf: leafHash(Buffer.from("another")) })).toBe(false);
        if (!leaves[other]?.equals(proven.leaf))
          expect(includes(root, { ...proven, proof, index: other })).toBe(false);
        expect(includes(root, { ...proven, proof, index: size })).toBe(false);
      }),
    );
  });

  test("is one that Sigstore's verifier takes, too, because it was written by others", () => {
    const packageFile = createRequire(import.meta.url).resolve("@sigstore/verify/package.json");
    const { verifyMerkleInclusion } = createRequire(import.meta.url)(
      join(packageFile, "..", "dist", "tlog", "merkle.js"),
    ) as { verifyMerkleInclusion(entry: object, checkpoint: object): void };
    fc.assert(
      fc.property(place, ({ all, one }) => {
        const leaves = all.map(leafHash);
        const entry = {
          canonicalizedBody: Buffer.from(all[one] as Uint8Array),
          inclusionProof: {
            logIndex: String(one),
            treeSize: String(all.length),
            hashes: inclusionProof(leaves, one),
          },
        };
        const checkpoint = { logSize: BigInt(all.length), logHash: rootAt(all) };
        expect(() => verifyMerkleInclusion(entry, checkpoint)).not.toThrow();
      }),
    );
  });
});

describe("a consistency proof", () => {
  test("holds between a log and its own beginning, and for no other root, size or hash", () => {
    fc.assert(
      fc.property(place, ({ all, one, flip }) => {
        const size = one + 1;
        const proof = consistencyProof(all.map(leafHash), size);
        const [first, second] = [
          { size, root: rootAt(all, size) },
          { size: all.length, root: rootAt(all) },
        ];
        expect(isBeginningOf(first, second, proof)).toBe(true);
        expect(isBeginningOf(first, second, bent(proof, flip))).toBe(false);
        expect(isBeginningOf(first, second, [...proof, second.root])).toBe(false);
        const bentRoot = bent([first.root], flip)[0] as Buffer;
        expect(isBeginningOf({ size, root: bentRoot }, second, proof)).toBe(false);
        expect(isBeginningOf(first, { ...second, root: bentRoot }, proof)).toBe(false);
        expect(isBeginningOf({ ...first, size: all.length + 1 }, second, proof)).toBe(false);
      }),
    );
  });

  test("cannot be made for a log in which one early record is another", () => {
    fc.assert(
      fc.property(place, ({ all, one, flip }) => {
        const size = one + 1;
        const first = { size, root: rootAt(all, size) };
        const rewritten = all.with(flip % size, Buffer.from("rewritten"));
        const second = { size: all.length, root: rootAt(rewritten) };
        expect(isBeginningOf(first, second, consistencyProof(rewritten.map(leafHash), size))).toBe(false);
      }),
    );
  });
});

test("what does not exist is refused, and not proven", () => {
  expect(() => inclusionProof([], 0)).toThrow(RangeError);
  expect(() => inclusionProof([leafHash(Buffer.of(1))], Number.NaN)).toThrow(RangeError);
  expect(() => consistencyProof([leafHash(Buffer.of(1))], 2)).toThrow(RangeError);
});
