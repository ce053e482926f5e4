import { gunzipSync } from "node:zlib";
import pg from "pg";
import { canaryDigest } from "./canary.ts";
import { guardedStream } from "./postgres-frames.ts";
import type { Answer } from "./probe.ts";
import { clientFor, requireService } from "./s3-client.ts";
import { keysOf, type S3Context } from "./s3-endpoint.ts";
import { readDump, type SqlDump } from "./sql-dump.ts";

/** Of the dump's canary table alone; what is longer is no such dump. */
const longestDumpBytes = 32 * 1024;
const longestStatementMs = 5000;

/** Fetches a dump of the target's and restores it into the own region's server, as whoever found a backup would:
 *  in a transaction that is rolled back, so that nothing of it ever stays. Having the dump is the breach;
 *  the canary read back proves what was in it. */
export async function restore(context: S3Context): Promise<Answer> {
  const { own, target, item } = context;
  if (!target.restore || !own.restore || !own.credentials.restore)
    return { outcome: { kind: "faulted", code: "NO_RESTORE_DECLARED" } };
  const dump = readDump(await fetchDump(context, target.restore.key));
  if (!dump) return { outcome: { kind: "faulted", code: "NO_DUMP_IN_ANSWER" } };
  context.ladder.climb("authorization");
  const values = await restored(context, dump, item.to.region).catch(() => []);
  const canary = values.map(canaryDigest).find((digest) => digest !== undefined);
  if (!canary) return { outcome: { kind: "reached", rung: "authorization" } };
  return { outcome: { kind: "reached", rung: "data", canary } };
}

async function fetchDump(context: S3Context, Key: string): Promise<string> {
  const { GetObjectCommand } = await import("@aws-sdk/client-s3");
  const { target, address, ladder } = context;
  using client = await clientFor(target, { address, ladder, keys: keysOf(context) });
  const answer = requireService(await client.s3.send(new GetObjectCommand({ Bucket: target.bucket, Key })));
  if ((answer.ContentLength ?? 0) > longestDumpBytes) return "";
  const bytes = Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
  try {
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return (isGzip ? gunzipSync(bytes, { maxOutputLength: longestDumpBytes }) : bytes).toString("utf8");
  } catch {
    return "";
  }
}

/** The values of the region's canary in the restored tables. */
async function restored(
  { own, secret, ladder, runId }: S3Context,
  dump: SqlDump,
  region: string,
): Promise<unknown[]> {
  const { restore: server, credentials } = own;
  if (!server || !credentials.restore) return [];
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    database: server.database,
    user: credentials.restore.user,
    password: secret(credentials.restore.password),
    ssl: server.tls ? { servername: server.host, host: server.host } : false,
    statement_timeout: longestStatementMs,
    application_name: `ringfence ${runId}`,
    stream: () => ladder.socket(),
  } as pg.ClientConfig);
  client.on("error", () => {});
  guardAnswers(client);
  await client.connect();
  try {
    await client.query("BEGIN");
    for (const { statement, rows } of dump.steps) {
      if (rows === undefined) await client.query(statement);
      else await copyIn(client, statement, rows);
    }
    const values: unknown[] = [];
    for (const table of dump.tables) {
      const found = await client.query<{ value: unknown }>(
        `SELECT value FROM ${table} WHERE region = $1 LIMIT 10`,
        [region],
      );
      values.push(...found.rows.map(({ value }) => value));
    }
    return values;
  } finally {
    // The server rolls back at the latest when the connection ends.
    await client.query("ROLLBACK").catch(() => {});
    void client.end().catch(() => {});
  }
}

function guardAnswers(client: pg.Client): void {
  const { connection } = client as unknown as {
    connection: { attachListeners(stream: ReturnType<typeof guardedStream>): void };
  };
  const attach = connection.attachListeners.bind(connection);
  connection.attachListeners = (stream) =>
    attach(guardedStream(stream as Parameters<typeof guardedStream>[0]));
}

/** `COPY … FROM STDIN`, which pg itself has no sender for. */
function copyIn(client: pg.Client, statement: string, rows: string): Promise<void> {
  return new Promise((done, fail) => {
    const query = new pg.Query(statement, (error) => (error ? fail(error) : done()));
    const handleCopyInResponse = (connection: {
      sendCopyFromChunk(chunk: Buffer): void;
      endCopyFrom(): void;
    }) => {
      connection.sendCopyFromChunk(Buffer.from(rows));
      connection.endCopyFrom();
    };
    client.query(Object.assign(query, { handleCopyInResponse }));
  });
}
