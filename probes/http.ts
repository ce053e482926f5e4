import * as http from "node:http";
import * as https from "node:https";
import { connect as connectTcp, isIP } from "node:net";
import {
  type ConnectionOptions,
  connect as connectTls,
  createSecureContext,
  type SecureContext,
} from "node:tls";
import type { Outcome } from "../core/vocabulary.ts";
import { brokenConnection } from "./attempt.ts";
import type { Ladder } from "./ladder.ts";

/** One exchange with one literal address. `host` is the name that is asked for (Host header, SNI and the
 *  certificate, unless `servername` is another); `port` and `path` as in a URL. */
export interface HttpCall {
  address: string;
  port: number;
  host: string;
  servername?: string;
  tls: boolean;
  method?: string;
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Buffer;
  ladder: Ladder;
  /** One of `pinnedAgent`, whose connection is used again; a connection of its own when left out. */
  agent?: http.Agent;
}

/** `peer`: the address that the socket was connected to. */
export interface HttpAnswer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
  peer: string | null;
}

const longestHeaders = 16 * 1024;
const mostHeaders = 100;

/** Redirects are not followed, nothing is decompressed, and there is no timer: the attempt has the deadline,
 *  and the ladder cuts off a body that is too long. Rejects with the socket's or the parser's own error. */
export function request({ address, ladder, ...call }: HttpCall): Promise<HttpAnswer> {
  return new Promise((done, fail) => {
    const { tls, host, servername = host, port, method = "GET", path, headers, body } = call;
    const agent = call.agent ?? pinnedAgent(tls ? "https:" : "http:", { address, ladder });
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const options = {
      agent,
      host,
      port,
      method,
      path,
      servername: isIP(servername) === 0 ? servername : "",
      headers: { ...headers, ...length },
      maxHeaderSize: longestHeaders,
    };
    const outgoing = (tls ? https : http).request(options, (answer) => {
      const peer = answer.socket.remoteAddress ?? null;
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", fail);
      answer.on("end", () =>
        done({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(chunks).toString("utf8"),
          peer,
        }),
      );
    });
    outgoing.maxHeadersCount = mostHeaders;
    outgoing.on("error", fail);
    outgoing.end(body);
  });
}

/** An agent whose sockets go to one literal address (any, when left out) and are watched. TLS is climbed by a
 *  handshake whose certificate was verified; one that was not is the client's own complaint, after the
 *  server answered. */
export function pinnedAgent(
  protocol: "http:" | "https:",
  {
    address,
    ladder,
    keepAlive = false,
  }: { address: string | undefined; ladder: Ladder; keepAlive?: boolean },
): http.Agent {
  const secure = protocol === "https:";
  const agent = secure ? new https.Agent({ keepAlive }) : new http.Agent({ keepAlive });
  agent.createConnection = (options) => {
    const { host = "", port, servername } = options as ConnectionOptions;
    const to = { host: address ?? host, port: Number(port), autoSelectFamily: false };
    const name = servername || host;
    // RFC 6066 has no address in the server name; Node would warn on standard error.
    const sni = isIP(name) === 0 ? name : "";
    const socket = secure ? connectTls({ ...to, servername: sni, secureContext: trust() }) : connectTcp(to);
    ladder.watch(socket);
    // Plain HTTP has no rung of its own between the connection and the request.
    if (!secure) socket.once("connect", () => ladder.climb("tls"));
    return socket;
  };
  return agent;
}

let trusted: SecureContext | undefined;

/** The system's authorities, loaded once: a context for every connection costs memory and time. */
export function trust(): SecureContext {
  trusted ??= createSecureContext();
  return trusted;
}

/** For an exchange without an answer. A certificate that does not hold (`CERT_HAS_EXPIRED`,
 *  `ERR_TLS_CERT_ALTNAME_INVALID`, …) is a fault: it is our client that refused, and the network was passed. */
export function explainExchange(error: unknown, ladder: Ladder): Outcome {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return brokenConnection(error, ladder) ?? { kind: "faulted", code: code ?? "NO_ANSWER" };
}
