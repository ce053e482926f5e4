import type { Duplex } from "node:stream";

/** Bytes that are no PostgreSQL must not reach pg's parser, which reads an error or a notice without an
 *  end for ever, and throws out of an event handler at what it does not know: either would take the whole
 *  region's run down. Message formats: PostgreSQL 18, chapter 54.7. */

const header = 5;
const longestMessage = 1024 * 1024;
/** No query of a probe asks for more; every row costs pg far more memory than it has bytes. */
const mostSinceReady = 2000;
const mostMessages = 100_000;

/** The stream as pg's parser may listen to it: it gets only what is well-formed so far, and what it throws
 *  ends the connection (NOT_POSTGRES) instead of the process. */
export function guardedStream(stream: Duplex): Pick<Duplex, "on"> {
  const on = (event: string, listener: (given: Buffer) => void) =>
    stream.on(event, event === "data" ? guarded(stream, listener) : listener);
  return { on: on as Duplex["on"] };
}

function guarded(stream: Duplex, parse: (chunk: Buffer) => void): (chunk: Buffer) => void {
  const check = messagesOnly();
  return (chunk) => {
    if (stream.destroyed) return;
    try {
      check(chunk);
      parse(chunk);
    } catch (cause) {
      stream.destroy(Object.assign(new Error("not PostgreSQL", { cause }), { code: "NOT_POSTGRES" }));
    }
  };
}

/** Throws at a malformed message, and at too many of them. */
function messagesOnly(): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let sinceReady = 0;
  let all = 0;
  return (chunk) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    while (at + header <= bytes.length) {
      const type = String.fromCharCode(bytes[at] ?? 0);
      const length = bytes.readUInt32BE(at + 1);
      if (length < 4 || length > longestMessage) throw new RangeError("a length that no message has");
      const end = at + 1 + length;
      if (end > bytes.length) break;
      if ((type === "E" || type === "N") && !hasFields(bytes.subarray(at + header, end)))
        throw new RangeError("an error without an end");
      sinceReady = type === "Z" ? 0 : sinceReady + 1;
      if (sinceReady > mostSinceReady || ++all > mostMessages) throw new RangeError("too many messages");
      at = end;
    }
    rest = bytes.subarray(at);
  };
}

/** A type byte and a zero-terminated string, again and again, and a zero at the end. */
function hasFields(body: Buffer): boolean {
  let at = 0;
  while (at < body.length && body[at] !== 0) {
    const end = body.indexOf(0, at + 1);
    if (end < 0) return false;
    at = end + 1;
  }
  return at === body.length - 1;
}
