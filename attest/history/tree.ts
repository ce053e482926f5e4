import { createHash } from "node:crypto";

/** The Merkle tree of RFC 6962, section 2.1, with SHA-256. A leaf and an inner node can never be taken for
 *  each other, because each is hashed with a prefix of its own. */
export function leafHash(entry: Uint8Array): Buffer {
  return createHash("sha256").update(Buffer.of(0)).update(entry).digest();
}

function nodeHash(left: Buffer, right: Buffer): Buffer {
  return createHash("sha256").update(Buffer.of(1)).update(left).update(right).digest();
}

/** The roots of the whole subtrees that a tree of this size falls into, the largest first: all that is needed
 *  to grow it. */
export interface Frontier {
  size: number;
  peaks: readonly Buffer[];
}

export const noFrontier: Frontier = { size: 0, peaks: [] };

export function grow({ size, peaks }: Frontier, leaf: Buffer): Frontier {
  const left = [...peaks];
  let hash = leaf;
  for (let carry = size; carry % 2 === 1; carry = (carry - 1) / 2) hash = nodeHash(taken(left.pop()), hash);
  return { size: size + 1, peaks: [...left, hash] };
}

export function rootOf({ peaks }: Frontier): Buffer {
  const [last, ...before] = peaks.toReversed();
  return before.reduce((right, left) => nodeHash(left, right), last ?? createHash("sha256").digest());
}

export function frontierOf(leaves: readonly Buffer[]): Frontier {
  return leaves.reduce(grow, noFrontier);
}

/** RFC 6962, section 2.1.1: the way from a leaf to the root. */
export function inclusionProof(leaves: readonly Buffer[], index: number): Buffer[] {
  if (!(index >= 0 && index < leaves.length)) throw new RangeError(`no leaf ${index} among ${leaves.length}`);
  if (leaves.length === 1) return [];
  const { left, right } = halves(leaves);
  return index < left.length
    ? [...inclusionProof(left, index), rootOf(frontierOf(right))]
    : [...inclusionProof(right, index - left.length), rootOf(frontierOf(left))];
}

/** RFC 6962, section 2.1.2: that a smaller tree is the beginning of this one. */
export function consistencyProof(leaves: readonly Buffer[], size: number): Buffer[] {
  if (!(size > 0 && size <= leaves.length)) throw new RangeError(`no tree of ${size} in ${leaves.length}`);
  return subproof(leaves, size, true);
}

function subproof(leaves: readonly Buffer[], size: number, known: boolean): Buffer[] {
  if (size === leaves.length) return known ? [] : [rootOf(frontierOf(leaves))];
  const { left, right } = halves(leaves);
  return size <= left.length
    ? [...subproof(left, size, known), rootOf(frontierOf(right))]
    : [...subproof(right, size - left.length, false), rootOf(frontierOf(left))];
}

function halves(leaves: readonly Buffer[]) {
  let size = 1;
  while (size * 2 < leaves.length) size *= 2;
  return { left: leaves.slice(0, size), right: leaves.slice(size) };
}

interface Inclusion {
  leaf: Buffer;
  index: number;
  size: number;
  proof: readonly Buffer[];
}

/** RFC 9162, section 2.1.3.2. */
export function includes(root: Buffer, { leaf, index, size, proof }: Inclusion): boolean {
  if (index < 0 || index >= size) return false;
  let [at, last, hash] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && hash.equals(root);
}

interface Head {
  size: number;
  root: Buffer;
}

/** RFC 9162, section 2.1.4.2. */
export function isBeginningOf(first: Head, second: Head, given: readonly Buffer[]): boolean {
  if (first.size <= 0 || first.size > second.size) return false;
  if (first.size === second.size) return given.length === 0 && first.root.equals(second.root);
  const proof = isPowerOfTwo(first.size) ? [first.root, ...given] : [...given];
  const start = proof.shift();
  if (!start) return false;
  let [at, last] = [first.size - 1, second.size - 1];
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  let [older, newer] = [start, start];
  for (const hash of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      older = nodeHash(hash, older);
      newer = nodeHash(hash, newer);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      newer = nodeHash(newer, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && older.equals(first.root) && newer.equals(second.root);
}

function half(count: number): number {
  return Math.floor(count / 2);
}

function isPowerOfTwo(size: number): boolean {
  return Number.isInteger(Math.log2(size));
}

function taken(hash: Buffer | undefined): Buffer {
  if (!hash) throw new TypeError("a frontier has a peak for every digit of its size");
  return hash;
}
