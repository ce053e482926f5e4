import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterEach, describe, expect, test } from "vitest";
import { sha256 } from "../core/digest.ts";
import { anAttempt } from "../tests/an-attempt.ts";
import { Loopback } from "../tests/loopback.ts";
import { newCanary } from "./canary.ts";
import type { Probe } from "./probe.ts";
import { redis } from "./redis.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const canary = newCanary();

/** A real Redis on loopback, with the canary in it. */
async function aServer(...options: string[]): Promise<{ port: number; client: Redis }> {
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const { port } = free.address() as AddressInfo;
  free.close();
  const folder = mkdtempSync(join(tmpdir(), "ringfence-redis-"));
  const flags = ["--port", String(port), "--requirepass", "x", "--save", "", "--dir", folder, ...options];
  const server = spawn("redis-server", flags, { stdio: "ignore" });
  const client = new Redis({ port, password: "x", retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on("error", () => {});
  closing.push(async () => {
    client.disconnect();
    server.kill();
    await once(server, "close");
    rmSync(folder, { recursive: true, force: true });
  });
  if (options.length > 0) await client.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  while (!(await client.set("ringfence:canary", canary).catch(() => null)));
  return { port, client };
}

function look(check: string, port: number) {
  const login = { user: "default", password: "env:X" };
  const endpoint = redis.endpoint.parse({
    host: "127.0.0.1",
    port,
    credentials: { own: login, canary: login, auditor: login },
  });
  return anAttempt({ probe: redis as unknown as Probe, check, endpoint, secrets: { "env:X": "x" } });
}

describe("a search for stray canaries", () => {
  const whole = { kind: "reached", rung: "data", canary: sha256(canary) };
  const partial = { kind: "faulted", code: "SEARCH_TRUNCATED" };

  test("is clean where there is one database, and nothing in it", async () => {
    const { port } = await aServer();
    expect(await look("redis-stray", port)).toMatchObject({ outcome: whole });
  });

  test("is not where another database holds keys; what it saw stands", async () => {
    const { port, client } = await aServer();
    await client.multi().select(1).set("session:1", newCanary()).exec();
    const findings = { canaries: [sha256(canary)] };
    expect(await look("redis-stray", port)).toMatchObject({ outcome: partial, findings });
  });

  test("is not in a cluster, of which this server holds a part", async () => {
    const { port } = await aServer("--cluster-enabled", "yes");
    expect(await look("redis-stray", port)).toMatchObject({ outcome: partial });
  });
});

describe("links", () => {
  /** Answers every INFO in the same way. */
  async function saying(info: string): Promise<number> {
    const loopback = new Loopback();
    closing.push(() => loopback[Symbol.asyncDispose]());
    const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
    const answers: Record<string, string> = { PING: "+PONG\r\n", GET: bulk(canary), INFO: bulk(info) };
    return loopback.tcp((socket) => {
      socket.on("data", (data) => {
        const asked = [...data.toString().matchAll(/^\*\d+\r\n\$\d+\r\n(\w+)\r$/gm)];
        for (const [, word = ""] of asked) socket.write(answers[word.toUpperCase()] ?? "+OK\r\n");
      });
    });
  }

  test.each([
    ["nothing", ""],
    ["something else", "# Server\r\nredis_version:8.0.0\r\n"],
    ["that three follow, and not who", "# Replication\r\nrole:master\r\nconnected_slaves:3\r\n"],
  ])("of a server that says %s are not none", async (_what, info) => {
    expect((await look("redis-links", await saying(info))).outcome).toEqual({
      kind: "faulted",
      code: "REPLICATION_NOT_TOLD",
    });
  });

  test("of a cluster are not those of one of its servers", async () => {
    const { port } = await aServer("--cluster-enabled", "yes");
    expect((await look("redis-links", port)).outcome).toEqual({ kind: "faulted", code: "SEARCH_TRUNCATED" });
  });

  test("are none where a server says so", async () => {
    const { port } = await aServer();
    expect((await look("redis-links", port)).findings?.links).toEqual([]);
  });
});
