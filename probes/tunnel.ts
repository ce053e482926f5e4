import type { Socket } from "node:net";
import type { Outcome } from "../core/vocabulary.ts";
import { height } from "../core/vocabulary.ts";
import { within } from "./attempt.ts";
import type { Ladder } from "./ladder.ts";
import type { TryContext } from "./probe.ts";

interface Tunnel {
  proxy: { address: string; port: number };
  to: { host: string; port: number };
}

/** Long enough for what cannot connect to say so, and short beside the deadline, which controls measure. */
const standsMs = 400;

/** Talks through an HTTP CONNECT tunnel (RFC 9110, section 9.3.6). The proxy is the region's own, so that
 *  reaching it is no way out, and what it says of the tunnel is only its word: the network is passed once a
 *  byte came out, or where the tunnel stays open for a moment. Rejects with PROXY_<status>, PROXY_<error>,
 *  PROXY_UNREADABLE, or PROXY_CLOSED where it ended before that. */
export async function throughTunnel<Result>(
  ladder: Ladder,
  tunnel: Tunnel,
  talk: (socket: Socket) => Promise<Result>,
): Promise<Result> {
  const socket = ladder.hidden();
  const headerBytes = await openTunnel(socket, tunnel);
  const closed = new Promise<true>((done) => socket.once("close", () => done(true)));
  void within(standsMs, closed).then((ended) => ended ?? ladder.climb("network"));
  const heard = () => socket.bytesRead > headerBytes && ladder.climb("network");
  heard();
  try {
    const said = await talk(socket);
    heard();
    return said;
  } catch (error) {
    heard();
    throw height(ladder.climbed) < height("network") ? refusal("PROXY_CLOSED") : error;
  }
}

/** Says nothing, which any protocol bears: whoever speaks first is heard, and for the others the tunnel stands. */
export function listen(socket: Socket): Promise<void> {
  return new Promise((done, fail) => {
    socket.once("data", () => done());
    socket.once("error", fail);
    socket.once("close", () => fail(refusal("PROXY_CLOSED")));
    setTimeout(done, 2 * standsMs);
    socket.resume();
  });
}

/** Asks for a tunnel, over a socket that is not connected yet. Gives the length of the proxy's answer. */
export async function openTunnel(socket: Socket, { proxy, to }: Tunnel): Promise<number> {
  // One that was destroyed because all is over would come to life again.
  if (socket.destroyed) throw refusal("PROXY_CLOSED");
  await new Promise<void>((done, fail) => {
    socket.once("connect", done);
    socket.once("error", ({ code }: NodeJS.ErrnoException) => fail(refusal(`PROXY_${code}`)));
    socket.once("close", () => fail(refusal("PROXY_CLOSED")));
    socket.connect({ host: proxy.address, port: proxy.port, autoSelectFamily: false });
  });
  const authority = `${to.host.includes(":") ? `[${to.host}]` : to.host}:${to.port}`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}${endOfHeader}`);
  const header = await headerOf(socket);
  const status = statusLine.exec(header)?.[1] ?? "";
  if (!status.startsWith("2")) throw refusal(`PROXY_${status}`);
  return header.length;
}

/** What to ask the proxy for: the target's name, or an address of it, which gets past a list of names. */
export function tunnelHost({ item, target, learned }: TryContext<{ host: string }>): string {
  if (item.vector.route === "name" || item.role === "control") return target.host;
  const literal = learned.find((one) => one.includes(":") === (item.vector.addressFamily === 6));
  if (literal === undefined) throw refusal("NO_ADDRESS_LEARNED");
  return literal;
}

/** The proxy is the region's own: its refusal comes before anything was sent. */
export function refusedByProxy(error: unknown): Outcome | null {
  const { code } = error as NodeJS.ErrnoException;
  return code === "PROXY_403" ? { kind: "refused", rung: "network", code, local: true } : null;
}

const endOfHeader = "\r\n\r\n";
const statusLine = /^HTTP\/1\.[01] (\d{3})(?!\d)/;
const longestStatusLine = "HTTP/1.1 200".length;
const longestHeaderBytes = 16 * 1024;

/** The answer's header, its end included; rejects what is none, and what is too long. */
async function headerOf(socket: Socket): Promise<string> {
  let received = "";
  return new Promise((done, fail) => {
    const take = (chunk: Buffer) => {
      received += chunk.toString("latin1");
      const end = received.indexOf(endOfHeader);
      const isStrange = received.length >= longestStatusLine && !statusLine.test(received);
      if (isStrange || (end < 0 ? received.length : end) > longestHeaderBytes) {
        socket.destroy();
        return fail(refusal("PROXY_UNREADABLE"));
      }
      if (end < 0) return;
      socket.off("data", take).pause();
      const header = received.slice(0, end + endOfHeader.length);
      const rest = received.slice(header.length);
      if (rest !== "") socket.unshift(Buffer.from(rest, "latin1"));
      done(header);
    };
    socket.on("data", take);
    socket.once("error", ({ code }: NodeJS.ErrnoException) => fail(refusal(`PROXY_${code}`)));
    socket.once("close", () => fail(refusal("PROXY_CLOSED")));
  });
}

function refusal(code: string): Error {
  return Object.assign(new Error("the proxy did not open a tunnel"), { code });
}
