import type { IncomingMessage } from "node:http";
import { createServer as createHttps } from "node:https";
import tls from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Certificate, createAuthority } from "../environments/replica/certificates.ts";
import { aProxy, carries, proxyWords, says } from "../tests/a-proxy.ts";
import { type AnAttempt, anAttempt } from "../tests/an-attempt.ts";
import { Loopback } from "../tests/loopback.ts";
import { canaryDigest } from "./canary.ts";
import type { Probe } from "./probe.ts";
import { vendor } from "./vendor.ts";

const host = "localhost";
const datadog = { vendor: "datadog", host };
const defaults = tls.getCACertificates("default");
let certificate: Certificate;
let elsewhere: Certificate;
beforeAll(async () => {
  const authority = await createAuthority();
  certificate = await authority.issue([host]);
  elsewhere = await authority.issue(["vendor.example"]);
  tls.setDefaultCACertificates([...defaults, authority.ca]);
});
afterAll(() => tls.setDefaultCACertificates(defaults));

let loopback: Loopback;
beforeEach(() => {
  loopback = new Loopback();
});
afterEach(() => loopback[Symbol.asyncDispose]());

interface Received {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage["headers"];
  body: string;
}

async function aVendor(status: number, { as = certificate, rest = "ended" as "ended" | "endless" } = {}) {
  const received: Received[] = [];
  const server = createHttps(as, async (asked, answer) => {
    const { method, url, headers } = asked;
    received.push({ method, url, headers, body: Buffer.concat(await asked.toArray()).toString() });
    answer.writeHead(status, { location: "/elsewhere" });
    if (rest === "ended") answer.end("{}");
    else answer.write("x");
  });
  return { port: await loopback.serve(server), received };
}

function attempted(port: number, rest: Partial<AnAttempt> = {}) {
  return anAttempt({
    probe: vendor as unknown as Probe,
    check: "vendor",
    endpoint: vendor.endpoint.parse({ ...datadog, port }),
    credentials: "none",
    ...rest,
  });
}

function proxied(port: number, proxy: number, rest: Partial<AnAttempt> = {}) {
  const endpoint = vendor.endpoint.parse({ ...datadog, port, proxy: { host: "127.0.0.1", port: proxy } });
  return attempted(port, { check: "vendor-proxy", endpoint, ...rest });
}

describe("a vendor's endpoint", () => {
  test.each([
    [200, { kind: "reached", rung: "tls" }],
    [301, { kind: "reached", rung: "tls" }],
    [401, { kind: "reached", rung: "tls" }],
    [403, { kind: "reached", rung: "tls" }],
    [404, { kind: "reached", rung: "tls" }],
    [429, { kind: "reached", rung: "tls" }],
    [500, { kind: "reached", rung: "tls" }],
    [407, { kind: "faulted", code: "HTTP_407" }],
    [502, { kind: "faulted", code: "HTTP_502" }],
    [503, { kind: "faulted", code: "HTTP_503" }],
    [504, { kind: "faulted", code: "HTTP_504" }],
  ])("that answers %i was sent to over TLS, whatever it says: %j", async (status, outcome) => {
    const { port, received } = await aVendor(status);
    expect(await attempted(port)).toMatchObject({ climbed: "tls", outcome });
    expect(received).toHaveLength(1);
  });

  test("gets the harmless request of its record: no key, and a canary in place of data", async () => {
    const { port, received } = await aVendor(401);
    await attempted(port);
    const [{ method, url, headers, body }] = received as [Received];
    expect({ method, url, host: headers.host }).toEqual({ method: "POST", url: "/api/v2/logs", host });
    expect(Object.keys(headers).sort()).toEqual(["connection", "content-length", "content-type", "host"]);
    const [{ message }] = JSON.parse(body) as [{ message: string }];
    expect(canaryDigest(message)).toBeDefined();
  });

  test("whose answer has no end has answered, because its status says enough", async () => {
    const { port } = await aVendor(401, { rest: "endless" });
    expect((await attempted(port)).outcome).toEqual({ kind: "reached", rung: "tls" });
  });

  test("of another name passes the network, and nothing is sent to it", async () => {
    const { port, received } = await aVendor(401, { as: elsewhere });
    expect(await attempted(port)).toMatchObject({
      climbed: "network",
      outcome: { kind: "faulted", code: "ERR_TLS_CERT_ALTNAME_INVALID" },
    });
    expect(received).toEqual([]);
  });

  test("where nobody listens is refused by the network", async () => {
    const port = await loopback.tcp(() => {});
    await loopback[Symbol.asyncDispose]();
    expect(await attempted(port)).toMatchObject({
      climbed: "name",
      outcome: { kind: "refused", rung: "network", code: "ECONNREFUSED" },
    });
  });

  test("that accepts and says nothing is silent at TLS, with the network passed", async () => {
    const port = await loopback.tcp(() => {});
    expect(await attempted(port, { deadlineMs: 300 })).toMatchObject({
      climbed: "network",
      outcome: { kind: "silent", rung: "tls" },
    });
  });
});

describe("through the own proxy", () => {
  test.each([
    ["name", "localhost"],
    ["address", "127.0.0.1"],
  ] as const)("a vendor is asked for by %s, and reached where the proxy carries", async (route, asked) => {
    const { port, received } = await aVendor(401);
    const proxy = await aProxy(loopback, carries);
    expect(await proxied(port, proxy.port, { route, learned: ["::1", "127.0.0.1"] })).toMatchObject({
      climbed: "tls",
      outcome: { kind: "reached", rung: "tls" },
    });
    expect(proxy.asked).toEqual([`CONNECT ${asked}:${port} HTTP/1.1`]);
    expect(received.map(({ headers }) => headers.host)).toEqual([host]);
  });

  test("an IPv6 address stands in brackets, as RFC 9110 has it", async () => {
    const proxy = await aProxy(loopback, says("HTTP/1.1 403 Forbidden\r\n\r\n"), "::1");
    const own = { ...datadog, proxy: { host: "::1", port: proxy.port } };
    await proxied(443, proxy.port, {
      own,
      route: "address",
      addressFamily: 6,
      learned: ["127.0.0.1", "fd10:20::5"],
    });
    expect(proxy.asked).toEqual(["CONNECT [fd10:20::5]:443 HTTP/1.1"]);
  });

  test("an address that nobody learned is not made up", async () => {
    const proxy = await aProxy(loopback, carries);
    expect((await proxied(443, proxy.port, { route: "address", learned: ["::1"] })).outcome).toEqual({
      kind: "faulted",
      code: "NO_ADDRESS_LEARNED",
    });
    expect(proxy.asked).toEqual([]);
  });

  test("a certificate for another name comes from beyond the proxy, so the network was passed", async () => {
    const { port, received } = await aVendor(401, { as: elsewhere });
    const proxy = await aProxy(loopback, carries);
    expect(await proxied(port, proxy.port)).toMatchObject({
      climbed: "network",
      outcome: { kind: "faulted", code: "ERR_TLS_CERT_ALTNAME_INVALID" },
    });
    expect(received).toEqual([]);
  });

  test.each(proxyWords)("a proxy that says %s", async (_what, way, outcome) => {
    const proxy = await aProxy(loopback, way);
    expect(await proxied(443, proxy.port, { deadlineMs: 800 })).toMatchObject({ climbed: "name", outcome });
    await expect.poll(() => loopback.open).toBe(0);
  });

  test("a tunnel that stays open is one by the proxy's word and deed, though nobody speaks in it", async () => {
    const proxy = await aProxy(loopback, says("HTTP/1.1 200 OK\r\n\r\n"));
    expect(await proxied(443, proxy.port, { deadlineMs: 1500 })).toMatchObject({
      climbed: "network",
      outcome: { kind: "silent", rung: "tls" },
    });
  });

  test("a proxy that is not there says nothing of any border", async () => {
    const proxy = await loopback.tcp(() => {});
    await loopback[Symbol.asyncDispose]();
    expect(await proxied(443, proxy)).toMatchObject({
      climbed: "name",
      outcome: { kind: "faulted", code: "PROXY_ECONNREFUSED" },
    });
  });
});
