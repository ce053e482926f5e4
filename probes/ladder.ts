import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { endianness } from "node:os";
import type { TLSSocket } from "node:tls";
import ipaddr from "ipaddr.js";
import { height, higher, type Rung, rungs } from "../core/vocabulary.ts";

/** A far system has nothing long to say: a canary has 60 bytes. */
const longestAnswerBytes = 64 * 1024;

/** A code when these bytes, after those before them, are not what such a server sends. */
type CheckBytes = (chunk: Buffer) => string | null;

/** Watches the sockets of one try and says how high it climbed. A client library can be wrong about
 *  what happened; its socket cannot. A socket that is sent more than `longestAnswerBytes` is cut off. */
export class Ladder {
  climbed: Rung | null = null;
  /** Why an answer was not read to its end; what was climbed stands. */
  cutOff: string | null = null;
  /** The first error on a watched socket, before any library renamed it. */
  socketError: NodeJS.ErrnoException | null = null;
  #sockets: Socket[] = [];
  readonly #remotes = new Map<Socket, string>();
  #hidden: Socket[] = [];
  #onLate: ((rung: Rung) => void) | null = null;
  #onLateError: ((error: NodeJS.ErrnoException) => void) | null = null;
  #closed = false;
  readonly #longestAnswerBytes: number;

  constructor(limits: { longestAnswerBytes: number } = { longestAnswerBytes }) {
    this.#longestAnswerBytes = limits.longestAnswerBytes;
  }

  climb(rung: Rung): void {
    if (height(rung) <= height(this.climbed)) return;
    this.climbed = higher(this.climbed, rung);
    this.#onLate?.(rung);
  }

  /** A new, unconnected, watched TCP socket. */
  socket(check?: CheckBytes): Socket {
    const socket = new Socket();
    this.watch(socket, check);
    return socket;
  }

  /** A socket that is closed with the rest and that climbs nothing: what it connects to is no target. */
  hidden(): Socket {
    const socket = new Socket();
    this.#hidden.push(socket);
    socket.on("error", () => {});
    if (this.#closed) socket.destroy();
    return socket;
  }

  /** `tunnelled`: through a proxy, whose own a reset may be. */
  watch(socket: Socket | TLSSocket, check: CheckBytes = () => null, { tunnelled = false } = {}): void {
    this.#sockets.push(socket);
    socket.on("connectionAttempt", (address: string, port: number) =>
      this.#remotes.set(socket, tableAddress(address, port)),
    );
    socket.once("connect", () => this.climb("network"));
    socket.once("secureConnect", () => this.climb("tls"));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (tunnelled) return;
      this.socketError ??= error;
      // A reset of a SYN is ECONNREFUSED; ECONNRESET says that the handshake had completed.
      if (error.code === "ECONNRESET" || error.code === "EPIPE") this.climb("network");
      this.#onLateError?.(error);
    });
    this.#limit(socket, check);
    if (this.#closed) socket.destroy();
  }

  /** Looks at the bytes before any library does: a `data` listener would start the flow too early. */
  #limit(socket: Socket, check: CheckBytes): void {
    const push = socket.push.bind(socket);
    let received = 0;
    socket.push = (chunk: Buffer | null, encoding) => {
      received += chunk?.length ?? 0;
      const tooLong = received > this.#longestAnswerBytes ? "ANSWER_TOO_LONG" : null;
      this.cutOff ??= tooLong ?? (chunk && check(chunk));
      if (this.cutOff === null) return push(chunk, encoding);
      socket.destroy(Object.assign(new Error("the answer was cut off"), { code: this.cutOff }));
      return false;
    };
  }

  next(): Rung {
    return rungs[height(this.climbed) + 1] ?? "data";
  }

  /** From now on every further rung, and every error of a socket, is an answer that came after the deadline. */
  linger(onLate: (rung: Rung) => void, onLateError: (error: NodeJS.ErrnoException) => void): void {
    this.#onLate = onLate;
    this.#onLateError = onLateError;
  }

  /** SYN segments sent by a socket that is still connecting; null where the kernel's table has none. */
  synCount(): number | null {
    const counts = this.#sockets.flatMap((socket) => retransmitsOf(socket, this.#remotes.get(socket)) ?? []);
    return counts.length === 0 ? null : Math.max(...counts) + 1;
  }

  /** Sockets that a client opens from now on are closed at once. */
  close(): void {
    this.#closed = true;
    this.#onLate = null;
    this.#onLateError = null;
    for (const socket of [...this.#sockets, ...this.#hidden]) {
      socket.on("error", () => {});
      socket.destroy();
    }
  }
}

const synSent = "02";
let table: { readAt: number; retransmits: Map<string, number> } = { readAt: 0, retransmits: new Map() };

/** Reading the table takes the kernel milliseconds, and hundreds of deadlines end at once. A count that is a
 *  little old is never too high. */
const tableLastsMs = 250;

/** Sockets to different places may share a local port, so that both ends name one. */
function retransmitsOf(socket: Socket, remote: string | undefined): number | undefined {
  if (!socket.connecting || socket.localPort === undefined || remote === undefined) return undefined;
  const ends = `${hexPort(socket.localPort)} ${remote}`;
  const age = performance.now() - table.readAt;
  if (age > tableLastsMs || (age > 20 && !table.retransmits.has(ends))) {
    table = { readAt: performance.now(), retransmits: readTable() };
  }
  return table.retransmits.get(ends);
}

/** Reads `/proc/net/tcp` (columns: Linux Documentation/networking/proc_net_tcp.rst). */
function readTable(): Map<string, number> {
  const retransmits = new Map<string, number>();
  for (const file of ["/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"]) {
    for (const line of read(file).split("\n").slice(1)) {
      const [, local, remote, state, , , count] = line.trim().split(/\s+/);
      if (state !== synSent || !local || !count) continue;
      retransmits.set(`${local.split(":")[1]} ${remote}`, Number.parseInt(count, 16));
    }
  }
  return retransmits;
}

/** As the table writes it: the address as 32-bit words, each in this machine's order of bytes. */
function tableAddress(address: string, port: number): string {
  const bytes = Buffer.from(ipaddr.parse(address).toByteArray());
  if (endianness() === "LE") bytes.swap32();
  return `${bytes.toString("hex").toUpperCase()}:${hexPort(port)}`;
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
