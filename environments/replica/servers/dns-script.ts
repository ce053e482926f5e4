import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, isIPv6, type Socket } from "node:net";
import packet from "dns-packet";
import { Arrivals } from "../../../fixtures/receivers/arrivals.ts";
import { takeJob } from "../host-jobs.ts";

/** Name servers of one zone each, over UDP and TCP. What they do not know they forward where their file says
 *  so, and otherwise refuse; what they were asked they tell over HTTP. */
interface NameServer {
  addresses: string[];
  port: number;
  zone: string;
  canary: string;
  forwards: string;
  arrivals: number;
}

for (const server of takeJob<NameServer[]>(import.meta.filename)) {
  const seen = new Arrivals();
  for (const address of server.addresses) {
    await serveUdp(address, server, seen);
    await serveTcp(address, server, seen);
    await seen.serve({ address, port: server.arrivals });
  }
}

async function serveUdp(address: string, server: NameServer, seen: Arrivals): Promise<void> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("message", (message, from) => {
    void answerTo(message, { server, seen, from: from.address }).then(
      (answer) => socket.send(answer, from.port, from.address),
      () => {},
    );
  });
  socket.bind(server.port, address);
  await once(socket, "listening");
}

async function serveTcp(address: string, server: NameServer, seen: Arrivals): Promise<void> {
  const listener = createServer((socket) => {
    socket.on("error", () => {});
    void messages(socket, async (message) => {
      const answer = await answerTo(message, { server, seen, from: socket.remoteAddress ?? "" });
      socket.write(framed(answer));
    });
  });
  listener.listen({ host: address, port: server.port });
  await once(listener, "listening");
}

async function messages(socket: Socket, take: (message: Buffer) => Promise<unknown>): Promise<void> {
  let received = Buffer.alloc(0);
  try {
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk as Buffer]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        await take(received.subarray(2, end));
        received = received.subarray(end);
      }
    }
  } catch {
    socket.destroy();
  }
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

interface Asked {
  server: NameServer;
  seen: Arrivals;
  from: string;
}

const rcodes = { noError: 0, serverFailure: 2, nameError: 3, refused: 5 };

async function answerTo(message: Buffer, { server, seen, from }: Asked): Promise<Buffer> {
  const query = packet.decode(message);
  const [question] = query.questions ?? [];
  const name = question?.name.toLowerCase() ?? "";
  seen.note(name, from);
  const within = name === server.zone || name.endsWith(`.${server.zone}`);
  const known = name === `canary.${server.zone}` && question?.type === "TXT";
  const onward = within ? undefined : forwardOf(name, server);
  if (onward) return forwarded(message, onward, server).catch(() => reply(query, rcodes.serverFailure));
  if (!within) return reply(query, rcodes.refused);
  if (!known) return reply(query, rcodes.nameError);
  return reply(query, rcodes.noError, [{ type: "TXT", name, ttl: 0, data: server.canary }]);
}

function reply(query: packet.Packet, rcode: number, answers: packet.Answer[] = []): Buffer {
  const { id = 0, questions = [] } = query;
  return packet.encode({
    type: "response",
    id,
    flags: packet.AUTHORITATIVE_ANSWER | rcode,
    questions,
    answers,
  });
}

function forwardOf(name: string, { forwards }: NameServer): string | undefined {
  const lines = readFileSync(forwards, "utf8").split("\n");
  const [, address] =
    lines.map((line) => line.split(" ")).find(([zone]) => zone && (zone === "." || name.endsWith(zone))) ??
    [];
  return address;
}

async function forwarded(message: Buffer, address: string, { addresses }: NameServer): Promise<Buffer> {
  const localAddress = addresses.find((own) => isIPv6(own) === isIPv6(address));
  const socket = connect({ host: address, port: 53, ...(localAddress ? { localAddress } : {}) });
  socket.setTimeout(2000, () => socket.destroy(new Error("no answer")));
  socket.write(framed(message));
  return new Promise((done, fail) => {
    socket.once("error", fail);
    socket.once("close", () => fail(new Error("closed")));
    void messages(socket, async (answer) => {
      done(Buffer.from(answer));
      socket.destroy();
    });
  });
}
