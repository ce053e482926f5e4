import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { AddressInfo, Server } from "node:net";
import tls from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Authority, createAuthority } from "../environments/replica/certificates.ts";
import { explainExchange, request } from "./http.ts";
import { Ladder } from "./ladder.ts";

let authority: Authority;
const defaults = tls.getCACertificates("default");
beforeAll(async () => {
  authority = await createAuthority();
  tls.setDefaultCACertificates([...defaults, authority.ca]);
});
afterAll(() => tls.setDefaultCACertificates(defaults));

async function listening(server: Server): Promise<{ port: number } & AsyncDisposable> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  const close = async () => void server.close();
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

const secure = async (name: string, answer: http.RequestListener) =>
  listening(https.createServer(await authority.issue([name]), answer));
const plain = (answer: http.RequestListener) => listening(http.createServer(answer));

function callTo(port: number, more: { ladder?: Ladder; tls?: boolean; host?: string } = {}) {
  const call = {
    address: "127.0.0.1",
    port,
    host: "app.example",
    tls: true,
    path: "/",
    ladder: new Ladder(),
  };
  return { ...call, ...more };
}

describe("an HTTP exchange with one literal address", () => {
  test("asks for the name while it connects to the address, so that no resolver has a say", async () => {
    await using server = await secure("app.example", (asked, answer) =>
      answer.writeHead(200, { "x-seen": asked.headers.host }).end(asked.url),
    );
    const call = callTo(server.port);
    expect(await request({ ...call, path: "/a?b=c" })).toMatchObject({
      status: 200,
      body: "/a?b=c",
      peer: "127.0.0.1",
      headers: { "x-seen": `app.example:${server.port}` },
    });
    expect(call.ladder.climbed).toBe("tls");
  });

  test("sends method, headers and body", async () => {
    await using server = await plain(async (asked, answer) => {
      const body = await asked.toArray();
      answer.end(`${asked.method} ${asked.headers.authorization} ${Buffer.concat(body)}`);
    });
    const sent = { method: "POST", headers: { authorization: "Bearer x" }, body: "né" };
    const answer = await request({ ...callTo(server.port, { tls: false }), ...sent });
    expect(answer.body).toBe("POST Bearer x né");
  });

  test("does not follow a redirect, because the other host was not asked about", async () => {
    let asked = 0;
    await using server = await plain((_, answer) => {
      asked++;
      answer.writeHead(307, { location: "/again" }).end();
    });
    expect(await request(callTo(server.port, { tls: false }))).toMatchObject({ status: 307 });
    expect(asked).toBe(1);
  });

  test.each([
    ["a certificate for another name", "ERR_TLS_CERT_ALTNAME_INVALID", "other.example", "app.example"],
    ["a certificate without the address that was asked for", "ERR_TLS_CERT_ALTNAME_INVALID", "x.example", ""],
  ])("%s is a fault beyond the network, never a refusal", async (_what, code, issued, asked) => {
    await using server = await secure(issued, (_, answer) => answer.end("hello"));
    const call = callTo(server.port, { host: asked || "127.0.0.1" });
    const error: unknown = await request(call).catch((reason: unknown) => reason);
    expect(call.ladder.climbed).toBe("network");
    expect(explainExchange(error, call.ladder)).toEqual({ kind: "faulted", code });
  });

  test("an authority that is not trusted is a fault beyond the network", async () => {
    const stranger = await createAuthority();
    const certificate = await stranger.issue(["app.example"]);
    await using server = await listening(https.createServer(certificate, (_, answer) => answer.end("hello")));
    const call = callTo(server.port);
    const error: unknown = await request(call).catch((reason: unknown) => reason);
    expect(call.ladder.climbed).toBe("network");
    expect(explainExchange(error, call.ladder)).toEqual({ kind: "faulted", code: "CERT_SIGNATURE_FAILURE" });
  });

  test("a body without an end is cut off by the ladder", async () => {
    await using server = await plain((_, answer) => {
      const more = () => {
        while (!answer.destroyed && answer.write("x".repeat(16_384)));
      };
      answer.on("drain", more);
      more();
    });
    const call = callTo(server.port, { tls: false });
    await expect(request(call)).rejects.toMatchObject({ code: "ANSWER_TOO_LONG" });
    expect(call.ladder.cutOff).toBe("ANSWER_TOO_LONG");
  });

  test("headers longer than 16 KiB are refused", async () => {
    await using server = await plain((_, answer) => answer.writeHead(200, { a: "x".repeat(20_000) }).end());
    await expect(request(callTo(server.port, { tls: false }))).rejects.toMatchObject({
      code: "HPE_HEADER_OVERFLOW",
    });
  });

  test("a connection that ends within the answer is no answer", async () => {
    await using server = await plain((_, answer) => {
      answer.writeHead(200, { "content-length": "60" });
      answer.write("half");
      answer.socket?.end();
    });
    const call = callTo(server.port, { tls: false });
    const error: unknown = await request(call).catch((reason: unknown) => reason);
    expect(explainExchange(error, call.ladder)).toEqual({ kind: "faulted", code: "CLOSED_BY_PEER" });
  });

  test("a path that no request line can hold is the map's fault, and is said as a code", async () => {
    const call = { ...callTo(1), path: "/a b" };
    const error: unknown = await request(call).catch((reason: unknown) => reason);
    expect(explainExchange(error, call.ladder)).toEqual({
      kind: "faulted",
      code: "ERR_UNESCAPED_CHARACTERS",
    });
  });
});
