import { createServer } from "node:http";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Outcome } from "../core/vocabulary.ts";
import { aProxy, carries, proxyWords, says } from "../tests/a-proxy.ts";
import { type AnAttempt, anAttempt } from "../tests/an-attempt.ts";
import { Loopback } from "../tests/loopback.ts";
import type { Probe } from "./probe.ts";
import { proxy } from "./proxy.ts";

let loopback: Loopback;
beforeEach(() => {
  loopback = new Loopback();
});
afterEach(() => loopback[Symbol.asyncDispose]());

/** The proxy of another region: an HTTP server, and to whoever speaks TLS to it, a complaint. */
const aFarProxy = () => loopback.serve(createServer((_, answer) => answer.writeHead(405).end()));

function tunnelled(ownPort: number, farPort: number, rest: Partial<AnAttempt> = {}) {
  const allowed = { host: "localhost", port: farPort };
  return anAttempt({
    probe: proxy as unknown as Probe,
    check: "proxy-tunnel",
    own: proxy.endpoint.parse({ host: "127.0.0.1", port: ownPort, allowed }),
    endpoint: proxy.endpoint.parse({ host: "proxy.us.example", port: farPort, allowed }),
    credentials: "none",
    ...rest,
  });
}

describe("a tunnel to any system of another region, which is told nothing", () => {
  const toSystem = { check: "proxy-systems" };

  test.each<[what: string, system: (socket: Socket) => void, outcome: Outcome]>([
    ["that waits for us to speak", () => {}, { kind: "reached", rung: "network" }],
    ["that speaks first", (socket) => socket.write("220 ready\r\n"), { kind: "reached", rung: "network" }],
    ["that closes at once", (socket) => socket.end(), { kind: "faulted", code: "PROXY_CLOSED" }],
  ])("%s", async (_what, system, outcome) => {
    const far = await loopback.tcp(system);
    const own = await aProxy(loopback, carries);
    expect((await tunnelled(own.port, far, toSystem)).outcome).toEqual(outcome);
  });

  test.each(proxyWords)("a proxy that says %s", async (what, way, outcome) => {
    const own = await aProxy(loopback, way);
    // Without a word of ours the tunnel stands, and that is what counts.
    const stands = what.startsWith("200, and only then");
    expect((await tunnelled(own.port, 9, { ...toSystem, deadlineMs: 1500 })).outcome).toEqual(
      stands ? { kind: "reached", rung: "network" } : outcome,
    );
  });
});

describe("a tunnel into another region", () => {
  test.each([
    ["name", "proxy.us.example"],
    ["address", "203.0.113.9"],
  ] as const)("is asked for by %s, and stands once a byte came out of it", async (route, asked) => {
    const far = await aFarProxy();
    const own = await aProxy(loopback, carries);
    expect(await tunnelled(own.port, far, { route, learned: ["203.0.113.9"] })).toMatchObject({
      climbed: "network",
      outcome: { kind: "reached", rung: "network" },
    });
    expect(own.asked).toEqual([`CONNECT ${asked}:${far} HTTP/1.1`]);
    await expect.poll(() => loopback.open).toBe(0);
  });

  test("the control asks for what the map says that the proxy carries to", async () => {
    const far = await aFarProxy();
    const own = await aProxy(loopback, carries);
    expect((await tunnelled(own.port, far, { role: "control" })).outcome.kind).toBe("reached");
    expect(own.asked).toEqual([`CONNECT localhost:${far} HTTP/1.1`]);
  });

  test("to a port where nobody listens: the proxy could not, and nothing is known", async () => {
    const far = await loopback.tcp(() => {});
    await loopback[Symbol.asyncDispose]();
    const own = await aProxy(loopback, carries);
    expect((await tunnelled(own.port, far)).outcome).toEqual({ kind: "faulted", code: "PROXY_CLOSED" });
  });

  test.each(proxyWords)("a proxy that says %s", async (_what, way, outcome) => {
    const own = await aProxy(loopback, way);
    expect(await tunnelled(own.port, 443, { deadlineMs: 800 })).toMatchObject({ climbed: "name", outcome });
    await expect.poll(() => loopback.open).toBe(0);
  });

  test.each(["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 \r\n\r\n", "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"])(
    "%j opens it, as any 2xx does, and it counts when it stays open",
    async (word) => {
      const own = await aProxy(loopback, says(word));
      expect(await tunnelled(own.port, 443, { deadlineMs: 1500 })).toMatchObject({
        climbed: "network",
        outcome: { kind: "silent", rung: "tls" },
      });
    },
  );

  test("a byte behind the header is one from beyond", async () => {
    const own = await aProxy(loopback, says("HTTP/1.1 200 OK\r\n\r\n220 us"));
    expect((await tunnelled(own.port, 443)).outcome).toEqual({ kind: "reached", rung: "network" });
  });
});

describe("another region's proxy", () => {
  const reach = (port: number) =>
    anAttempt({
      probe: proxy as unknown as Probe,
      check: "tcp",
      endpoint: proxy.endpoint.parse({ host: "127.0.0.1", port, allowed: { host: "localhost" } }),
      credentials: "none",
    });

  test("is reached where its port accepts, because it would carry on", async () => {
    expect((await reach(await aFarProxy())).outcome).toEqual({ kind: "reached", rung: "network" });
  });

  test("refuses where nobody listens", async () => {
    const port = await aFarProxy();
    await loopback[Symbol.asyncDispose]();
    expect((await reach(port)).outcome).toEqual({ kind: "refused", rung: "network", code: "ECONNREFUSED" });
  });
});
