import * as https from "node:https";
import type { Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Ladder } from "./ladder.ts";

interface SecureConnection {
  socket: Socket;
  servername: string;
  /** Where the socket connects to first; left out for a tunnel that stands. */
  address?: string;
  port?: number;
}

/** TLS over a watched socket; resolves once the peer has proven its name. */
export async function openTls(ladder: Ladder, options: SecureConnection): Promise<TLSSocket> {
  const { socket, servername, address, port } = options;
  if (address !== undefined && port !== undefined)
    await new Promise<void>((done, fail) => {
      socket.once("connect", done);
      socket.once("error", fail);
      socket.connect({ host: address, port, autoSelectFamily: false });
    });
  return new Promise((done, fail) => {
    const secure = connectTls({ socket, servername, ALPNProtocols: ["http/1.1"] });
    ladder.watch(secure);
    secure.once("secureConnect", () => done(secure));
    secure.once("error", fail);
    secure.once("close", () =>
      fail(Object.assign(new Error("closed before TLS stood"), { code: "CLOSED_BY_PEER" })),
    );
  });
}

interface Call {
  host: string;
  method: string;
  path: string;
  body?: string | undefined;
  contentType?: string | undefined;
}

/** One HTTP/1.1 request over a connection that stands. Redirects are not followed; the body is not read
 *  beyond what the ladder lets through. */
export function requestOver(
  secure: TLSSocket,
  { host, method, path, body, contentType }: Call,
): Promise<{ status: number; body: string }> {
  return new Promise((done, fail) => {
    const headers = { host, ...(body === undefined ? {} : { "content-type": contentType ?? "text/plain" }) };
    const call = https.request(
      { method, path, headers, createConnection: () => secure, setHost: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", fail);
        answer.on("end", () =>
          done({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }),
        );
      },
    );
    call.on("error", fail);
    call.end(body);
  });
}
