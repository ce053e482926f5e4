import type { Socket } from "node:net";
import { Duplex } from "node:stream";

const keptBytes = 64;
const recordHeaderBytes = 5;

/** A connection as a TLS client is given it, tapped. `cutIn`: the record that goes first is made two, cut in the
 *  middle of this text, which a server has to bear (RFC 8446, section 5.1). */
export class TappedSocket extends Duplex {
  /** The beginning of what came. */
  heard: Buffer = Buffer.alloc(0);
  /** The first of what was to be said has been. */
  hasSpoken = false;
  wasReset = false;
  readonly #socket: Socket;
  #cutIn: string | null;
  #held: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, { cutIn }: { cutIn: string | null }) {
    super();
    this.#socket = socket;
    this.#cutIn = cutIn;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      if (this.heard.length < keptBytes)
        this.heard = Buffer.concat([this.heard, chunk.subarray(0, keptBytes)]);
      if (!this.push(chunk)) socket.pause();
    });
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      this.wasReset = code === "ECONNRESET";
    });
    socket.on("end", () => this.push(null));
    socket.on("close", () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const parts = this.#cutIn === null ? [chunk] : this.#halves(chunk, this.#cutIn);
    const written = (error?: Error | null) => {
      this.hasSpoken ||= !error && parts.length > 0;
      done(error);
    };
    const last = parts.at(-1);
    for (const part of parts.slice(0, -1)) this.#socket.write(part);
    if (last) this.#socket.write(last, written);
    else done();
  }

  override _final(done: () => void): void {
    this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  /** Nothing until the first record is whole; and nothing ever, where the text is not in it. */
  #halves(chunk: Buffer, text: string): Buffer[] {
    this.#held = Buffer.concat([this.#held, chunk]);
    if (this.#held.length < recordHeaderBytes) return [];
    const end = recordHeaderBytes + this.#held.readUInt16BE(recordHeaderBytes - 2);
    const found = this.#held.indexOf(text);
    if (this.#held.length < end || found < 0) return [];
    this.#cutIn = null;
    const cut = found + Math.floor(text.length / 2);
    const bodies = [this.#held.subarray(recordHeaderBytes, cut), this.#held.subarray(cut, end)];
    const rest = this.#held.subarray(end);
    return [...bodies.map((body) => record(this.#held, body)), ...(rest.length > 0 ? [rest] : [])];
  }
}

/** Of the type and version of another. */
function record([type = 0, major = 0, minor = 0]: Buffer, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, major, minor, body.length >> 8, body.length & 255]), body]);
}
