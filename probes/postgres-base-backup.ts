import pg from "pg";
import type { Outcome } from "../core/vocabulary.ts";

/** Where a tar header has "ustar": POSIX.1-2017, pax, "ustar Interchange Format". */
const magicAt = 257;

/** The session's own options. Where a firewall swallows our goodbye, the server would go on offering its copy for
 *  a quarter of an hour, and make no database meanwhile; so it gives up what nobody acknowledged for this long.
 *  Source: PostgreSQL 18, "tcp_user_timeout". */
export const hangUpSoon = "-c tcp_user_timeout=2000";

/** Asks for a physical copy of the whole server, and hangs up at the head of its first file. The server makes a
 *  checkpoint first; the copy is held to 32 kB a second, so that nothing of customers' is on its way.
 *  Source: PostgreSQL 18, "Streaming Replication Protocol", BASE_BACKUP. */
export async function beginBaseBackup(client: pg.Client): Promise<Outcome> {
  const { rows } = await client.query<{ server_version?: unknown }>("SHOW server_version");
  const began = await firstBytes(client, baseBackup(Number.parseInt(String(rows[0]?.server_version), 10)));
  return began ? { kind: "reached", rung: "authorization" } : { kind: "faulted", code: "NO_BACKUP_SENT" };
}

/** The options are written in parentheses since PostgreSQL 15. */
export function baseBackup(majorVersion: number): string {
  return majorVersion >= 15
    ? "BASE_BACKUP (LABEL 'ringfence', CHECKPOINT 'fast', WAIT false, MAX_RATE 32)"
    : "BASE_BACKUP LABEL 'ringfence' FAST NOWAIT MAX_RATE 32";
}

function firstBytes(client: pg.Client, statement: string): Promise<boolean> {
  return new Promise((done, fail) => {
    let seen: Buffer = Buffer.alloc(0);
    const query = new pg.Query(statement, (error) => (error ? fail(error) : done(false)));
    const handleCopyData = ({ chunk }: { chunk: Buffer }) => {
      seen = Buffer.concat([seen, chunk]);
      if (isTar(seen)) done(true);
    };
    client.query(Object.assign(query, { handleCopyData }));
  });
}

/** Since PostgreSQL 15 a message that names the archive comes first, and a letter before each piece of it. */
function isTar(bytes: Buffer): boolean {
  const at = bytes.indexOf("ustar", 0, "latin1");
  return at >= magicAt && at < magicAt + 1024;
}
