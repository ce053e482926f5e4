import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { Socket } from "node:net";
import packet from "dns-packet";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sha256 } from "../core/digest.ts";
import { type AnAttempt, anAttempt } from "../tests/an-attempt.ts";
import { Loopback } from "../tests/loopback.ts";
import { newCanary } from "./canary.ts";
import { dns } from "./dns.ts";
import { readAnswer } from "./dns-client.ts";
import type { Probe } from "./probe.ts";

let loopback: Loopback;
beforeEach(() => {
  loopback = new Loopback();
});
afterEach(() => loopback[Symbol.asyncDispose]());

const canary = newCanary();
const token = "0123456789abcdef".repeat(2);
const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 };

type Reply = (query: packet.Packet, socket: Socket) => Buffer | null;

const framed = (message: Buffer) => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
};

/** A name server over TCP; gives the names it was asked for. */
async function aServer(reply: Reply) {
  const asked: string[] = [];
  const port = await loopback.tcp((socket) => {
    socket.once("data", (data) => {
      const query = packet.streamDecode(data);
      asked.push(...(query.questions ?? []).map(({ type, name }) => `${type} ${name}`));
      const said = reply(query, socket);
      if (said) socket.write(said);
    });
  });
  return { port, asked };
}

function answering(parts: Partial<packet.Packet>, rcode: keyof typeof rcodes = "NOERROR"): Reply {
  return ({ id, questions }) =>
    packet.streamEncode({
      type: "response",
      id,
      questions,
      ...parts,
      flags: (parts.flags ?? 0) | rcodes[rcode],
    });
}

const txt = (data: string | string[], name = "canary.us.corp.example"): packet.Answer => ({
  type: "TXT",
  name,
  data,
});

/** As RFC 2308 has it beside a denial. */
const authority = (name: string): Partial<packet.Packet> => ({
  authorities: [
    {
      type: "SOA",
      name,
      data: {
        mname: `ns.${name}`,
        rname: `ops.${name}`,
        serial: 1,
      },
    },
  ],
});

function asked(check: string, port: number, rest: Partial<AnAttempt> = {}) {
  const endpoint = (host: string, zone: string) =>
    dns.endpoint.parse({ host, port, zone, arrivals: "http://localhost:1/" });
  return anAttempt({
    probe: dns as unknown as Probe,
    check,
    own: endpoint("127.0.0.1", "eu.corp.example"),
    endpoint: endpoint("127.0.0.1", "us.corp.example"),
    credentials: "none",
    token,
    ...rest,
  });
}

describe("a name server that is asked for a far region's private name", () => {
  const refused = (code: string) => ({ kind: "refused", rung: "authorization", code });
  const faulted = (code: string) => ({ kind: "faulted", code });
  const notDns = faulted("NOT_DNS");

  test.each<[string, Reply, Record<string, unknown>]>([
    [
      "tells the canary",
      answering({ answers: [txt(canary)] }),
      { kind: "reached", rung: "data", canary: sha256(canary) },
    ],
    [
      "tells it among other texts",
      answering({ answers: [txt("v=spf1"), txt(["x", canary])] }),
      { kind: "reached", rung: "data", canary: sha256(canary) },
    ],
    [
      "writes the name in capitals",
      (query) =>
        answering({ questions: [{ type: "TXT", name: "CANARY.us.CORP.example" }] }, "NXDOMAIN")(
          query,
          null as never,
        ),
      refused("NXDOMAIN"),
    ],
    ["knows no such name", answering({}, "NXDOMAIN"), refused("NXDOMAIN")],
    ["refuses", answering({}, "REFUSED"), refused("REFUSED")],
    ["knows the name, and no text of it", answering({}), faulted("NODATA")],
    [
      "knows the zone, and not the name",
      answering(authority("us.corp.example"), "NXDOMAIN"),
      faulted("ZONE_KNOWN"),
    ],
    [
      "knows a part of the zone",
      answering(authority("x.US.corp.example"), "NXDOMAIN"),
      faulted("ZONE_KNOWN"),
    ],
    ["knows what is above the zone", answering(authority("corp.example"), "NXDOMAIN"), refused("NXDOMAIN")],
    [
      "knows a zone that ends alike",
      answering(authority("plus.corp.example"), "NXDOMAIN"),
      refused("NXDOMAIN"),
    ],
    [
      "sends us to another server, which may tell",
      answering({ authorities: [{ type: "NS", name: "us.corp.example", data: "ns.us.corp.example" }] }),
      faulted("REFERRAL"),
    ],
    ["is in trouble", answering({}, "SERVFAIL"), faulted("SERVFAIL")],
    ["does not understand", answering({}, "FORMERR"), faulted("FORMERR")],
    ["cannot do that", answering({}, "NOTIMP"), faulted("NOTIMP")],
    ["uses a code of no name", answering({ flags: 12 }), faulted("UNREADABLE_CODE")],
    ["tells another text", answering({ answers: [txt("v=spf1")] }), faulted("NO_CANARY_IN_ANSWER")],
    ["tells markup", answering({ answers: [txt("<script>")] }), faulted("NO_CANARY_IN_ANSWER")],
    [
      "tells where the name leads, which is a private name, too",
      answering({ answers: [{ type: "CNAME", name: "canary.us.corp.example", data: "db.us.corp.example" }] }),
      faulted("NO_CANARY_IN_ANSWER"),
    ],
    [
      "answers to another id",
      (query, socket) => answering({ id: ((query.id ?? 0) + 1) % 65_536 })(query, socket),
      notDns,
    ],
    [
      "answers of another name",
      answering({ questions: [{ type: "TXT", name: "canary.eu.corp.example" }], answers: [txt(canary)] }),
      notDns,
    ],
    [
      "answers of another type",
      answering({ questions: [{ type: "A", name: "canary.us.corp.example" }] }, "NXDOMAIN"),
      notDns,
    ],
    [
      "answers of two names",
      (query, socket) =>
        answering({ questions: [...(query.questions ?? []), ...(query.questions ?? [])] })(query, socket),
      notDns,
    ],
    ["answers without the question", answering({ questions: [] }, "REFUSED"), notDns],
    [
      "is an echo, which looks like a name without texts",
      ({ id, questions }) => packet.streamEncode({ type: "query", id, questions }),
      notDns,
    ],
    ["answers another operation", answering({ flags: 4 << 11 }), notDns],
    [
      "cuts its answer, so that nothing missing in it means anything",
      answering({ flags: packet.TRUNCATED_RESPONSE }),
      notDns,
    ],
    ["sends a message of no length", () => Buffer.from([0, 0]), notDns],
    ["sends a header only", () => framed(Buffer.alloc(12)), notDns],
    ["sends garbage", () => framed(Buffer.from("\x00\xffgarbage".repeat(20), "latin1")), notDns],
    ["speaks another protocol", () => Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), { kind: "silent" }],
    ["says nothing", () => null, { kind: "silent" }],
    [
      "announces more than it sends",
      (query, socket) => (answering({ answers: [txt(canary)] })(query, socket) as Buffer).subarray(0, 40),
      { kind: "silent" },
    ],
    [
      "closes within its answer",
      (query, socket) => {
        socket.end((answering({ answers: [txt(canary)] })(query, socket) as Buffer).subarray(0, 40));
        return null;
      },
      faulted("CLOSED_BY_PEER"),
    ],
    [
      "resets",
      (_, socket) => {
        socket.resetAndDestroy();
        return null;
      },
      { kind: "refused", rung: "tls", code: "ECONNRESET" },
    ],
  ])("and %s", async (_what, reply, outcome) => {
    const server = await aServer(reply);
    const { climbed, outcome: met } = await asked("dns-private", server.port, { deadlineMs: 500 });
    expect(met).toMatchObject(outcome);
    expect(climbed).toBe(outcome.kind === "reached" ? "data" : "network");
    expect(server.asked).toEqual(["TXT canary.us.corp.example"]);
    await expect.poll(() => loopback.open).toBe(0);
  });

  test("in pieces answers all the same", async () => {
    const server = await aServer((query, socket) => {
      const whole = answering({ answers: [txt(canary)] })(query, socket) as Buffer;
      const pieces = Array.from(whole, (_, at) => whole.subarray(at, at + 1));
      const next = () => {
        const piece = pieces.shift();
        if (piece) socket.write(piece, () => setImmediate(next));
      };
      next();
      return null;
    });
    expect((await asked("dns-private", server.port)).outcome.kind).toBe("reached");
  });
});

describe("a look-up that carries something", () => {
  test("asks the own resolver for a name of the far zone, with the token in it", async () => {
    const server = await aServer(answering({}, "NXDOMAIN"));
    expect((await asked("dns-tunnel", server.port)).outcome).toMatchObject({ code: "NXDOMAIN" });
    expect(server.asked).toEqual([`TXT ringfence-${token}.us.corp.example`]);
  });

  test.each<[string, Reply, object]>([
    ["knows nothing there", answering({}), { kind: "refused", code: "NODATA" }],
    ["has asked before", answering(authority("us.corp.example"), "NXDOMAIN"), { code: "ZONE_KNOWN" }],
  ])("a resolver that %s", async (_what, reply, outcome) => {
    const server = await aServer(reply);
    expect((await asked("dns-tunnel", server.port)).outcome).toMatchObject(outcome);
  });

  test("the own zone is known to the own resolver, which is no fault of the control", async () => {
    const server = await aServer(answering(authority("us.corp.example"), "NXDOMAIN"));
    const { outcome } = await asked("dns-tunnel", server.port, { role: "control" });
    expect(outcome).toMatchObject({ kind: "refused", code: "NXDOMAIN" });
  });

  test("a far resolver may say whose the zone is, and not what is in it", async () => {
    const server = await aServer(answering(authority("us.corp.example"), "NXDOMAIN"));
    const { outcome } = await asked("dns-resolver", server.port, {
      endpoint: dns.endpoint.parse({
        host: "127.0.0.1",
        port: server.port,
        zone: "us.corp.example",
        arrivals: "http://localhost:1/",
      }),
    });
    expect(outcome).toMatchObject({ kind: "refused", code: "NXDOMAIN" });
  });

  test.each(["127.0.0.1", "::1"])(
    "asks the far name server at %s over UDP, and awaits no answer",
    async (address) => {
      const queries: packet.DecodedPacket[] = [];
      const socket = createSocket(address === "::1" ? "udp6" : "udp4");
      socket.on("message", (message) => queries.push(packet.decode(message)));
      await once(socket.bind(0, address), "listening");
      const entry = await asked("dns-direct", socket.address().port, {
        route: "address",
        addressFamily: address === "::1" ? 6 : 4,
        learned: [address],
        endpoint: dns.endpoint.parse({
          host: "ns.example",
          port: socket.address().port,
          zone: "us.corp.example",
          arrivals: "http://localhost:1/",
        }),
      });
      socket.close();
      expect(entry.outcome).toEqual({ kind: "silent", rung: "network" });
      expect(queries.map(({ questions }) => questions?.[0]?.name)).toEqual([
        `ringfence-${token}.us.corp.example`,
      ]);
    },
  );
});

describe("whatever bytes come for an answer", () => {
  const wanted = { id: 7, name: "canary.us.corp.example" };
  const good = packet.streamEncode({
    type: "response",
    id: wanted.id,
    questions: [{ type: "TXT", name: wanted.name }],
    answers: [txt(canary)],
  });

  function read(bytes: Uint8Array) {
    try {
      return readAnswer(Buffer.from(bytes), wanted);
    } catch (error) {
      expect(error).toMatchObject({ code: "NOT_DNS" });
      return null;
    }
  }

  test("it is read, or is NOT_DNS", () => {
    expect(read(good)).not.toBeNull();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(read(bytes)).toBeNull();
      }),
      { numRuns: 5000 },
    );
  });

  test("an answer with some bytes changed, cut or added is read as one to that question, or is NOT_DNS", () => {
    const change = fc.record({ at: fc.nat(good.length - 1), to: fc.nat(255) });
    const mangled = fc
      .record({
        changes: fc.array(change, { maxLength: 6 }),
        cut: fc.nat(good.length),
        more: fc.uint8Array({ maxLength: 9 }),
      })
      .map(({ changes, cut, more }) => {
        const bytes = Buffer.from(good);
        for (const { at, to } of changes) bytes[at] = to;
        return Buffer.concat([bytes.subarray(0, bytes.length - (cut > 40 ? 0 : cut)), more]);
      });
    fc.assert(
      fc.property(mangled, (bytes) => {
        const answer = read(bytes);
        if (answer === null) return;
        expect(answer).toMatchObject({ type: "response", id: wanted.id });
        expect(answer.questions?.map(({ name }) => name.toLowerCase())).toEqual([wanted.name]);
      }),
      { numRuns: 5000 },
    );
  });

  test("names that lead in circles end", () => {
    const header = Buffer.from(good.subarray(0, 14));
    const circle = Buffer.concat([header, Buffer.from([0xc0, 12, 0, 16, 0, 1])]);
    circle.writeUInt16BE(circle.length - 2);
    expect(read(circle)).toBeNull();
  });
});
