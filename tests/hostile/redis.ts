import type { Socket } from "node:net";
import type { Behaviour } from "./servers.ts";
import { after, attack, drip, endless, fakeCanary, flood, garbage, script } from "./wire.ts";

/** Hostile Redis servers. Replies: redis.io/docs, "Redis serialization protocol". */

const okTo = (text: string) => "+OK\r\n".repeat((text.match(/\*\d+\r\n/g) ?? []).length);

/** +OK to every command until the one that matches, and to that one whatever `say` says. */
function until(command: RegExp, say: (socket: Socket) => void) {
  return (socket: Socket) => {
    socket.on("data", (data) => {
      const text = data.toString("latin1");
      if (command.test(text)) say(socket);
      else socket.write(okTo(text));
    });
  };
}

const afterLogin = (say: (socket: Socket) => void) => until(/\r\nget\r\n/i, say);
const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const greeted = (bytes: Buffer | string) => afterLogin((socket) => socket.write(bytes));
const instead = (bytes: Buffer | string) => (socket: Socket) => script(socket, bytes);

const behaviours: Record<string, (socket: Socket) => void> = {
  "resets at once": (socket) => socket.resetAndDestroy(),
  "closes half at once": (socket) => socket.end(),
  "accepts and says nothing": () => {},
  "drips a byte a second": (socket) => drip(socket, Buffer.from("+OK\r\n+OK\r\n+OK\r\n")),
  "never ends its answer": afterLogin((socket) => endless(socket, "$100000000\r\n", "x")),
  "sends 1 GB instead of a greeting": (socket) => flood(socket),
  "sends 1 GB of replies": (socket) =>
    script(socket, () => flood(socket, "", Buffer.alloc(50_000, "+OK\r\n"))),
  "sends a value of 1 GB": afterLogin((socket) => flood(socket, "$1073741824\r\n")),
  "sends a header of 10 MB": (socket) => script(socket, () => flood(socket, "+", Buffer.alloc(65536, "x"))),
  "sends garbage": instead(garbage),
  "greets, then sends garbage": greeted(garbage),
  "announces an array of 33 million": greeted("*33000000\r\n".repeat(50)),
  "announces an array of a negative length": greeted("*-7\r\n"),
  "nests arrays without an end": greeted("*1\r\n".repeat(60_000)),
  "pushes what nobody asked for": instead(">1\r\n_\r\n>1\r\n$9\r\nsubscribe\r\n"),
  "answers with maps of RESP3": greeted(`%1\r\n${bulk("__proto__")}%1\r\n${bulk("polluted")}${bulk("yes")}`),
  "closes half": (socket) => script(socket, () => socket.end()),
  "greets, then closes half": afterLogin((socket) => socket.end()),
  "resets instead of a login": (socket) => script(socket, () => socket.resetAndDestroy()),
  "resets after the login": afterLogin((socket) => socket.resetAndDestroy()),
  "says an error full of markup": instead(`-WRONGPASS ${attack.replace(/[\r\n]/g, " ")}\r\n`),
  "says a made-up error": instead(`-${attack.replace(/[\r\n]/g, " ")}\r\n`),
  "says a made-up error after the login": greeted(`-${attack.replace(/[\r\n]/g, " ")}\r\n`),
  "says a made-up error with newlines": instead(`-${attack}\r\n`),
  "says a fake canary": greeted(bulk(fakeCanary)),
  "says markup where a canary should be": greeted(bulk(attack)),
  "says a fake canary to everything": (socket) => script(socket, bulk(fakeCanary)),
  "greets when the deadline has passed": (socket) =>
    socket.on("data", (data) => after(socket, 1100, () => socket.write(okTo(data.toString("latin1"))))),
};

export const hostileRedis: Behaviour[] = Object.entries(behaviours).map(([name, serve]) => ({ name, serve }));
