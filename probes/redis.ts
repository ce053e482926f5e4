import type { AbstractConnector, Redis } from "ioredis";
import { z } from "zod";
import type { Findings, Link } from "../core/journal.ts";
import { HostName, Port, SecretReference } from "../core/residency-map.ts";
import type { Outcome } from "../core/vocabulary.ts";
import { brokenConnection } from "./attempt.ts";
import { canaryDigest } from "./canary.ts";
import { inside } from "./checks.ts";
import type { Ladder } from "./ladder.ts";
import { legibleText } from "./legible.ts";
import { addressesOf } from "./names.ts";
import { defineProbe, type TryContext } from "./probe.ts";
import { repliesOnly } from "./redis-frames.ts";
import { strayCanaries } from "./redis-stray.ts";
import { connectTcp, tcpCheck } from "./tcp.ts";

const login = z.strictObject({ user: z.string().min(1), password: SecretReference });

const RedisEndpoint = z.strictObject({
  host: HostName,
  port: Port.default(6379),
  canaryKey: z.string().min(1).default("ringfence:canary"),
  credentials: z.strictObject({
    own: login.describe("What the region's workload logs in with"),
    canary: login.describe("Reads the canary key and nothing else; the other regions try it"),
    auditor: login.describe(
      "May SCAN, read strings, lists, hashes, sets and streams, INFO and CLIENT INFO in its own region",
    ),
  }),
});
type RedisEndpoint = z.infer<typeof RedisEndpoint>;

/** Redis 6 and later (ACL users). Error prefixes: redis.io/docs, "Redis serialization protocol". */
export const redis = defineProbe({
  kind: "redis",
  endpoint: RedisEndpoint,
  stopBy: "network",
  longestSearchBytes: 8 * 1024 * 1024,
  checks: [
    tcpCheck,
    {
      probe: "redis",
      family: "trespass",
      routes: ["name", "address"],
      credentials: ["own", "target"],
      goal: "data",
      contacts: "target",
      proves: "no login, and no key of the far cache",
    },
    {
      ...inside,
      probe: "redis-stray",
      looksFor: "canaries",
      family: "stray",
      perOtherRegion: true,
      proves: "no canary of another region in the own cache",
    },
    {
      ...inside,
      probe: "redis-links",
      looksFor: "links",
      family: "stray",
      proves: "no replica or primary outside the region",
    },
    {
      ...inside,
      probe: "redis-wiring",
      looksFor: "place",
      family: "wiring",
      privateAddresses: true,
      proves: "the own name ends in the own region, and the server says so",
    },
  ],
  contact: (endpoint) => endpoint,
  prepare: loadClient,
  async run(context) {
    const { item, ladder, address, target, own } = context;
    if (item.probe === "tcp") {
      await connectTcp(ladder, { address, port: target.port });
      return { outcome: { kind: "reached", rung: "network" } };
    }
    const abroad = item.probe === "redis";
    const { credentials } = item.vector.credentials === "target" ? target : own;
    const login = !abroad
      ? credentials.auditor
      : item.vector.credentials === "target"
        ? credentials.canary
        : credentials.own;
    await using session = await openSession(context, login);
    const canary = canaryDigest(await session.client.get((abroad ? target : own).canaryKey));
    const outcome: Outcome = { kind: "reached", rung: "data", ...(canary ? { canary } : {}) };
    if (abroad) return { outcome };
    const findings = await lookInside(session.client, item.probe, address);
    const isWhole = wholes[item.probe];
    if (isWhole && !isWhole(await session.client.info()))
      return { outcome: { kind: "faulted", code: "SEARCH_TRUNCATED" }, findings };
    return {
      outcome,
      findings: findings.canaries || !canary ? findings : { ...findings, canaries: [canary] },
    };
  },
  explain,
});

async function lookInside(client: Redis, probe: string, address: string): Promise<Findings> {
  if (probe === "redis-stray") return { canaries: await strayCanaries(client) };
  if (probe === "redis-links") return { links: await links(await client.info("replication")) };
  const info = String(await client.client("INFO"));
  const answered = /\bladdr=\[?([0-9a-fA-F:.]+?)\]?:\d+(?=\s|$)/.exec(info)?.[1];
  return { servedFrom: { addresses: [...new Set([address, ...(answered ? [answered] : [])])] } };
}

/** Whether the server, and the database that the login enters, were all there is to look at: no keys, and nobody who
 *  follows, in another shard of a cluster; no keys in another logical database. redis.io/docs, "INFO". */
const wholes: Record<string, (info: string) => boolean> = {
  "redis-stray": (info) => isAlone(info) && !/^db(?!0:)\d+:/m.test(info),
  "redis-links": isAlone,
};

function isAlone(info: string): boolean {
  return /^cluster_enabled:0\r?$/m.test(info);
}

const mostLinks = 100;

/** INFO replication: `slaveN:ip=…` are replicas that follow us, `master_host` is whom we follow. One that does not
 *  say as much as it should has not said that there is nobody. */
async function links(info: string): Promise<Link[]> {
  const replicas = [...info.matchAll(/^slave\d+:ip=([^,\r\n]+)/gm)].map((match) => [
    "the Redis replica",
    match[1] ?? "",
  ]);
  const primary = [...info.matchAll(/^master_host:([^\r\n]+)/gm)].map((match) => [
    "the Redis primary",
    match[1] ?? "",
  ]);
  const all = [...replicas, ...primary];
  const told = /^connected_slaves:(\d+)/m.exec(info)?.[1];
  if (!/^role:(master|slave)/m.test(info) || Number(told) !== replicas.length)
    throw Object.assign(new Error("it does not say who follows it"), { code: "REPLICATION_NOT_TOLD" });
  if (all.length > mostLinks) throw Object.assign(new Error("too many links"), { code: "SEARCH_TRUNCATED" });
  return Promise.all(
    all.map(async ([what = "", peer = ""]) => ({
      what,
      peer: legibleText(peer),
      addresses: await addressesOf(peer.replace(/^::ffff:/, "")),
    })),
  );
}

interface Session extends AsyncDisposable {
  client: Redis;
}

/** Whoever only plans does not wait for it. */
function loadClient() {
  return import("ioredis");
}

/** ioredis rejects with "Connection is closed." and tells the reason only on its `error` event. */
async function openSession(
  { address, target, own, item, ladder, secret }: TryContext<RedisEndpoint>,
  { user, password }: { user: string; password: string },
): Promise<Session> {
  const endpoint = item.contacts === "own" ? own : target;
  const { AbstractConnector, Redis } = await loadClient();
  const client = new Redis({
    username: user,
    password: secret(password),
    protocol: 2,
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: 2 ** 31 - 1,
    Connector: connectorOver(AbstractConnector, { ladder, address, port: endpoint.port }),
  });
  let reason: unknown;
  client.on("error", (error) => {
    if (reason === undefined) client.disconnect();
    reason ??= error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    client.disconnect();
    throw reason ?? error;
  }
  ladder.climb("authentication");
  return {
    client,
    [Symbol.asyncDispose]: async () => client.disconnect(),
  };
}

function connectorOver(
  Base: typeof AbstractConnector,
  { ladder, address, port }: { ladder: Ladder; address: string; port: number },
) {
  return class extends Base {
    constructor() {
      super(0);
    }
    async connect() {
      const socket = ladder.socket(repliesOnly());
      this.stream = socket;
      socket.connect({ host: address, port, autoSelectFamily: false });
      return socket;
    }
  };
}

const refusals: Record<string, "authentication" | "data"> = {
  NOAUTH: "authentication",
  WRONGPASS: "authentication",
  NOPERM: "data",
};

function explain(error: unknown, ladder: Ladder): Outcome {
  const broken = brokenConnection(error, ladder);
  if (broken) return broken;
  const { message = "", code } = error as { message?: string; code?: string };
  const word = /^[A-Z]{3,20}/.exec(message)?.[0];
  const rung = word ? refusals[word] : undefined;
  if (word && rung) return { kind: "refused", rung, code: word };
  return { kind: "faulted", code: code ?? word ?? "CLOSED_BY_PEER" };
}
