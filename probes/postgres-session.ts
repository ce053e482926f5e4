import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import pg from "pg";
import type { Ladder } from "./ladder.ts";
import type { Login, PostgresContext } from "./postgres-endpoint.ts";
import { guardedStream } from "./postgres-frames.ts";

export interface Session extends AsyncDisposable {
  client: pg.Client;
}

/** Logs in at the literal address of the try. */
export async function openSession(
  { runId, address, target, own, item, ladder, secret }: PostgresContext,
  { user, password }: Login,
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

/** A SQLSTATE as a server says it, if it is one. */
export function sqlState(said: unknown): string {
  return typeof said === "string" && /^[0-9A-Z]{5}$/.test(said) ? said : "UNREADABLE_CODE";
}
