import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import pg from "pg";
import { z } from "zod";
import { HostName, Port, SecretReference } from "../core/residency-map.ts";
import type { Outcome } from "../core/vocabulary.ts";
import { brokenConnection } from "./attempt.ts";
import { canaryDigest } from "./canary.ts";
import { inside } from "./checks.ts";
import type { Ladder } from "./ladder.ts";
import { beginBaseBackup, hangUpSoon } from "./postgres-base-backup.ts";
import { guardedStream } from "./postgres-frames.ts";
import { findLinks, findStrayCanaries, whereServed } from "./postgres-inside.ts";
import { defineProbe, type TryContext } from "./probe.ts";
import { connectTcp, tcpCheck } from "./tcp.ts";

const login = z.strictObject({ user: z.string().min(1), password: SecretReference });

const PostgresEndpoint = z.strictObject({
  host: HostName,
  port: Port.default(5432),
  database: z.string().min(1),
  tls: z.boolean().default(true).describe("Whether clients must use TLS and verify the server's certificate"),
  baseBackup: z
    .literal(true)
    .optional()
    .describe("Also begins a physical copy, at home too: the server then writes a checkpoint"),
  credentials: z.strictObject({
    own: login.describe("What the region's workload logs in with"),
    canary: login.describe("Opens the canary table and nothing else; the other regions try it"),
    replication: login.describe("The strongest replication login a workload of the region holds"),
    auditor: login.describe(
      "Reads catalogs and canary tables of its own region (pg_monitor, pg_read_all_data)",
    ),
  }),
});
type PostgresEndpoint = z.infer<typeof PostgresEndpoint>;

const trespass = { family: "trespass", routes: ["name", "address"], contacts: "target" } as const;

/** PostgreSQL 10 and later. SQLSTATE codes: PostgreSQL 18, appendix A. */
export const postgres = defineProbe({
  kind: "postgres",
  endpoint: PostgresEndpoint,
  stopBy: "network",
  checks: [
    tcpCheck,
    {
      ...trespass,
      probe: "postgres",
      credentials: ["own", "target"],
      goal: "data",
      proves: "no login, and no row of the far database",
    },
    {
      ...trespass,
      probe: "postgres-replication",
      credentials: ["own"],
      goal: "authorization",
      proves: "no replication stream from the far database",
    },
    {
      ...trespass,
      probe: "postgres-base-backup",
      needs: "baseBackup",
      credentials: ["own"],
      goal: "authorization",
      proves: "no physical copy of the far server begins",
    },
    {
      ...inside,
      probe: "postgres-stray",
      looksFor: "canaries",
      family: "stray",
      perOtherRegion: true,
      proves: "no canary of another region in the own database",
    },
    {
      ...inside,
      probe: "postgres-links",
      looksFor: "links",
      family: "stray",
      proves: "no subscriber, subscription, foreign server or replica outside the region",
    },
    {
      ...inside,
      probe: "postgres-wiring",
      looksFor: "place",
      family: "wiring",
      privateAddresses: true,
      proves: "the own name ends in the own region, and the server says so",
    },
  ],
  contact: (endpoint) => endpoint,
  async run(context) {
    const { item, ladder, address, target, own } = context;
    if (item.probe === "tcp") {
      await connectTcp(ladder, { address, port: target.port });
      return { outcome: { kind: "reached", rung: "network" } };
    }
    if (item.probe === "postgres-replication") {
      await using session = await openSession(context, own.credentials.replication, { replication: "true" });
      const { rows } = await session.client.query<{ systemid?: unknown }>("IDENTIFY_SYSTEM");
      if (!/^\d+$/.test(String(rows[0]?.systemid)))
        return { outcome: { kind: "faulted", code: "NOT_IDENTIFIED" } };
      return { outcome: { kind: "reached", rung: "authorization" } };
    }
    if (item.probe === "postgres-base-backup") {
      await using session = await openSession(context, own.credentials.replication, {
        replication: "true",
        options: hangUpSoon,
      });
      const connectAgain = () => connectTcp(ladder, { address, port: own.port });
      return { outcome: await beginBaseBackup(session.client, connectAgain) };
    }
    if (item.probe === "postgres") {
      const { canary } = target.credentials;
      await using session = await openSession(
        context,
        item.vector.credentials === "own" ? own.credentials.own : canary,
      );
      return { outcome: reachedCanary(await readCanary(session.client, item.to.region)) };
    }
    const open = (database: string) => openSession(context, own.credentials.auditor, { database });
    await using session = await open(own.database);
    const canary = await readCanary(session.client, item.to.region);
    const look =
      item.probe === "postgres-stray"
        ? findStrayCanaries
        : item.probe === "postgres-links"
          ? findLinks
          : whereServed;
    const findings = await look({ client: session.client, address, open, runId: context.runId });
    return { outcome: reachedCanary(canary), findings: withOwn(findings, canary) };
  },
  explain,
});

function withOwn<T extends { canaries?: string[] | undefined }>(findings: T, canary: string | undefined): T {
  return findings.canaries || !canary ? findings : { ...findings, canaries: [canary] };
}

function reachedCanary(canary: string | undefined): Outcome {
  return canary === undefined ? { kind: "reached", rung: "data" } : { kind: "reached", rung: "data", canary };
}

/** The row of the region that was asked: a replicated table may hold another region's, too. */
async function readCanary(client: pg.Client, region: string): Promise<string | undefined> {
  const query = "SELECT value FROM ringfence.canary WHERE region = $1 LIMIT 1";
  const { rows } = await client.query<{ value: unknown }>(query, [region]);
  return canaryDigest(rows[0]?.value);
}

export interface Session extends AsyncDisposable {
  client: pg.Client;
}

interface LoginReference {
  user: string;
  password: string;
}

async function openSession(
  { runId, address, target, own, item, ladder, secret }: TryContext<PostgresEndpoint>,
  { user, password }: LoginReference,
  { database, ...options }: { database?: string; replication?: string; options?: string } = {},
): Promise<Session> {
  const endpoint = item.contacts === "own" ? own : target;
  const servername = { servername: endpoint.host, host: endpoint.host };
  const client = new pg.Client({
    host: address,
    port: endpoint.port,
    user,
    password: secret(password),
    database: database ?? endpoint.database,
    ...options,
    ssl: endpoint.tls ? servername : false,
    application_name: `ringfence ${runId}`,
    stream: () => ladder.socket(),
  } as pg.ClientConfig);
  client.on("error", () => {});
  watchLogin(client, ladder);
  await client.connect();
  ladder.climb("authorization");
  return {
    client,
    // Not awaited: a server that never says goodbye would hold back what was found.
    [Symbol.asyncDispose]: async () => void client.end().catch(() => {}),
  };
}

interface PostgresConnection extends NodeJS.EventEmitter {
  stream: TLSSocket;
  attachListeners(stream: Pick<Duplex, "on">): void;
}

/** `authenticationOk` is the server's word that the login held; what fails later is authorization. */
function watchLogin(client: pg.Client, ladder: Ladder): void {
  const { connection } = client as unknown as { connection: PostgresConnection };
  connection.once("sslconnect", () => ladder.watch(connection.stream));
  connection.once("authenticationOk", () => ladder.climb("authentication"));
  const attach = connection.attachListeners.bind(connection);
  connection.attachListeners = (stream) => attach(guardedStream(stream as Duplex));
}

/** Refusals of identity or rights are facts about the far side; a server that is starting, full or
 *  confused says nothing about isolation beyond the rungs already climbed. */
function explain(error: unknown, ladder: Ladder): Outcome {
  const broken = brokenConnection(error, ladder);
  if (broken) return broken;
  const code = error instanceof pg.DatabaseError ? sqlState(error.code) : undefined;
  if (code === "28P01" || code === "28000") return { kind: "refused", rung: "authentication", code };
  if (code === "42501" || code === "3D000") {
    return { kind: "refused", rung: ladder.climbed === "authorization" ? "data" : "authorization", code };
  }
  if (code === "42P01" || code === "3F000") return { kind: "refused", rung: "data", code };
  return { kind: "faulted", code: code ?? clientCode(error) };
}

function sqlState(said: unknown): string {
  return typeof said === "string" && /^[0-9A-Z]{5}$/.test(said) ? said : "UNREADABLE_CODE";
}

function clientCode(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === "string") return code;
  if (message === "The server does not support SSL connections") return "TLS_NOT_OFFERED";
  if (message === "There was an error establishing an SSL connection") return "NOT_POSTGRES";
  if (message === "Connection terminated unexpectedly") return "CLOSED_BY_PEER";
  return "CLIENT_ERROR";
}
