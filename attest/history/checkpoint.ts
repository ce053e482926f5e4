import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { RingfenceError } from "../../core/errors.ts";
import type { EvidenceSigner } from "../signer.ts";

/** What a log was at a time: its name, its number of records, and the root of the tree over them. */
export interface Checkpoint {
  origin: string;
  size: number;
  root: Buffer;
}

interface NoteSignature {
  name: string;
  keyId: Buffer;
  signature: Buffer;
}

export interface SignedCheckpoint {
  checkpoint: Checkpoint;
  /** What the signatures are over. */
  text: string;
  signatures: readonly NoteSignature[];
}

const dash = "\u2014";

/** A log's name, which is also the name of the key in its checkpoints: no space and no plus sign. */
export const originPattern = /^[^\s+\p{Cc}]{1,200}$/u;

function noteText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString("base64")}\n`;
}

/** A checkpoint of C2SP tlog-checkpoint, as a signed note (c2sp.org/signed-note). Throws SIGNER_INVALID. */
export async function signCheckpoint(
  checkpoint: Checkpoint,
  { signer, publicPem }: Pick<EvidenceSigner, "signer" | "publicPem">,
): Promise<string> {
  const text = noteText(checkpoint);
  const keyId = requireKeyId(checkpoint.origin, publicPem);
  const { signature } = await signer.sign(Buffer.from(text));
  return `${text}\n${dash} ${checkpoint.origin} ${Buffer.concat([keyId, signature]).toString("base64")}\n`;
}

/** Throws SIGNER_INVALID for whoever has no key by which a reader could know the log. */
export function requireKeyId(origin: string, publicPem: string | null): Buffer {
  const keyId = publicPem && noteKeyId(origin, createPublicKey(publicPem));
  if (keyId) return keyId;
  const message = "a history needs a judge who signs with a lasting key: ECDSA P-256 or Ed25519";
  throw new RingfenceError("SIGNER_INVALID", message, {
    fix: "name a key for the judge, or run without --history",
  });
}

/** Which key signed, and by what algorithm. signed-note gives Ed25519 the type 0x01, whose id is over name,
 *  type and key; ECDSA has 0x02, whose id is over the DER of the SubjectPublicKeyInfo alone. */
export function noteKeyId(name: string, key: KeyObject): Buffer | null {
  const hash = createHash("sha256");
  const { crv, x = "" } = key.export({ format: "jwk" });
  if (crv === "Ed25519")
    return hash.update(`${name}\n`).update(Buffer.of(1)).update(x, "base64url").digest().subarray(0, 4);
  if (crv === "P-256")
    return hash
      .update(key.export({ type: "spki", format: "der" }))
      .digest()
      .subarray(0, 4);
  return null;
}

const mostSignatures = 16;

/** Reads one back, and believes nothing of it yet; null where it is no checkpoint. */
export function readCheckpoint(note: string): SignedCheckpoint | null {
  const end = note.lastIndexOf("\n\n");
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2).split("\n");
  if (end < 0 || lines.pop() !== "" || lines.length > mostSignatures) return null;
  const [origin = "", size = "", root = "", ...more] = text.split("\n");
  const hash = Buffer.from(root, "base64");
  if (more.join("") !== "" || more.length !== 1 || !originPattern.test(origin)) return null;
  if (!/^(0|[1-9]\d{0,8})$/.test(size) || hash.length !== 32 || hash.toString("base64") !== root) return null;
  if (new Set(lines).size < lines.length) return null;
  const signatures = lines.map(readSignature);
  if (signatures.length === 0 || signatures.some((signature) => signature === null)) return null;
  return {
    checkpoint: { origin, size: Number(size), root: hash },
    text,
    signatures: signatures.filter((signature) => signature !== null),
  };
}

function readSignature(line: string): NoteSignature | null {
  const [mark, name = "", encoded = "", ...more] = line.split(" ");
  const bytes = Buffer.from(encoded, "base64");
  if (mark !== dash || more.length > 0 || name === "" || bytes.length < 5) return null;
  if (bytes.toString("base64") !== encoded) return null;
  return { name, keyId: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

/** Whether one of these keys signed it in the log's own name. A signature of a known key that does not hold
 *  spoils the note, whatever else is under it. */
export function isSignedBy(
  { checkpoint, text, signatures }: SignedCheckpoint,
  keys: readonly KeyObject[],
): boolean {
  const known = signatures.flatMap(({ name, keyId, signature }) =>
    keys
      .filter((key) => name === checkpoint.origin && noteKeyId(name, key)?.equals(keyId))
      .map((key) => ({ key, signature })),
  );
  return known.length > 0 && known.every(({ key, signature }) => holds(text, key, signature));
}

function holds(text: string, key: KeyObject, signature: Buffer): boolean {
  const digest = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  return verify(digest, Buffer.from(text), { key, dsaEncoding: "der" }, signature);
}
