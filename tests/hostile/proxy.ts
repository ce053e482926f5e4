import type { Socket } from "node:net";
import type { Behaviour } from "./servers.ts";
import { after, attack, drip, endless, fakeCanary, flood, garbage, script } from "./wire.ts";

/** Hostile CONNECT proxies, of which none ever refuses. Answers: RFC 9110, section 9.3.6. */

const established = "HTTP/1.1 200 Connection established\r\n\r\n";
const oneLine = attack.replace(/[\r\n]/g, " ").replace(/[^ -~]/g, "?");
const says = (bytes: Buffer | string) => (socket: Socket) => script(socket, bytes);
/** A tunnel, and what comes out of it when something was put in. */
const tunnel = (inside: (socket: Socket) => void) => (socket: Socket) =>
  script(socket, established, () => inside(socket));

const behaviours: Record<string, (socket: Socket) => void> = {
  "resets at once": (socket) => socket.resetAndDestroy(),
  "closes half at once": (socket) => socket.end(),
  "accepts and says nothing": () => {},
  "drips a byte a second": (socket) => drip(socket, Buffer.from(established)),
  "never ends its header": (socket) => endless(socket, "HTTP/1.1 200 OK\r\n", "x-a: b\r\n", 100),
  "sends 1 GB": (socket) => script(socket, () => flood(socket)),
  "sends a header of 10 MB": (socket) =>
    script(socket, () => flood(socket, "HTTP/1.1 200 OK\r\nx: ", Buffer.alloc(65536, "x"))),
  "sends garbage": says(garbage),
  "sends informational answers for ever": (socket) =>
    script(socket, () => endless(socket, "", "HTTP/1.1 100 Continue\r\n\r\n")),
  "resets instead of an answer": (socket) => script(socket, () => socket.resetAndDestroy()),
  "says markup for its status": says(`HTTP/1.1 ${oneLine} 200\r\n\r\n`),
  "says markup for its reason": says(`HTTP/1.1 502 ${oneLine}\r\n\r\n${attack}`),
  "says a fake canary": says(fakeCanary),
  "says 403 in another protocol": says(`SIP/2.0 403 Forbidden\r\n\r\n`),
  "says 403 in a page": says(`<html>HTTP/1.1 403 Forbidden</html>\r\n\r\n`),
  "opens a tunnel, and closes it": (socket) => script(socket, () => socket.end(established)),
  "opens a tunnel, and resets it": (socket) =>
    socket.once("data", () => {
      socket.write(established);
      after(socket, 50, () => socket.resetAndDestroy());
    }),
  "opens a tunnel, and then says 403": tunnel((socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n")),
  "opens a tunnel of silence": tunnel(() => {}),
  "opens a tunnel of garbage": tunnel((socket) => socket.write(garbage)),
  "opens a tunnel of 1 GB": tunnel((socket) => flood(socket)),
  "opens a tunnel, and floods it before anything was put in": (socket) =>
    script(socket, () => flood(socket, established)),
  "opens a tunnel that drips": tunnel((socket) => drip(socket, Buffer.from("\x16\x03\x03\x40\x00"))),
  "opens a tunnel that says a fake canary": tunnel((socket) => socket.write(fakeCanary)),
  "opens a tunnel when the deadline has passed": (socket) =>
    script(socket, () => after(socket, 1100, () => socket.write(`${established}x`))),
};

export const hostileProxy: Behaviour[] = Object.entries(behaviours).map(([name, serve]) => ({ name, serve }));
