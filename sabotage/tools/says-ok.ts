import { once } from "node:events";
import { createServer as createHttp } from "node:http";
import { createServer as createTcp } from "node:net";
import { createInterface } from "node:readline";
import { createSecureContext, TLSSocket } from "node:tls";

/** A transparent proxy that answers 200 to everything, over TLS where it is given a certificate and the
 *  client speaks TLS. The job comes on stdin; it ends when stdin does. */
const lines = createInterface({ input: process.stdin });
lines.once("close", () => process.exit(0));
const [line] = (await once(lines, "line")) as [string];
const { port, tls } = JSON.parse(line) as { port: number; tls?: { cert: string; key: string } };

const page = createHttp((_request, response) => {
  response.writeHead(200, { "content-type": "text/html" }).end("<html><h1>It works!</h1></html>");
});
const answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nOK";
const tlsHandshake = 0x16;

const server = createTcp((socket) => {
  socket.on("error", () => {});
  socket.once("data", (first: Buffer) => {
    if (!tls || first[0] !== tlsHandshake) return void socket.end(answer);
    socket.pause();
    socket.unshift(first);
    const secure = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext(tls) });
    secure.on("error", () => {});
    page.emit("connection", secure);
  });
});
server.listen(port, "::", () => process.stdout.write("serving\n"));
