import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Behaviour } from "./servers.ts";
import { after, attack, drip, endless, fakeCanary, flood, garbage, script } from "./wire.ts";

/** Hostile PostgreSQL servers. Messages: PostgreSQL 18, "Message Formats". */

function message(type: string, body: Buffer | string): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from(type), int32(bytes.length + 4), bytes]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

const authenticated = message("R", int32(0));
const ready = message("Z", "I");
const greeting = Buffer.concat([authenticated, ready]);
const asksForPassword = message("R", int32(3));
const saysScram = (iterations: string) => message("R", Buffer.concat([int32(11), Buffer.from(iterations)]));

function refusal(sqlstate: string, text: string): Buffer {
  return message("E", `SFATAL\0VFATAL\0C${sqlstate}\0M${text}\0H${text}\0\0`);
}

const field = Buffer.concat([Buffer.from("value\0"), Buffer.alloc(6), int32(25), Buffer.alloc(8)]);
const columns = message("T", Buffer.concat([Buffer.from([0, 1]), field]));

function row(value: string): Buffer {
  return message(
    "D",
    Buffer.concat([Buffer.from([0, 1]), int32(Buffer.byteLength(value)), Buffer.from(value)]),
  );
}

/** parse, bind, describe and execute complete, one row, and ready. */
function oneRow(value: string): Buffer {
  return Buffer.concat([
    message("1", ""),
    message("2", ""),
    columns,
    row(value),
    message("C", "SELECT 1\0"),
    ready,
  ]);
}

type Say = (wire: Duplex, socket: Socket) => void;
const answers =
  (...all: (Buffer | string)[]): Say =>
  (wire) =>
    script(wire, ...all);

/** What the server says once it is spoken to, over plain TCP or inside TLS. */
const sayings: Record<string, Say> = {
  "accepts and says nothing": () => {},
  "drips a byte a second": (wire) => drip(wire, greeting),
  "never ends its answer": (wire) =>
    script(wire, greeting, () => endless(wire, oneRow("x").subarray(0, -20), row("x"))),
  "sends 1 GB instead of a greeting": (wire) => script(wire, () => flood(wire)),
  "sends 1 GB of rows": (wire) =>
    script(wire, greeting, () => flood(wire, columns, Buffer.concat(Array<Buffer>(4000).fill(row("x"))))),
  "sends 1 GB of empty messages": (wire) =>
    script(wire, greeting, () => flood(wire, "", Buffer.alloc(65536, "N\0\0\0\x05\0"))),
  "announces a message of 1 GB": (wire) =>
    script(wire, () => flood(wire, Buffer.concat([Buffer.from("E"), int32(2 ** 30)]))),
  "sends a header of 10 MB": (wire) =>
    script(wire, () => flood(wire, Buffer.concat([Buffer.from("S"), int32(10_000_000)]))),
  "sends garbage": answers(garbage),
  "greets, then sends garbage": answers(greeting, garbage),
  "sends an error without an end": answers(Buffer.from("E\0\0\0\x05M", "latin1")),
  "sends an authentication of no known kind": answers(message("R", int32(99))),
  "sends a row of a negative number of values": answers(
    greeting,
    Buffer.concat([columns, message("D", "\xff\xff")]),
  ),
  "sends messages shorter than they must be": answers(message("R", "")),
  "asks for the password for ever": answers(asksForPassword),
  "wants two thousand million hashes": (wire) =>
    script(
      wire,
      message("R", Buffer.concat([int32(10), Buffer.from("SCRAM-SHA-256\0\0")])),
      saysScram("r=x,s=AAAA,i=2147483647"),
    ),
  "closes half": (wire) => script(wire, () => wire.end()),
  "greets, then closes half": (wire) => script(wire, greeting, () => wire.end()),
  "resets instead of a login": (wire, socket) => script(wire, () => socket.resetAndDestroy()),
  "resets after the login": (wire, socket) => script(wire, greeting, () => socket.resetAndDestroy()),
  "says an error full of markup": answers(refusal("28P01", attack)),
  "says a made-up SQLSTATE": answers(refusal(attack, attack)),
  "says a made-up SQLSTATE after the login": answers(
    greeting,
    Buffer.concat([refusal(attack, attack), ready]),
  ),
  "says a fake canary": answers(greeting, oneRow(fakeCanary)),
  "says markup where a canary should be": answers(greeting, oneRow(attack)),
  "greets when the deadline has passed": (wire) =>
    script(wire, () => after(wire, 1100, () => wire.write(greeting))),
};

const rung = {
  "resets at once": (socket: Socket) => socket.resetAndDestroy(),
  "closes half at once": (socket: Socket) => socket.end(),
} satisfies Record<string, (socket: Socket) => void>;

export const plainPostgres: Behaviour[] = [
  ...Object.entries(rung).map(([name, serve]) => ({ name, serve })),
  ...Object.entries(sayings).map(([name, say]) => ({ name, serve: (socket: Socket) => say(socket, socket) })),
];

/** Answers the SSLRequest, then speaks inside TLS. */
export const tlsPostgres: Behaviour[] = [
  ...Object.entries(sayings).map(([name, say]) => ({
    name,
    serve: (socket: Socket, secure: (socket: Socket) => Duplex) => {
      socket.once("data", () => {
        socket.write("S");
        say(secure(socket), socket);
      });
    },
  })),
  { name: "offers TLS, then sends garbage", serve: (socket) => script(socket, "S", garbage) },
  { name: "offers TLS, then says nothing", serve: (socket) => script(socket, "S", "") },
  { name: "offers TLS, then resets", serve: (socket) => script(socket, "S", () => socket.resetAndDestroy()) },
  { name: "offers TLS, then closes half", serve: (socket) => script(socket, "S", () => socket.end()) },
  { name: "answers the TLS request with markup", serve: (socket) => script(socket, attack) },
  { name: "answers the TLS request with 1 GB", serve: (socket) => script(socket, () => flood(socket)) },
];
