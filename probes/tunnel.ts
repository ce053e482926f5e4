import type { Socket } from "node:net";
import type { Outcome } from "../core/vocabulary.ts";
import type { Ladder } from "./ladder.ts";
import type { TryContext } from "./probe.ts";

interface Tunnel {
  proxy: { address: string; port: number };
  to: { host: string; port: number };
}

/** The end of an answer's header; longer ones are cut off by the ladder. */
const endOfHeader = "\r\n\r\n";

/** An HTTP CONNECT tunnel (RFC 9110, section 9.3.6) through a proxy, not watched by the ladder until it
 *  stands: reaching one's own proxy is no way out. Rejects with PROXY_<status>, or PROXY_UNREADABLE. */
export async function openTunnel(ladder: Ladder, { proxy, to }: Tunnel): Promise<Socket> {
  const socket = ladder.hidden();
  await new Promise<void>((done, fail) => {
    socket.once("connect", done);
    socket.once("error", fail);
    socket.once("close", () => fail(refusal("PROXY_CLOSED")));
    socket.connect({ host: proxy.address, port: proxy.port, autoSelectFamily: false });
  });
  const authority = `${to.host.includes(":") ? `[${to.host}]` : to.host}:${to.port}`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}${endOfHeader}`);
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(await headerOf(socket))?.[1];
  if (status === undefined) throw refusal("PROXY_UNREADABLE");
  if (status !== "200") throw refusal(`PROXY_${status}`);
  ladder.climb("network");
  ladder.watch(socket);
  return socket;
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

async function headerOf(socket: Socket): Promise<string> {
  let header = "";
  return new Promise((done, fail) => {
    const take = (chunk: Buffer) => {
      header += chunk.toString("latin1");
      const end = header.indexOf(endOfHeader);
      if (end < 0) return;
      socket.off("data", take).pause();
      const rest = header.slice(end + endOfHeader.length);
      if (rest !== "") socket.unshift(Buffer.from(rest, "latin1"));
      done(header);
    };
    socket.on("data", take);
    socket.once("error", fail);
    socket.once("close", () => fail(refusal("PROXY_CLOSED")));
  });
}

function refusal(code: string): Error {
  return Object.assign(new Error("the proxy did not open a tunnel"), { code });
}
