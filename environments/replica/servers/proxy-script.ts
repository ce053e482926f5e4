import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, isIPv6, type Socket } from "node:net";
import { takeJob } from "../host-jobs.ts";

/** An HTTP CONNECT proxy that carries to the names on its list: to port 443 unless the line says another,
 *  and to any name below where it begins with `*.`; over the address family and from the address on which it was asked. */
const { listen, allowList } = takeJob<{
  listen: { host: string; port: number }[];
  allowList: string;
}>(import.meta.filename);

function carries(host: string, port: string): boolean {
  const wanted = port === "443" ? host : `${host}:${port}`;
  const lines = readFileSync(allowList, "utf8").split("\n");
  return lines.some((line) => line === wanted || (line.startsWith("*.") && wanted.endsWith(line.slice(1))));
}

for (const { host, port } of listen) {
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on("connect", (request, client: Socket) => {
    client.on("error", () => {});
    const [, name = "", wanted = ""] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(request.url ?? "") ?? [];
    if (!carries(name, wanted)) return client.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    const onward = connect({
      host: name,
      port: Number(wanted),
      family: isIPv6(host) ? 6 : 4,
      localAddress: host,
    });
    onward.once("connect", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.pipe(client).pipe(onward);
    });
    onward.on("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"));
    client.on("close", () => onward.destroy());
  });
  server.listen({ host, port });
  await once(server, "listening");
}
