import * as https from "node:https";
import type { Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { trust } from "./http.ts";
import type { Ladder } from "./ladder.ts";
import { connectTcp } from "./tcp.ts";

interface SecureConnection {
  servername: string;
  /** Where to connect to, or the tunnel that stands. */
  over: { address: string; port: number } | Socket;
}

/** TLS on a watched connection; resolves once the peer has proven its name. */
export async function openTls(ladder: Ladder, { servername, over }: SecureConnection): Promise<TLSSocket> {
  const tunnelled = "write" in over;
  const socket = tunnelled ? over : await connectTcp(ladder, over);
  return new Promise((done, fail) => {
    const secure = connectTls({ socket, servername, secureContext: trust(), ALPNProtocols: ["http/1.1"] });
    ladder.watch(secure, undefined, { tunnelled });
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

/** One HTTP/1.1 request over a connection that stands; gives the status of its answer, which may have no
 *  end. Redirects are not followed. */
export function requestOver(
  secure: TLSSocket,
  { host, method, path, body, contentType }: Call,
): Promise<number> {
  return new Promise((done, fail) => {
    const headers = { host, ...(body === undefined ? {} : { "content-type": contentType ?? "text/plain" }) };
    const call = https.request(
      { method, path, headers, createConnection: () => secure, setHost: false },
      (answer) => {
        answer.on("error", () => {});
        done(answer.statusCode ?? 0);
      },
    );
    call.on("upgrade", ({ statusCode = 0 }) => done(statusCode));
    call.on("error", fail);
    call.end(body);
  });
}
