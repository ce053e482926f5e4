import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Behaviour } from "./servers.ts";
import { after, attack, drip, endless, flood, garbage, script } from "./wire.ts";

/** Hostile mail relays. Replies: RFC 5321, section 4.2; STARTTLS: RFC 3207. */

const greeting = "220 localhost ESMTP\r\n";
const extensions = "250-localhost\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n";
const oneLine = attack.replace(/[\r\n]/g, " ");

type Say = (wire: Duplex, socket: Socket) => void;

/** Answers as a relay does until the command that matches, and that one as `say` says. */
function until(command: RegExp, say: Say): Say {
  return (wire, socket) => {
    wire.on("error", () => {});
    wire.on("data", (data) => {
      const text = String(data);
      if (command.test(text)) say(wire, socket);
      else if (!wire.destroyed) wire.write(usual(text));
    });
  };
}

function usual(command: string): string {
  if (command.startsWith("EHLO")) return extensions;
  return command.startsWith("AUTH") ? "235 welcome\r\n" : "250 ok\r\n";
}

const answers =
  (text: Buffer | string): Say =>
  (wire) =>
    wire.write(text);

/** What is said to the first command in the clear. */
const plain: Record<string, Say> = {
  "never ends its answer to EHLO": (wire) => endless(wire, "250-localhost\r\n", "250-x\r\n"),
  "answers EHLO with 1 GB of lines": (wire) => flood(wire, "", Buffer.alloc(60_000, "250-hello\r\n")),
  "answers EHLO with a line of 1 GB": (wire) => flood(wire, "250-", Buffer.alloc(65536, "x")),
  "answers EHLO with markup": answers(`250-${oneLine}\r\n250 STARTTLS\r\n`),
  "answers EHLO with a refusal of markup": answers(`550 ${oneLine}\r\n`),
  "answers EHLO with garbage": answers(garbage),
  "offers no TLS": answers("250-localhost\r\n250 AUTH PLAIN\r\n"),
  "answers everything before it is asked": answers(`${extensions}${"250 ok\r\n".repeat(20)}`),
  "closes half after EHLO": (wire) => wire.end(),
  "resets after EHLO": (_wire, socket) => socket.resetAndDestroy(),
};

/** What follows STARTTLS, in the clear. */
const unsecured: Record<string, Say> = {
  "answers STARTTLS with markup": answers(`454 ${oneLine}\r\n`),
  "sends garbage instead of TLS": answers(Buffer.concat([Buffer.from("220 go\r\n"), garbage])),
  "says nothing instead of TLS": answers("220 go\r\n"),
  "sends 1 GB instead of TLS": (wire) => {
    wire.write("220 go\r\n");
    after(wire, 50, () => flood(wire));
  },
  "slips an answer in behind STARTTLS": answers(`220 go\r\n${extensions}`),
  "slips answers in a moment after STARTTLS": (wire) => {
    wire.write("220 go\r\n");
    after(wire, 50, () => wire.write(`${extensions}235 ok\r\n250 ok\r\n250 ok\r\n`));
  },
  "closes half instead of TLS": (wire) => wire.end("220 go\r\n"),
  "resets instead of TLS": (wire, socket) => {
    wire.write("220 go\r\n");
    after(wire, 50, () => socket.resetAndDestroy());
  },
};

/** Inside TLS. */
const secured: Record<string, Say> = {
  "says nothing inside TLS": () => {},
  "sends garbage inside TLS": (wire) => script(wire, garbage),
  "sends 1 GB inside TLS": (wire) => script(wire, () => flood(wire)),
  "accepts everything": until(/^never/, () => {}),
  "refuses the login with markup": until(/^AUTH/, answers(`535 ${oneLine}\r\n`)),
  "answers the login with a challenge": until(/^AUTH/, answers("334 Z2l2ZSBtb3Jl\r\n")),
  "refuses the login for ever": until(/^AUTH/, (wire) => endless(wire, "535-no\r\n", "535-no\r\n")),
  "refuses the sender with a made-up code": until(/^MAIL/, answers(`599 ${oneLine}\r\n`)),
  "refuses every recipient with markup": until(/^RCPT/, answers(`550 ${oneLine}\r\n`)),
  "answers the recipient with 1 GB": until(/^RCPT/, (wire) =>
    flood(wire, "", Buffer.alloc(60_000, "250-ok\r\n")),
  ),
  "answers one command twice": until(/^MAIL/, answers("250 ok\r\n250 ok\r\n")),
  "wants the message at once": until(/^RCPT/, answers("354 go ahead\r\n")),
  "closes half at the envelope": until(/^RCPT/, (wire) => wire.end()),
  "resets at the envelope": until(/^RCPT/, (_wire, socket) => socket.resetAndDestroy()),
};

const atOnce: Record<string, (socket: Socket) => void> = {
  "resets at once": (socket) => socket.resetAndDestroy(),
  "closes half at once": (socket) => socket.end(),
  "accepts and says nothing": () => {},
  "drips its greeting a byte a second": (socket) => drip(socket, Buffer.from(greeting)),
  "sends 1 GB instead of a greeting": (socket) => flood(socket),
  "never ends its greeting": (socket) => endless(socket, "", "220-hello\r\n"),
  "sends 1 GB of greetings": (socket) => flood(socket, "", Buffer.alloc(60_000, "220-hello\r\n")),
  "sends garbage": (socket) => socket.write(garbage),
  "greets with markup": (socket) => socket.write(`220 ${oneLine}\r\n`),
  "greets with markup and newlines": (socket) => socket.write(`220 ${attack}\r\n`),
  "greets with a refusal": (socket) => socket.write("554 no\r\n"),
  "greets twice": (socket) => socket.write(greeting + greeting),
  "speaks HTTP": (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
};

export const hostileSmtp: Behaviour[] = [
  ...Object.entries(atOnce).map(([name, serve]) => ({ name, serve })),
  ...Object.entries(plain).map(([name, say]) => ({
    name,
    serve(socket: Socket) {
      socket.write(greeting);
      socket.once("data", () => say(socket, socket));
    },
  })),
  ...Object.entries(unsecured).map(([name, say]) => ({
    name,
    serve(socket: Socket) {
      socket.write(greeting);
      script(socket, extensions, () => say(socket, socket), "");
    },
  })),
  ...Object.entries(secured).map(([name, say]) => ({
    name,
    serve(socket: Socket, secure: (socket: Socket) => Duplex) {
      socket.write(greeting);
      socket.once("data", () => {
        socket.write(extensions);
        socket.once("data", () => {
          socket.write("220 go\r\n");
          say(secure(socket), socket);
        });
      });
    },
  })),
];
