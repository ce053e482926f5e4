import { createHash, hash } from "node:crypto";

export function sha256(content: string | Uint8Array): string {
  return hash("sha256", content);
}

/** JSON with sorted keys, so that one value has one text (RFC 8785 for the values we use: no floats). */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(inOrder(value));
}

export function digestOf(value: unknown): string {
  return digestOfPieces(canonicalPieces(value));
}

/** SHA-256 of a text that comes in pieces. No piece may end within a character. */
export function digestOfPieces(pieces: Iterable<string>): string {
  const digest = createHash("sha256");
  for (const bytes of encoded(pieces)) digest.update(bytes);
  return digest.digest("hex");
}

const encoder = new TextEncoder();
const longestCharacter = 4;

/** The bytes (UTF-8) of a text that comes in pieces, in chunks: each is overwritten by the next one. */
export function* encoded(pieces: Iterable<string>): Generator<Uint8Array> {
  const bytes = new Uint8Array(1 << 20);
  let length = 0;
  for (const piece of joined(pieces)) {
    for (let at = 0; at < piece.length; ) {
      const rest = at === 0 ? piece : piece.slice(at);
      const { read, written } = encoder.encodeInto(rest, bytes.subarray(length));
      at += read;
      length += written;
      if (bytes.length - length > longestCharacter && at === piece.length) continue;
      yield bytes.subarray(0, length);
      length = 0;
    }
  }
  if (length > 0) yield bytes.subarray(0, length);
}

const charactersAtOnce = 1 << 16;

/** Many small pieces take longer to encode than one of them all. */
function* joined(pieces: Iterable<string>): Generator<string> {
  let text = "";
  for (const piece of pieces) {
    text += piece;
    if (text.length < charactersAtOnce) continue;
    yield text;
    text = "";
  }
  yield text;
}

const elementsPerPiece = 500;

/** The canonical JSON of a value that may be too long for one string, piece by piece. */
export function* canonicalPieces(value: unknown): Generator<string> {
  if (!isRecord(value)) {
    yield canonicalJson(value);
    return;
  }
  let before = "{";
  for (const key of Object.keys(
    Object.fromEntries(
      Object.keys(value)
        .sort()
        .map((one) => [one, null]),
    ),
  )) {
    const one = value[key];
    if (one === undefined) continue;
    yield `${before}${JSON.stringify(key)}:`;
    if (Array.isArray(one)) yield* elementPieces(one);
    else yield canonicalJson(one);
    before = ",";
  }
  yield before === "{" ? "{}" : "}";
}

function* elementPieces(all: readonly unknown[]): Generator<string> {
  yield "[";
  for (let start = 0; start < all.length; start += elementsPerPiece) {
    const some = canonicalJson(all.slice(start, start + elementsPerPiece)).slice(1, -1);
    yield start === 0 ? some : `,${some}`;
  }
  yield "]";
}

/** The same value with its keys in order; itself where they are. */
function inOrder(value: unknown): unknown {
  if (isInOrder(value)) return value;
  if (Array.isArray(value)) return value.map(inOrder);
  const entries = Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, one]) => [key, inOrder(one)]));
}

function isInOrder(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isInOrder);
  if (!isRecord(value)) return true;
  let last = "";
  for (const key in value) {
    if (key < last || !isInOrder(value[key])) return false;
    last = key;
  }
  return true;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !("toJSON" in value);
}
