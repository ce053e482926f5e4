import { generateKeyPairSync } from "node:crypto";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import ssh2, { type ServerChannel } from "ssh2";
import type { Behaviour } from "./servers.ts";
import { after, attack, drip, endless, fakeCanary, flood, garbage, script } from "./wire.ts";

/** Hostile SSH servers. Packets: RFC 4253, section 6; messages: RFC 4250, section 4.1.2. */

const name = "SSH-2.0-hostile\r\n";

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function string(text: string): Buffer {
  return Buffer.concat([uint32(Buffer.byteLength(text)), Buffer.from(text)]);
}

/** As before the first key exchange: in the clear, without a code. */
function packet(...parts: Buffer[]): Buffer {
  const payload = Buffer.concat(parts);
  const padding = 8 - ((payload.length + 5) % 8) + 8;
  const head = Buffer.concat([uint32(payload.length + padding + 1), Buffer.from([padding])]);
  return Buffer.concat([head, payload, Buffer.alloc(padding)]);
}

const many = (message: Buffer) => Buffer.concat(Array<Buffer>(500).fill(message));
const ignore = packet(Buffer.from([2]), string("x".repeat(100)));
const debug = packet(Buffer.from([4, 1]), string(attack), string(""));
const unimplemented = packet(Buffer.from([3]), uint32(0));
const disconnect = packet(Buffer.from([1]), uint32(2), string(attack), string(""));

function keyExchange(lists: readonly string[]): Buffer {
  return packet(Buffer.from([20]), Buffer.alloc(16, 7), ...lists.map(string), Buffer.alloc(5));
}

const lists = [
  "curve25519-sha256",
  "ssh-ed25519",
  "aes128-ctr",
  "aes128-ctr",
  "hmac-sha2-256",
  "hmac-sha2-256",
  "zlib",
  "zlib",
  "",
  "",
];

const bare: Record<string, (socket: Socket) => void> = {
  "resets at once": (socket) => socket.resetAndDestroy(),
  "closes half at once": (socket) => socket.end(),
  "accepts and says nothing": () => {},
  "drips its name a byte a second": (socket) => drip(socket, Buffer.from(name)),
  "sends lines for ever before its name": (socket) => endless(socket, "", "hello\r\n"),
  "sends 1 GB before its name": (socket) => flood(socket),
  "sends 1 GB of lines before its name": (socket) => flood(socket, "", Buffer.alloc(60_000, "hello\r\n")),
  "has a name of 1 GB": (socket) => flood(socket, "SSH-2.0-", Buffer.alloc(65536, "x")),
  "has a name full of markup": (socket) => socket.write(`SSH-2.0-${attack.replace(/[\r\n]/g, " ")}\r\n`),
  "speaks of markup before its name": (socket) => socket.write(`${attack}\r\n${name}`),
  "sends garbage": (socket) => socket.write(garbage),
  "sends its name, then garbage": (socket) => socket.write(Buffer.concat([Buffer.from(name), garbage])),
  "sends its name, then 1 GB": (socket) => flood(socket, name),
  "sends its name, then closes half": (socket) => socket.end(name),
  "sends its name, then resets": (socket) => {
    socket.write(name);
    after(socket, 50, () => socket.resetAndDestroy());
  },
  "sends its name, then nothing": (socket) => socket.write(name),
  "sends 1 GB of messages to ignore": (socket) => flood(socket, name, many(ignore)),
  "sends messages to ignore for ever": (socket) => endless(socket, name, ignore),
  "sends 1 GB of debug messages": (socket) => flood(socket, name, many(debug)),
  "has never heard of anything": (socket) =>
    socket.write(Buffer.concat([Buffer.from(name), many(unimplemented)])),
  "announces a packet of 4 GB": (socket) =>
    flood(socket, Buffer.concat([Buffer.from(name), uint32(0xffffffff)])),
  "announces a packet of nothing": (socket) =>
    socket.write(Buffer.concat([Buffer.from(name), uint32(0), Buffer.alloc(64)])),
  "disconnects with markup": (socket) => socket.write(Buffer.concat([Buffer.from(name), disconnect])),
  "exchanges keys by garbage": (socket) =>
    socket.write(Buffer.concat([Buffer.from(name), packet(Buffer.from([20]), garbage.subarray(0, 900))])),
  "exchanges keys by markup": (socket) =>
    socket.write(Buffer.concat([Buffer.from(name), keyExchange(lists.map(() => attack))])),
  "would compress everything": (socket) =>
    socket.write(Buffer.concat([Buffer.from(name), keyExchange(lists)])),
  "answers the key exchange with garbage": (socket) =>
    script(
      socket,
      Buffer.concat([Buffer.from(name), keyExchange(lists.map((list) => (list === "zlib" ? "none" : list)))]),
      packet(Buffer.from([31]), string("ssh-ed25519"), garbage.subarray(0, 600)),
    ),
};

/** Not made by ssh2, of whose Ed25519 keys one in some 250 cannot be read. */
const hostKey = generateKeyPairSync("ec", { namedCurve: "P-256" })
  .privateKey.export({ type: "sec1", format: "pem" })
  .toString();

interface Manners {
  refuses?: boolean;
  banner?: string;
  /** Lets in, and has no room for a session. */
  isFull?: boolean;
  /** What happens to a channel on which a command was asked for; left out: its request is refused. */
  answer?(channel: ServerChannel, command: string, socket: Socket): void;
}

/** A server that keeps to the protocol, and is hostile inside. */
function polite({ refuses = false, isFull = false, banner, answer }: Manners) {
  return (socket: Socket) => {
    socket.setNoDelay(true);
    const server = new ssh2.Server({ hostKeys: [hostKey], ...(banner ? { banner } : {}) }, (client) => {
      client.on("error", () => {});
      client.on("authentication", (context) => (refuses ? context.reject(["password"]) : context.accept()));
      client.on("session", (accept, reject) => {
        if (isFull) return reject();
        accept().on("exec", (take, refuse, { command }) => {
          if (!answer) return refuse();
          const channel = take();
          channel.on("error", () => {});
          answer(channel, command, socket);
        });
      });
    });
    (server as unknown as { injectSocket(socket: Socket): void }).injectSocket(socket);
  };
}

const says = (text: string) =>
  polite({
    answer(channel) {
      channel.write(text);
      channel.exit(0);
      channel.end();
    },
  });

/** Keeps up appearances, and shows that record; its command ends with the code. */
const shows = (record: (us: string) => string, code = 0) =>
  polite({
    answer(channel, command, { remoteAddress, remotePort, localAddress }) {
      const us = `Accepted password for ringfence from ${remoteAddress} port ${remotePort} ssh2`;
      channel.write(
        command.includes("record")
          ? record(`2026-11-22T12:00:00+0000 b sshd[1]: ${us}\n`)
          : command.startsWith("echo")
            ? `${remoteAddress} ${remotePort} ${localAddress} 22\n`
            : fakeCanary,
      );
      channel.exit(command.includes("record") ? code : 0);
      channel.end();
    },
  });

const logins = (count: number) =>
  Array.from(
    { length: count },
    (_, index) => `x b sshd[1]: Accepted password for user${index} from 10.0.0.1 port 1 ssh2\n`,
  ).join("");

const inside: Record<string, (socket: Socket) => void> = {
  "refuses every login": polite({ refuses: true }),
  "refuses every login, with a banner of markup": polite({ refuses: true, banner: attack }),
  "refuses every login, with a banner of 200 kB": polite({ refuses: true, banner: "x".repeat(200_000) }),
  "lets everybody in and refuses every command": polite({}),
  "lets everybody in and has no room for them": polite({ isFull: true }),
  "lets everybody in and says nothing": polite({ answer: () => {} }),
  "lets everybody in and resets": polite({
    answer: (_channel, _command, socket) => socket.resetAndDestroy(),
  }),
  "lets everybody in and hangs up": polite({ answer: (_channel, _command, socket) => socket.end() }),
  "lets everybody in and closes the channel": polite({ answer: (channel) => channel.close() }),
  "says a fake canary": says(fakeCanary),
  "says markup where a canary should be": says(attack),
  "answers with 1 GB": polite({ answer: (channel) => flood(channel) }),
  "complains of 1 GB": polite({ answer: (channel) => flood(channel.stderr as unknown as Duplex) }),
  "never ends its answer": polite({ answer: (channel) => endless(channel, fakeCanary, "x") }),
  "shows a record of markup": shows((us) => `${us}${attack}\n`),
  "shows accounts full of markup": shows(
    (us) =>
      `${us}x b sshd[1]: Accepted password for <script>window.__pwned=1</script> from 10.0.0.1 port 1 ssh2\n`,
  ),
  "shows a record of ten thousand logins": shows((us) => us + logins(10_000)),
  "shows a record of 1 GB": polite({
    answer: (channel, command) =>
      command.includes("record") ? flood(channel, "", Buffer.from(logins(1000))) : channel.end(fakeCanary),
  }),
  "shows a record without us": shows(() => logins(3)),
  "shows a part of its record": shows((us) => us + logins(1), 1),
};

export const hostileSsh: Behaviour[] = Object.entries({ ...bare, ...inside }).map(([behaviour, serve]) => ({
  name: behaviour,
  serve,
}));
