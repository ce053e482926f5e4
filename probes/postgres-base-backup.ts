import type { Socket } from "node:net";
import pg from "pg";
import type { Outcome } from "../core/vocabulary.ts";
import { within } from "./attempt.ts";

/** Where a tar header has "ustar": POSIX.1-2017, pax, "ustar Interchange Format". */
const magicAt = 257;

/** The session's own options: should a firewall swallow our goodbye, the server would go on offering its copy for
 *  a quarter of an hour, and make no database meanwhile. Source: PostgreSQL 18, "tcp_user_timeout". */
export const hangUpSoon = "-c tcp_user_timeout=2000";

const cancelledWithinMs = 500;

/** Asks for a physical copy of the whole server, and cancels at the head of its first file. The server makes a
 *  checkpoint first; the copy is held to 32 kB a second, so that nothing of customers' is on its way.
 *  `connect` opens one more connection to the server. Source: PostgreSQL 18, "Streaming Replication Protocol",
 *  BASE_BACKUP. */
export async function beginBaseBackup(client: pg.Client, connect: () => Promise<Socket>): Promise<Outcome> {
  const { rows } = await client.query<{ server_version?: unknown }>("SHOW server_version");
  const statement = baseBackup(Number.parseInt(String(rows[0]?.server_version), 10));
  const { began, ended } = await firstBytes(client, statement);
  if (!began) return { kind: "faulted", code: "NO_BACKUP_SENT" };
  const cancelled = connect().then((socket) => socket.end(cancelRequest(client)));
  await within(
    cancelledWithinMs,
    cancelled.then(() => ended).catch(() => {}),
  );
  return { kind: "reached", rung: "authorization" };
}

/** Source: PostgreSQL 18, "Message Formats", CancelRequest. */
function cancelRequest(client: pg.Client): Buffer {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const message = Buffer.alloc(16);
  for (const [at, value] of [16, 80877102, processID, secretKey].entries())
    message.writeInt32BE(value, 4 * at);
  return message;
}

/** The options are written in parentheses since PostgreSQL 15. */
export function baseBackup(majorVersion: number): string {
  return majorVersion >= 15
    ? "BASE_BACKUP (LABEL 'ringfence', CHECKPOINT 'fast', WAIT false, MAX_RATE 32)"
    : "BASE_BACKUP LABEL 'ringfence' FAST NOWAIT MAX_RATE 32";
}

/** `ended`: when the server is done with the statement, however it ends. */
function firstBytes(client: pg.Client, statement: string): Promise<{ began: boolean; ended: Promise<void> }> {
  return new Promise((done, fail) => {
    let seen: Buffer | null = Buffer.alloc(0);
    const ended = new Promise<void>((end) => {
      const query = new pg.Query(statement, (error) => {
        end();
        if (error) fail(error);
        else done({ began: false, ended });
      });
      const handleCopyData = ({ chunk }: { chunk: Buffer }) => {
        if (seen === null) return;
        seen = Buffer.concat([seen, chunk]);
        if (!isTar(seen)) return;
        seen = null;
        done({ began: true, ended });
      };
      client.query(Object.assign(query, { handleCopyData }));
    });
  });
}

/** Since PostgreSQL 15 a message that names the archive comes first, and a letter before each piece of it. */
function isTar(bytes: Buffer): boolean {
  const at = bytes.indexOf("ustar", 0, "latin1");
  return at >= magicAt && at < magicAt + 1024;
}
