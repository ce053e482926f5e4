import { createServer as createHttps } from "node:https";
import { connect, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { outside } from "../core/residency-map.ts";
import type { Outcome } from "../core/vocabulary.ts";
import { type Certificate, createAuthority } from "../environments/replica/certificates.ts";
import { greetingIn } from "../fixtures/egress-proxy/client-hello.ts";
import { admits } from "../fixtures/egress-proxy/greeting-rules.ts";
import { Arrivals } from "../fixtures/receivers/arrivals.ts";
import { aProxy, carries, type ProxyWay, proxyWords, says } from "../tests/a-proxy.ts";
import { type AnAttempt, anAttempt } from "../tests/an-attempt.ts";
import { drip, flood, garbage } from "../tests/hostile/wire.ts";
import { Loopback } from "../tests/loopback.ts";
import type { Probe } from "./probe.ts";
import { proxy } from "./proxy.ts";

const host = "localhost";
const token = "5eed".repeat(8);
const checks = ["proxy-forged-name", "proxy-name-below", "proxy-no-name", "proxy-cut-name"] as const;
const names = {
  "proxy-forged-name": `${host}.ringfence-${token}.example`,
  "proxy-name-below": `ringfence-${token}.${host}`,
  "proxy-no-name": null,
  "proxy-cut-name": `${host}.ringfence-${token}.example`,
} as const;

let certificate: Certificate;
beforeAll(async () => {
  certificate = await (await createAuthority()).issue(["receiver.example"]);
});
let loopback: Loopback;
beforeEach(() => {
  loopback = new Loopback();
});
afterEach(() => loopback[Symbol.asyncDispose]());

/** One's own receiver: it bears any name, and says what it was sent. */
async function aReceiver() {
  const arrivals = new Arrivals();
  const server = createHttps(certificate, ({ url = "", socket }, answer) => {
    arrivals.note(url, socket.remoteAddress ?? "");
    answer.writeHead(401).end();
  });
  const port = await loopback.serve(server);
  return { port, arrived: () => arrivals.list().map((one) => one.token) };
}

function greeted(proxyPort: number, receiverPort: number, rest: Partial<AnAttempt> = {}) {
  const endpoint = proxy.endpoint.parse({
    host: "127.0.0.1",
    port: proxyPort,
    allowed: { host },
    greetings: { receiver: { host, port: receiverPort }, arrivals: "https://receiver.example/arrivals" },
  });
  return anAttempt({
    probe: proxy as unknown as Probe,
    check: "proxy-forged-name",
    endpoint,
    credentials: "none",
    token,
    ...rest,
  });
}

/** What the client says is held back until `admitted` says yes; at a no, `refuse`. */
const peeks =
  (admitted: (said: Buffer) => boolean | null, refuse: (client: Socket) => void): ProxyWay =>
  (client, port) => {
    let said = Buffer.alloc(0);
    const onward = connect(port, "127.0.0.1", () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
    onward.on("error", () => client.destroy());
    client.on("close", () => onward.destroy());
    client.on("data", function look(chunk) {
      said = Buffer.concat([said, chunk]);
      const answer = admitted(said);
      if (answer === null) return;
      client.off("data", look);
      if (!answer) return refuse(client);
      onward.write(said);
      onward.pipe(client).pipe(onward);
    });
  };
const exactly = (said: Buffer) => admits("exact", host, said);
const careful = (refuse: (client: Socket) => void = (client) => client.destroy()) => peeks(exactly, refuse);

describe.each(checks)("%s", (check) => {
  test("is what the wire holds, and the request goes to the receiver under its right name", async () => {
    const heard: Buffer[] = [];
    const port = await loopback.tcp((socket) => socket.on("data", (chunk) => heard.push(chunk)));
    await greeted((await aProxy(loopback, carries)).port, port, { check, deadlineMs: 300 });
    const hello = Buffer.concat(heard);
    const name = names[check];
    expect(greetingIn(hello)).toEqual(name ? { kind: "named", name } : { kind: "nameless" });
    const isWhole = hello.readUInt16BE(3) + 5 === hello.length;
    expect(isWhole).toBe(check !== "proxy-cut-name");
    expect(hello.includes(name ?? "ringfence")).toBe(name !== null && isWhole);
  });

  test("arrives through a proxy that does not look, by the receiver's word, and climbs nothing by itself", async () => {
    const receiver = await aReceiver();
    const own = await aProxy(loopback, carries);
    expect(await greeted(own.port, receiver.port, { check })).toMatchObject({
      climbed: "name",
      outcome: { kind: "faulted", code: "ANSWERED_401" },
    });
    expect(receiver.arrived()).toEqual([token]);
    expect(own.asked).toEqual([`CONNECT ${host}:${receiver.port} HTTP/1.1`]);
  });

  test("is refused by a careful proxy, which carries for the right name right afterwards", async () => {
    const receiver = await aReceiver();
    const own = await aProxy(loopback, careful());
    expect(await greeted(own.port, receiver.port, { check })).toMatchObject({
      climbed: "name",
      outcome: { kind: "refused", rung: "network", code: "GREETING_CLOSED", local: true },
    });
    expect(receiver.arrived()).toEqual([]);
    expect(own.asked).toHaveLength(2);
    await expect.poll(() => loopback.open).toBe(0);
  });

  test("has a control that greets by the right name, and arrives through the careful proxy", async () => {
    const receiver = await aReceiver();
    const own = await aProxy(loopback, careful());
    const met = await greeted(own.port, receiver.port, { check, role: "control" });
    expect(met.outcome).toEqual({ kind: "reached", rung: "tls" });
    expect(receiver.arrived()).toEqual([token]);
  });

  test("has one outside that greets as the attempt does, past every proxy", async () => {
    const receiver = await aReceiver();
    const own = await aProxy(loopback, careful());
    const met = await greeted(own.port, receiver.port, { check, role: "control", from: outside });
    expect(met.outcome).toEqual({ kind: "reached", rung: "tls" });
    expect(receiver.arrived()).toEqual([token]);
    expect(own.asked).toEqual([]);
  });
});

describe("a receiver that does not bear the name", () => {
  test("shows itself to whoever stands outside, so that its silence is no proof", async () => {
    const strict = createHttps({
      ...certificate,
      SNICallback: (name, done) => (name === host ? done(null) : done(new Error("unknown"))),
    });
    const port = await loopback.serve(strict);
    const met = await greeted(1, port, { role: "control", from: outside });
    expect(met.outcome.kind).toBe("faulted");
  });
});

const alert = Buffer.from([21, 3, 3, 0, 2, 2, 112]);
/** A proxy that breaks TLS open, and answers in the receiver's stead. */
const page = (client: Socket) => {
  const secure = new TLSSocket(client, { isServer: true, secureContext: createSecureContext(certificate) });
  secure.on("error", () => {});
  secure.once("data", () => secure.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
};
const opensAndAnswers: ProxyWay = (client) => {
  client.write("HTTP/1.1 200 OK\r\n\r\n");
  page(client);
};

describe("a proxy that has seen a forged name", () => {
  const refused = (code: string): Outcome => ({ kind: "refused", rung: "network", code, local: true });
  const unknown = (code: string): Outcome => ({ kind: "faulted", code });
  const silent: Outcome = { kind: "silent", rung: "network" };

  test.each<[what: string, way: ProxyWay, outcome: Outcome]>([
    ["closes", careful((client) => client.end()), refused("GREETING_CLOSED")],
    ["resets", careful((client) => client.resetAndDestroy()), refused("GREETING_RESET")],
    ["complains in TLS, and closes", careful((client) => client.end(alert)), refused("GREETING_ALERT_112")],
    [
      "complains without TLS",
      careful((client) => client.end("HTTP/1.1 403 No\r\n\r\n")),
      unknown("ENDED_MIDWAY"),
    ],
    [
      "complains in TLS, and says more",
      careful((client) => client.end(Buffer.concat([alert, alert]))),
      unknown("ENDED_MIDWAY"),
    ],
    ["answers in TLS itself, and nobody knows who that was", opensAndAnswers, unknown("ANSWERED_403")],
    ["says nothing, and holds the tunnel", careful((client) => void client.resume()), silent],
    ["drips", careful((client) => drip(client, Buffer.from([22, 3, 3, 64, 0]))), silent],
    ["floods", careful((client) => flood(client)), unknown("ENDED_MIDWAY")],
    ["sends garbage", careful((client) => void client.write(garbage)), unknown("ENDED_MIDWAY")],
  ])("%s", async (_what, way, outcome) => {
    const receiver = await aReceiver();
    const own = await aProxy(loopback, way);
    const met = await greeted(own.port, receiver.port, { deadlineMs: 1200 });
    expect(met).toMatchObject({ climbed: "name", outcome });
    expect(receiver.arrived()).toEqual([]);
    await expect.poll(() => loopback.open).toBe(0);
  });
});

describe("nothing is refused", () => {
  test("where the tunnel closes although the receiver got it: the receiver is who knows", async () => {
    const receiver = await aReceiver();
    const own = await aProxy(loopback, (client, port) => {
      const onward = connect(port, "127.0.0.1", () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
      onward.on("error", () => {});
      client.pipe(onward);
      onward.on("data", (chunk) => {
        if (receiver.arrived().length > 0) client.destroy();
        else client.write(chunk);
      });
    });
    const met = await greeted(own.port, receiver.port);
    expect(met.outcome).toEqual({ kind: "faulted", code: "ENDED_MIDWAY" });
    expect(receiver.arrived()).toEqual([token]);
  });

  test("where the right name is not carried afterwards either", async () => {
    const receiver = await aReceiver();
    const own = await aProxy(
      loopback,
      (client) => void client.write("HTTP/1.1 200 OK\r\n\r\n", () => client.once("data", () => client.end())),
    );
    expect((await greeted(own.port, receiver.port)).outcome).toEqual({
      kind: "faulted",
      code: "RIGHT_NAME_GREETING_CLOSED",
    });
  });

  test("where the proxy no longer opens a tunnel for the right name", async () => {
    const receiver = await aReceiver();
    let asked = 0;
    const no = says("HTTP/1.1 403 Forbidden\r\n\r\n");
    const own = await aProxy(loopback, (client, port) =>
      asked++ === 0 ? careful()(client, port) : no(client, port),
    );
    expect((await greeted(own.port, receiver.port)).outcome).toEqual({
      kind: "faulted",
      code: "NOT_CARRIED_PROXY_403",
    });
  });

  test.each(proxyWords)("by a proxy that says %s", async (_what, way) => {
    const own = await aProxy(loopback, way);
    const { climbed, outcome } = await greeted(own.port, 9, { deadlineMs: 800 });
    expect(climbed).toBe("name");
    expect(outcome.kind === "faulted" || outcome.kind === "silent").toBe(true);
    await expect.poll(() => loopback.open).toBe(0);
  });

  test("by a proxy that is not there", async () => {
    const port = await loopback.tcp(() => {});
    await loopback[Symbol.asyncDispose]();
    const { outcome } = await greeted(port, 9);
    expect(outcome).toEqual({ kind: "faulted", code: "NOT_CARRIED_PROXY_ECONNREFUSED" });
  });
});

describe("the receiver in the map", () => {
  const greetings = (receiver: string) => ({
    host: "proxy.example",
    allowed: { host },
    greetings: { receiver: { host: receiver }, arrivals: "https://receiver.example/arrivals" },
  });

  test("has a name, because an address is greeted by none", () => {
    expect(proxy.endpoint.safeParse(greetings("receiver.example")).success).toBe(true);
    for (const address of ["203.0.113.7", "2001:db8::7"])
      expect(proxy.endpoint.safeParse(greetings(address)).success).toBe(false);
  });
});
