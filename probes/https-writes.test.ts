import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { sha256 } from "../core/digest.ts";
import { anAttempt } from "../tests/an-attempt.ts";
import { newCanary } from "./canary.ts";
import { https } from "./https.ts";
import type { Probe } from "./probe.ts";

const own = newCanary();

interface Service {
  /** What is answered to a write for the tenant, and whether it is kept all the same. */
  moving?: { status: number; kept?: boolean };
  settled?: { status: number; kept?: boolean };
  /** What is answered to a look for a document that is not there, or to any for the tenant that moves. */
  missing?: number;
  movingReads?: number;
  deletes?: number;
  profile?: string;
}

/** Tenants' documents by path; what is not there is repeated in the answer. */
async function serving(
  service: Service,
): Promise<{ port: number; documents: Map<string, string> } & AsyncDisposable> {
  const documents = new Map<string, string>();
  const server = createServer(async (asked, response) => {
    const body = Buffer.concat(await asked.toArray()).toString();
    const path = asked.url ?? "";
    const say = (status: number, text = "") => response.writeHead(status).end(text);
    if (path.endsWith("/profile") || path === "/canary") return say(200, service.profile ?? own);
    const isMoving = path.startsWith("/tenants/moving/");
    if (asked.method === "PUT") {
      const { status, kept = status < 300 } = (isMoving ? service.moving : service.settled) ?? {
        status: 204,
      };
      if (kept) documents.set(path, body);
      return say(status, `no write of ${body}`);
    }
    if (asked.method === "DELETE") {
      const status = service.deletes ?? 204;
      if (status < 300) documents.delete(path);
      return say(status);
    }
    if (isMoving && service.movingReads) return say(service.movingReads);
    const found = documents.get(path);
    return found === undefined ? say(service.missing ?? 404, `${path} is not there`) : say(200, found);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const close = async () => {
    server.close();
    server.closeAllConnections();
  };
  return { documents, port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

async function tried(service: Service) {
  await using server = await serving(service);
  const token = { token: "env:TOKEN" };
  const endpoint = https.endpoint.parse({
    host: "127.0.0.1",
    port: server.port,
    tls: false,
    canaryPath: "/canary",
    moving: {
      tenant: "moving",
      settled: "settled",
      holds: "/tenants/{tenant}/profile",
      path: "/tenants/{tenant}/notes/{token}",
      refusals: [423],
    },
    credentials: { own: token, canary: token, auditor: token },
  });
  const { outcome, findings } = await anAttempt({
    probe: https as unknown as Probe,
    check: "https-frozen",
    endpoint,
    secrets: { "env:TOKEN": "secret" },
  });
  const writes = findings?.writes?.map(
    ({ tenant, met }) => `${tenant} ${"code" in met ? met.code : met.kind}`,
  );
  return { outcome, writes, left: server.documents.size };
}

const reached = { kind: "reached", rung: "data", canary: sha256(own) };
const around = (met: string) => ["settled accepted", `moving ${met}`, "settled accepted"];

test.each<[string, Service, string[]]>([
  ["a refusal that stores nothing is one", { moving: { status: 423 } }, around("HTTP_423")],
  ["a refusal that stores all the same is none", { moving: { status: 423, kept: true } }, around("accepted")],
  ["a write that is taken is accepted", {}, around("accepted")],
  [
    "a write that is taken for later is accepted, because nobody knows where it waits",
    { moving: { status: 202, kept: false } },
    around("accepted"),
  ],
  ["another refusal keeps its own status", { moving: { status: 500 } }, around("HTTP_500")],
  [
    "a settled tenant's write that is taken and not there afterwards is no control",
    { settled: { status: 204, kept: false }, moving: { status: 423 } },
    ["settled NOT_STORED", "moving HTTP_423", "settled NOT_STORED"],
  ],
  [
    "a service that refuses everybody keeps that, too",
    { settled: { status: 423 }, moving: { status: 423 } },
    ["settled HTTP_423", "moving HTTP_423", "settled HTTP_423"],
  ],
])("%s", async (_sentence, service, writes) => {
  expect(await tried(service)).toEqual({ outcome: reached, writes, left: 0 });
});

test("a write that is taken is accepted, though nobody may look whether it was stored", async () => {
  expect(await tried({ movingReads: 423 })).toMatchObject({ writes: around("accepted") });
});

test("where nobody can look whether it was stored, the look says so, and what was met before stands", async () => {
  const unseen = await tried({ moving: { status: 423 }, movingReads: 423 });
  expect(unseen).toEqual({
    outcome: { kind: "faulted", code: "HTTP_423" },
    writes: ["settled accepted"],
    left: 0,
  });
});

test("nothing is written for a tenant without a canary, because it may be a customer", async () => {
  expect(await tried({ profile: "a customer" })).toMatchObject({ left: 0, writes: undefined });
});
