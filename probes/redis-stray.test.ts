import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { canaryDigest, newCanary } from "./canary.ts";
import { strayCanaries } from "./redis-stray.ts";

/** A real Redis on a socket of its own. */
const folder = mkdtempSync(join(tmpdir(), "ringfence-redis-"));
const socket = join(folder, "redis.sock");
const server = spawn("redis-server", ["--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder], {
  stdio: "ignore",
});
let client: Redis;

beforeAll(async () => {
  client = new Redis({ path: socket, protocol: 2, retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on("error", () => {});
  await client.ping();
});
beforeEach(async () => void (await client.flushall()));
afterAll(async () => {
  client.disconnect();
  server.kill();
  await once(server, "close");
  rmSync(folder, { recursive: true, force: true });
});

const plantedAs: Record<string, (canary: string) => Promise<unknown>> = {
  "a string": (canary) => client.set("login:4711", canary),
  "an element of a list": async (canary) => {
    await client.rpush("jobs", ...Array<string>(1200).fill("a job"));
    await client.rpush("jobs", canary);
  },
  "the value of a hash": (canary) => client.hset("session:1", "user", "x", "token", canary),
  "the field of a hash": (canary) => client.hset("session:2", canary, "1"),
  "a member of a set": (canary) => client.sadd("seen", canary, "another"),
  "a member of a sorted set": (canary) => client.zadd("ranking", 1, canary),
  "the first entry of a long stream": async (canary) => {
    await client.xadd("events", "*", "payload", canary);
    const pipeline = client.pipeline();
    for (let entry = 0; entry < 1200; entry++) pipeline.xadd("events", "*", "payload", "x");
    await pipeline.exec();
  },
  "the last entry of a long stream": async (canary) => {
    const pipeline = client.pipeline();
    for (let entry = 0; entry < 1200; entry++) pipeline.xadd("events", "*", "payload", "x");
    await pipeline.exec();
    await client.xadd("events", "*", "payload", canary);
  },
};

describe("a canary is found as", () => {
  test.each(Object.keys(plantedAs))("%s", async (where) => {
    const canary = newCanary();
    await plantedAs[where]?.(canary);
    expect(await strayCanaries(client)).toEqual([canaryDigest(canary)]);
  });
});

test("what is no canary is not reported, whatever its type", async () => {
  await client.set("long", "x".repeat(60));
  await client.xadd("events", "*", "payload", `prefix ${newCanary()}`);
  await client.hset("hash", "field", "value");
  expect(await strayCanaries(client)).toEqual([]);
});

test("more elements than it will read are no clean search, because the rest was not looked at", async () => {
  const many = Array.from({ length: 10_001 }, (_, index) => `job ${index}`);
  for (let time = 0; time < 10; time++) await client.rpush("jobs", ...many);
  await expect(strayCanaries(client)).rejects.toMatchObject({ code: "SEARCH_TRUNCATED" });
});

test("a list that says it is endless and gives nothing ends the search", async () => {
  const liar = {
    scan: async () => ["0", ["jobs"]],
    type: async () => "list",
    llen: async () => Number.MAX_SAFE_INTEGER,
    lrange: async () => [],
  } as unknown as Redis;
  await expect(strayCanaries(liar)).rejects.toMatchObject({ code: "SEARCH_TRUNCATED" });
});
