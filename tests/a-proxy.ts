import { connect, type Socket } from "node:net";
import type { Outcome } from "../core/vocabulary.ts";
import { newCanary } from "../probes/canary.ts";
import type { Loopback } from "./loopback.ts";

/** What a CONNECT proxy does with a client that has asked for a tunnel to a port. */
export type ProxyWay = (client: Socket, port: number) => void;

/** It connects to that port of 127.0.0.1, whatever name it was asked for. */
export const carries: ProxyWay = (client, port) => {
  const onward = connect(port, "127.0.0.1", () => {
    client.write("HTTP/1.1 200 OK\r\n\r\n");
    onward.pipe(client).pipe(onward);
  });
  onward.on("error", () => client.destroy());
  client.on("close", () => onward.destroy());
};

export const says =
  (word: string, then: (client: Socket) => void = () => {}): ProxyWay =>
  (client) =>
    client.write(word, () => then(client));

const closes = (client: Socket) => client.end();
const resets = (client: Socket) => setTimeout(() => client.resetAndDestroy(), 20);
const established = "HTTP/1.1 200 Connection established\r\n\r\n";

/** Words of a proxy through which nothing came, and what a probe makes of them. */
export const proxyWords: [what: string, way: ProxyWay, outcome: Outcome][] = [
  [
    "403",
    says("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", closes),
    { kind: "refused", rung: "network", code: "PROXY_403", local: true },
  ],
  [
    "403, and stays",
    says("HTTP/1.1 403 Forbidden\r\n\r\n"),
    { kind: "refused", rung: "network", code: "PROXY_403", local: true },
  ],
  [
    "407: it wants a login, which is no refusal of the way",
    says("HTTP/1.1 407 Log In\r\n\r\n"),
    { kind: "faulted", code: "PROXY_407" },
  ],
  [
    "502: it tried, and nobody knows how far it came",
    says("HTTP/1.1 502 Bad Gateway\r\n\r\n"),
    { kind: "faulted", code: "PROXY_502" },
  ],
  [
    "301",
    says("HTTP/1.1 301 Moved\r\nLocation: http://localhost/\r\n\r\n"),
    { kind: "faulted", code: "PROXY_301" },
  ],
  ["100, which is no end", says("HTTP/1.1 100 Continue\r\n\r\n"), { kind: "faulted", code: "PROXY_100" }],
  [
    "a status of four digits",
    says("HTTP/1.1 2000 OK\r\n\r\n"),
    { kind: "faulted", code: "PROXY_UNREADABLE" },
  ],
  [
    "garbage",
    says("\x00\xff<script>alert(1)</script>\r\n\r\n"),
    { kind: "faulted", code: "PROXY_UNREADABLE" },
  ],
  ["a canary", says(newCanary()), { kind: "faulted", code: "PROXY_UNREADABLE" }],
  ["a banner of another protocol", says("220 mail ESMTP\r\n"), { kind: "faulted", code: "PROXY_UNREADABLE" }],
  [
    "a header without an end",
    says(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(20_000)}`),
    { kind: "faulted", code: "PROXY_UNREADABLE" },
  ],
  ["nothing, and closes", says("", closes), { kind: "faulted", code: "PROXY_CLOSED" }],
  [
    "half a header, and closes",
    says("HTTP/1.1 200 OK\r\n", closes),
    { kind: "faulted", code: "PROXY_CLOSED" },
  ],
  ["nothing, and resets", says("", resets), { kind: "faulted", code: "PROXY_ECONNRESET" }],
  ["nothing", says(""), { kind: "silent", rung: "network" }],
  [
    "200, and closes: nothing came out of the tunnel",
    says(established, closes),
    { kind: "faulted", code: "PROXY_CLOSED" },
  ],
  ["200, and resets", says(established, resets), { kind: "faulted", code: "PROXY_CLOSED" }],
  [
    "200, and only then learns that it may not",
    says(established, (client) => client.once("data", closes.bind(null, client))),
    { kind: "faulted", code: "PROXY_CLOSED" },
  ],
];

/** A CONNECT proxy; gives what it was asked for. */
export async function aProxy(loopback: Loopback, way: ProxyWay, host?: string) {
  const asked: string[] = [];
  const port = await loopback.tcp((client: Socket) => {
    client.once("data", (data) => {
      const line = data.toString("latin1").split("\r\n")[0] ?? "";
      asked.push(line);
      way(client, Number(/:(\d+) HTTP/.exec(line)?.[1]));
    });
  }, host);
  return { port, asked };
}
