import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, isIP, isIPv6, type Socket } from "node:net";
import { admits, type GreetingRule } from "../../../fixtures/egress-proxy/greeting-rules.ts";
import { takeJob } from "../host-jobs.ts";

/** An HTTP CONNECT proxy that carries to the names on its list: to port 443 unless the line says another,
 *  and to any name below where it begins with `*.`; over the address family and from the address on which it was
 *  asked. What was asked for by name at port 443 must then greet by that very name, in TLS. */
const { listen, allowList, greetings } = takeJob<{
  listen: { host: string; port: number }[];
  allowList: string;
  /** The file, "family rule" a line, of how names inside TLS are held. */
  greetings: string;
}>(import.meta.filename);

const longestGreetingMs = 5000;

function carries(host: string, port: string): boolean {
  const wanted = port === "443" ? host : `${host}:${port}`;
  const lines = readFileSync(allowList, "utf8").split("\n");
  return lines.some((line) => line === wanted || (line.startsWith("*.") && wanted.endsWith(line.slice(1))));
}

/** Of the list's addresses, and of other ports, nothing says what is spoken there. */
function ruleFor({ name, port, family }: { name: string; port: string; family: 4 | 6 }): GreetingRule {
  if (port !== "443" || isIP(name) !== 0) return "unread";
  const lines = readFileSync(greetings, "utf8").split("\n");
  const found = lines.map((line) => line.split(" ")).find(([which]) => which === String(family));
  return (found?.[1] ?? "exact") as GreetingRule;
}

/** Holds back what a client says in a tunnel until its rule admits it, unless that looks too late; where it does
 *  not, both ends are closed. */
function carry(client: Socket, onward: Socket, { rule, asked }: { rule: GreetingRule; asked: string }): void {
  let said = Buffer.alloc(0);
  let passed = 0;
  const close = () => {
    client.destroy();
    onward.end();
  };
  const timer = setTimeout(close, longestGreetingMs);
  client.once("close", () => clearTimeout(timer));
  const pass = () => {
    onward.write(said.subarray(passed));
    passed = said.length;
  };
  const decide = (chunk: Buffer) => {
    said = Buffer.concat([said, chunk]);
    if (rule === "too-late") pass();
    const admitted = admits(rule, asked, said);
    if (admitted === null) return;
    clearTimeout(timer);
    client.off("data", decide);
    if (!admitted) return close();
    pass();
    onward.pipe(client).pipe(onward);
  };
  client.on("data", decide);
  decide(Buffer.alloc(0));
}

for (const { host, port } of listen) {
  const family = isIPv6(host) ? 6 : 4;
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on("connect", (request, client: Socket, early: Buffer) => {
    client.on("error", () => {});
    const [, name = "", wanted = ""] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(request.url ?? "") ?? [];
    if (!carries(name, wanted)) return client.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    const rule = ruleFor({ name, port: wanted, family });
    const onward = connect({ host: name, port: Number(wanted), family, localAddress: host });
    onward.once("connect", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      if (early.length > 0) client.unshift(early);
      carry(client, onward, { rule, asked: name });
    });
    onward.on("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"));
    client.on("close", () => onward.destroy());
  });
  server.listen({ host, port });
  await once(server, "listening");
}
