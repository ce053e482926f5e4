import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { gzipSync } from "node:zlib";
import type { Behaviour } from "./servers.ts";
import { after, attack, drip, endless, fakeCanary, flood, garbage, script } from "./wire.ts";

/** Hostile S3 and STS endpoints, with a certificate that the clients trust: the worst case. */

const line = attack.replace(/[\r\n]/g, " ");
const markup = attack.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
const head = (status: string, ...headers: string[]) =>
  `HTTP/1.1 ${status}\r\nx-amz-request-id: HOSTILE\r\nConnection: close\r\n${headers.map((one) => `${one}\r\n`).join("")}`;

export function answer(status: string, body: Buffer | string, ...headers: string[]): Buffer {
  const bytes = Buffer.from(body);
  const all = [...headers, `Content-Length: ${bytes.length}`];
  return Buffer.concat([Buffer.from(`${head(status, ...all)}\r\n`), bytes]);
}

const failure = (code: string, text: string) =>
  answer(
    "403 Forbidden",
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${text}</Message></Error>`,
  );
const entities = `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "${"x".repeat(1000)}">${Array.from({ length: 9 }, (_, index) => `<!ENTITY a${index} "${`&a${index || ""};`.repeat(10)}">`).join("")}]>`;
const deep = `${"<a>".repeat(50_000)}${"</a>".repeat(50_000)}`;

type Say = (wire: Duplex, socket: Socket) => void;
export const answers =
  (bytes: Buffer | string): Say =>
  (wire) =>
    script(wire, bytes);

/** What the server says, over plain TCP or inside TLS, once it is spoken to. */
export const httpSayings: Record<string, Say> = {
  "accepts and says nothing": () => {},
  "drips a byte a second": (wire) => drip(wire, answer("200 OK", fakeCanary)),
  "never ends its answer": (wire) =>
    script(wire, () => endless(wire, `${head("200 OK", "Transfer-Encoding: chunked")}\r\n`, "1\r\nx\r\n")),
  "never ends its headers": (wire) => script(wire, () => endless(wire, head("200 OK"), "x-a: b\r\n", 100)),
  "sends informational answers for ever": (wire) =>
    script(wire, () => endless(wire, "", "HTTP/1.1 100 Continue\r\n\r\n")),
  "sends 1 GB": (wire) => script(wire, () => flood(wire, `${head("200 OK")}\r\n`)),
  "sends 1 GB of informational answers": (wire) =>
    script(wire, () => flood(wire, "", Buffer.from("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(2000)))),
  "sends 1 GB and calls it a refusal": (wire) =>
    script(wire, () => flood(wire, `${head("403 Forbidden")}\r\n`)),
  "sends 1 GB without a header": (wire) => script(wire, () => flood(wire)),
  "sends a header of 10 MB": (wire) =>
    script(wire, () => flood(wire, "HTTP/1.1 200 OK\r\nx-amz-request-id: ", Buffer.alloc(65536, "x"))),
  "sends garbage": answers(garbage),
  "sends a valid header, then garbage": answers(answer("200 OK", garbage)),
  "sends a refusal of garbage": answers(answer("403 Forbidden", garbage)),
  "sends chunks of garbage": answers(
    Buffer.concat([Buffer.from(`${head("200 OK", "Transfer-Encoding: chunked")}\r\n`), garbage]),
  ),
  "closes half": (wire) => script(wire, () => wire.end()),
  "closes half within its answer": (wire) =>
    script(wire, () =>
      wire.end(`${head("403 Forbidden", "Content-Length: 500")}\r\n<Error><Code>AccessDenied</Code>`),
    ),
  "resets instead of an answer": (wire, socket) => script(wire, () => socket.resetAndDestroy()),
  "resets within its answer": (wire, socket) =>
    script(wire, () => {
      wire.write(`${head("200 OK", "Content-Length: 60")}\r\nringfence-`);
      after(wire, 50, () => socket.resetAndDestroy());
    }),
  "redirects for ever (301)": answers(answer("301 Moved Permanently", "", "Location: https://localhost:1/")),
  "redirects for ever (307)": answers(
    answer("307 Temporary Redirect", "", "Location: /", "x-amz-bucket-region: us-east-1"),
  ),
  "redirects for ever (308)": answers(answer("308 Permanent Redirect", "", "Location: /")),
  "redirects as S3 does": answers(
    answer(
      "301 Moved",
      "<Error><Code>PermanentRedirect</Code><Endpoint>localhost</Endpoint></Error>",
      "Location: /",
    ),
  ),
  "switches protocols": answers(
    `${head("101 Switching Protocols", "Upgrade: x", "Connection: Upgrade")}\r\n${line}`,
  ),
  "sends a decompression bomb": answers(
    answer("200 OK", gzipSync(Buffer.alloc(50_000_000)), "Content-Encoding: gzip"),
  ),
  "refuses with a decompression bomb": answers(
    answer("403 Forbidden", gzipSync(Buffer.alloc(50_000_000)), "Content-Encoding: gzip"),
  ),
  "sends an XML bomb": answers(answer("200 OK", `${entities}<a>&a8;</a>`)),
  "refuses with an XML bomb": answers(answer("403 Forbidden", `${entities}<Error><Code>&a8;</Code></Error>`)),
  "sends XML without a bottom": answers(answer("403 Forbidden", deep)),
  "says an error code full of markup": answers(failure(markup, markup)),
  "says an error code of tags": answers(failure(attack, attack)),
  "says that an error code is a reset": answers(
    answer(
      "403 Forbidden",
      "<Error><Code>ECONNRESET</Code><code>ECONNRESET</code><syscall>read</syscall></Error>",
    ),
  ),
  "names its error in a header": answers(
    answer("403 Forbidden", "", `x-amzn-errortype: ${line.replace(/[^ -~]/g, "?")}`),
  ),
  "refuses without being S3": answers(
    Buffer.from(
      "HTTP/1.1 403 Forbidden\r\nContent-Length: 40\r\n\r\n<Error><Code>AccessDenied</Code></Error>",
    ),
  ),
  "says markup in its reason": answers(answer(`500 ${line.replace(/[^ -~]/g, "?")}`, attack)),
  "says markup where a canary should be": answers(
    answer("200 OK", attack, `x-amz-bucket-region: ${"x".repeat(2000)}`),
  ),
  "answers everything with an empty page": answers(answer("200 OK", "")),
};

export const overTls = (say: Say) => (socket: Socket, secure: (socket: Socket) => Duplex) =>
  say(secure(socket), socket);

export const hostileS3: Behaviour[] = [
  { name: "resets at once", serve: (socket) => socket.resetAndDestroy() },
  { name: "resets instead of TLS", serve: (socket) => script(socket, () => socket.resetAndDestroy()) },
  { name: "closes half instead of TLS", serve: (socket) => script(socket, () => socket.end()) },
  { name: "says nothing instead of TLS", serve: () => {} },
  { name: "sends garbage instead of TLS", serve: (socket) => script(socket, garbage) },
  { name: "sends 1 GB instead of TLS", serve: (socket) => script(socket, () => flood(socket)) },
  ...Object.entries(httpSayings).map(([name, say]) => ({ name, serve: overTls(say) })),
];

/** Gives away a canary-shaped text: an answer beyond authorization, whoever wrote it. */
export const generousS3: Behaviour[] = [
  { name: "says a fake canary", serve: overTls(answers(answer("200 OK", fakeCanary))) },
];
