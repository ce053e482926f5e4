import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Redis } from "ioredis";
import pg from "pg";
import { scriptArguments } from "../environments/node-script.ts";
import { enterHost } from "../environments/replica/driver.ts";
import type { ReplicaState } from "../environments/replica/state.ts";
import type { Kind } from "./record.ts";
import { undoable } from "./undo.ts";

/** The sample's system of each kind. */
export const systemOf = {
  postgres: "orders-db",
  redis: "session-cache",
  s3: "uploads",
  tcp: "ledger",
  vendor: "assistant",
  proxy: "egress-proxy",
  datagram: "metrics",
  dns: "internal-names",
  smtp: "mail-relay",
  ssh: "bastion",
  https: "search",
  sqs: "jobs",
  sns: "order-events",
  "aws-snapshots": "orders-snapshots",
  settings: "workload-settings",
} as const satisfies Record<Kind, string>;

export function systemState(state: ReplicaState, region: string, kind: Kind) {
  const found = state.systems[`${region}/${systemOf[kind]}`];
  if (!found) throw new Error(`the replica has no ${kind} in ${region}`);
  return found;
}

/** A system's own folder, which holds its Unix socket, as seen from outside. */
function folderOf(state: ReplicaState, region: string, kind: Kind): string {
  return join(`/proc/${state.hosts[`${region}/data`]?.pid}/root`, state.work, systemOf[kind]);
}

/** Runs SQL as the administrator, past the network. */
export async function sql(
  state: ReplicaState,
  region: string,
  statement: string,
  database?: string,
): Promise<string[]> {
  const { port, admin } = systemState(state, region, "postgres");
  const client = new pg.Client({
    host: folderOf(state, region, "postgres"),
    port,
    user: admin.user,
    database: database ?? admin.database,
  });
  await client.connect();
  try {
    const { rows } = await client.query<{ value?: unknown }>(statement);
    return (rows ?? []).map(({ value }) => String(value));
  } finally {
    await client.end();
  }
}

/** Runs a Redis command as the administrator, past the network. */
export async function redis(state: ReplicaState, region: string, ...command: string[]): Promise<string> {
  const { admin } = systemState(state, region, "redis");
  const client = new Redis({
    path: join(folderOf(state, region, "redis"), "redis.sock"),
    username: admin.user ?? "",
    password: admin.password ?? "",
    lazyConnect: true,
    retryStrategy: () => null,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const [name = "", ...rest] = command;
    return String(await client.call(name, ...rest));
  } finally {
    client.disconnect();
  }
}

const tool = join(import.meta.dirname, "tools", "bucket-object.ts");

async function exchangeObject(state: ReplicaState, region: string, body: string | null): Promise<string> {
  const { admin } = systemState(state, region, "s3");
  const child = enterHost(state, `${region}/app`, [process.execPath, ...scriptArguments(tool)], {
    environment: {
      PATH: process.env.PATH,
      HOME: state.work,
      NODE_EXTRA_CA_CERTS: join(state.work, "ca.pem"),
    },
    stdio: "pipe",
  });
  if (!child.stdin || !child.stdout || !child.stderr) throw new TypeError("a piped child has pipes");
  child.stdin.end(JSON.stringify({ admin, body }));
  const [answer, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (!answer) throw new Error(`the bucket's object was not exchanged: ${complaint}`);
  return (JSON.parse(answer) as { old: string }).old;
}

/** How the canary of a system is exchanged for another value, or taken away with null. Gives the old one. */
export const exchangeCanary = {
  async postgres(state: ReplicaState, region: string, value: string | null): Promise<string> {
    const [old = ""] = await sql(state, region, "SELECT value FROM ringfence.canary");
    await sql(
      state,
      region,
      `BEGIN; DELETE FROM ringfence.canary; ${
        value === null
          ? ""
          : `INSERT INTO ringfence.canary VALUES (${pg.escapeLiteral(region)}, ${pg.escapeLiteral(value)});`
      } COMMIT`,
    );
    return old;
  },
  async redis(state: ReplicaState, region: string, value: string | null): Promise<string> {
    const key = systemState(state, region, "redis").admin.canaryKey ?? "";
    const old = await redis(state, region, "GET", key);
    await (value === null ? redis(state, region, "DEL", key) : redis(state, region, "SET", key, value));
    return old;
  },
  s3: exchangeObject,
} as const;

/** Another canary, or none, until it is put back. */
export async function withCanary(
  state: ReplicaState,
  { kind, region, value }: { kind: keyof typeof exchangeCanary; region: string; value: string | null },
): Promise<AsyncDisposable> {
  let old: string | null = null;
  return undoable(
    async () => {
      old = await exchangeCanary[kind](state, region, value);
    },
    () => old !== null && exchangeCanary[kind](state, region, old),
  );
}

/** A region's resolver answers from an altered zone, until it is put back. */
export function withZone(
  state: ReplicaState,
  region: string,
  alter: (zone: string) => string,
): Promise<AsyncDisposable> {
  const file = state.names[region] ?? "";
  const zone = readFileSync(file, "utf8");
  const write = (content: string) => {
    writeFileSync(file, content);
    // The resolver looks at the time of change, which may be the same within one tick of its clock.
    const changed = new Date(Date.now() + 1000 + Math.random() * 1000);
    utimesSync(file, changed, changed);
  };
  return undoable(
    () => write(alter(zone)),
    () => write(zone),
  );
}
