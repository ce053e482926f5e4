import type { Socket } from "node:net";
import packet from "dns-packet";
import type { Behaviour } from "./servers.ts";
import { attack, drip, endless, fakeCanary, flood, garbage, script } from "./wire.ts";

/** Hostile name servers over TCP, of which none says "no such name". RFC 1035, section 4. */

type Question = Pick<packet.Packet, "id" | "questions">;
const line = attack.replace(/[\r\n]/g, " ");

/** To the question, with its id. */
const answers = (reply: (question: Question) => Buffer) => (socket: Socket) =>
  socket.once("data", (data) => {
    const { id = 0, questions = [] } = packet.streamDecode(data);
    socket.write(reply({ id, questions }));
  });
const says = (parts: Partial<packet.Packet>) =>
  answers((question) => packet.streamEncode({ type: "response", ...question, ...parts }));
const text = (data: string): packet.Answer => ({ type: "TXT", name: "canary.us.corp.example", data });
const framed = (body: Buffer) => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length);
  return Buffer.concat([length, body]);
};
/** The header and question of an answer, then bytes of which no record is made. */
const then = (bytes: Buffer) =>
  answers((question) => {
    const whole = packet.encode({ type: "response", ...question });
    whole.writeUInt16BE(65_535, 6);
    return framed(Buffer.concat([whole, bytes]));
  });

const behaviours: Record<string, (socket: Socket) => void> = {
  "resets at once": (socket) => socket.resetAndDestroy(),
  "closes half at once": (socket) => socket.end(),
  "accepts and says nothing": () => {},
  "drips a byte a second": (socket) => drip(socket, framed(garbage)),
  "never ends its answer": (socket) => script(socket, () => endless(socket, Buffer.from([0xff, 0xff]), "x")),
  "sends 1 GB": (socket) => script(socket, () => flood(socket, Buffer.from([0xff, 0xff]))),
  "sends 1 GB before it is asked": (socket) => flood(socket),
  "sends garbage": (socket) => script(socket, garbage),
  "sends a message of garbage": (socket) => script(socket, framed(garbage)),
  "sends messages of no length": (socket) => script(socket, Buffer.alloc(60_000)),
  "answers, then sends garbage": then(garbage),
  "answers with a name that leads in a circle": then(Buffer.from([0xc0, 43, 0xc0, 43])),
  "announces 65,535 records": then(Buffer.alloc(0)),
  "closes half within its answer": (socket) => script(socket, () => socket.end(Buffer.from([0, 40, 0, 1]))),
  "resets instead of an answer": (socket) => script(socket, () => socket.resetAndDestroy()),
  "echoes the question": (socket) => socket.once("data", (data) => socket.write(data)),
  "answers another question": says({ questions: [{ type: "TXT", name: "canary.other.example" }] }),
  "cuts its refusal": says({ flags: packet.TRUNCATED_RESPONSE | 3 }),
  "is in trouble": says({ flags: 2 }),
  "uses a code of no name": says({ flags: 12 }),
  "says a fake canary": says({ answers: [text(fakeCanary)] }),
  "says markup where a canary should be": says({ answers: [text(line.slice(0, 120))] }),
  "says where the name leads, in markup": says({
    answers: [{ type: "CNAME", name: "canary.us.corp.example", data: "<script>.example" }],
  }),
};

export const hostileDns: Behaviour[] = Object.entries(behaviours).map(([name, serve]) => ({ name, serve }));
