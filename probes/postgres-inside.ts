import type pg from "pg";
import type { Findings, Link } from "../core/journal.ts";
import { canaryDigest } from "./canary.ts";
import { legibleText } from "./legible.ts";
import { addressesOf } from "./names.ts";
import type { PostgresContext } from "./postgres-endpoint.ts";
import { canaryPattern } from "./postgres-writes.ts";
import type { Answer } from "./probe.ts";

export interface Inside {
  context: PostgresContext;
  /** The auditor's session, in the system's own database. */
  client: pg.Client;
  /** Another session on the same server, in another database. */
  open(database: string): Promise<AsyncDisposable & { client: pg.Client }>;
}

/** What a look came upon. `failure`: what ended it early; what was found until then stands. */
export interface Looked extends Pick<Answer, "removed"> {
  findings: Findings;
  failure?: unknown;
}

const mostDatabases = 50;
const databasesAtOnce = 4;
const mostTables = 500;
const mostLinks = 100;
const mostCanaries = 500;

/** Every canary in every table that is named for one, in whatever column and type, in every database. Nothing but
 *  canaries leaves the server. What was found before a table or a database could not be looked into stands. */
export async function findStrayCanaries(inside: Inside): Promise<Looked> {
  const canaries = new Set<string>();
  const ended = await inEachDatabase(inside, async (client) => {
    await client.query(wholeRows);
    for (const table of await tablesOf(client)) {
      for (const value of await canariesOf(client, table)) {
        const digest = canaryDigest(value);
        if (digest) canaries.add(digest);
      }
    }
    await client.query("ROLLBACK");
  }).then(
    () => ({}),
    (failure: unknown) => ({ failure }),
  );
  return { findings: { canaries: [...canaries].sort() }, ...ended };
}

/** A policy that would hide rows is an error, not a smaller table; and bytes are written as the text that they
 *  are. For one transaction, because behind a pooler the next may be somebody else's. */
const wholeRows = "BEGIN READ ONLY; SET LOCAL row_security = off; SET LOCAL bytea_output = 'escape'";

/** Tables, views and the like that are named for a canary, or have a column that is. */
async function tablesOf(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ schema: string; table: string }>(`
    SELECT DISTINCT n.nspname AS schema, c.relname AS table
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'f', 'v') AND a.attnum > 0 AND NOT a.attisdropped
      AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND (c.relname ILIKE '%canary%' OR n.nspname ILIKE '%ringfence%' OR a.attname ILIKE '%canary%')
    LIMIT ${mostTables + 1}`);
  if (rows.length > mostTables) throw truncated("too many tables");
  return rows.map(
    ({ schema, table }) => `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(table)}`,
  );
}

/** ROW, because a table may have a column that is called as the table is here. */
async function canariesOf(client: pg.Client, table: string): Promise<unknown[]> {
  const { rows } = await client.query<{ value: unknown }>(
    `SELECT DISTINCT found[1] AS value FROM ${table} AS one,
       regexp_matches(ROW(one.*)::text, '${canaryPattern}', 'g') AS matches(found) LIMIT ${mostCanaries + 1}`,
  );
  if (rows.length > mostCanaries) throw truncated("too many canaries");
  return rows.map(({ value }) => value);
}

function truncated(what: string): Error {
  return Object.assign(new Error(what), { code: "SEARCH_TRUNCATED" });
}

/** Everything this server says it replicates to, or reads from. Passwords inside connection strings
 *  stay on the server: only the host is asked for. */
export async function findLinks(inside: Inside): Promise<Looked> {
  const { rows: rights } = await inside.client.query<{ stats: boolean; subscriptions: boolean }>(
    `SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS stats,
            has_column_privilege('pg_subscription', 'subconninfo', 'SELECT') AS subscriptions`,
  );
  if (!rights[0]?.stats || !rights[0].subscriptions) {
    throw Object.assign(new Error("the auditor may not see replication"), {
      code: "AUDITOR_PRIVILEGE_MISSING",
    });
  }
  const { rows } = await inside.client.query<{ what: string; peer: string | null; name: string }>(`
    SELECT 'the replication subscriber' AS what, host(client_addr) AS peer, application_name AS name FROM pg_stat_replication
      WHERE application_name <> ${inside.client.escapeLiteral(`ringfence ${inside.context.runId}`)}
    UNION ALL SELECT 'the upstream server', sender_host, coalesce(slot_name, '') FROM pg_stat_wal_receiver
    UNION ALL SELECT 'the subscription', ${hostOf(optionsIn("subconninfo"))}, subname FROM pg_subscription
    UNION ALL SELECT 'the unattended replication slot', NULL, slot_name FROM pg_replication_slots WHERE NOT active`);
  const links = [...rows];
  await inEachDatabase(inside, async (client) => {
    const { rows: more } = await client.query<{ what: string; peer: string | null; name: string }>(`
      SELECT 'the foreign server' AS what, ${hostOf("SELECT *, 0 FROM pg_options_to_table(srvoptions)")} AS peer, srvname AS name FROM pg_foreign_server
      UNION ALL SELECT 'the unread publication', NULL, pubname FROM pg_publication
        WHERE NOT EXISTS (SELECT FROM pg_stat_replication)`);
    links.push(...more);
  });
  if (links.length > mostLinks) throw truncated("too many links");
  return { findings: { links: await Promise.all(links.map(toLink)) } };
}

/** Resolved address, the address the server itself answers on (a NAT or a pooler shows here), and the canary. */
export async function whereServed({ client, context: { address } }: Inside): Promise<Looked> {
  const { rows } = await client.query<{ server: string | null }>("SELECT host(inet_server_addr()) AS server");
  const server = rows[0]?.server;
  const addresses = [...new Set([address, ...(server ? [server] : [])])];
  return { findings: { servedFrom: { addresses } } };
}

/** The host among options: hostaddr first, because it is where the packets go, and the last of several. */
function hostOf(options: string): string {
  return `(SELECT value FROM (${options}) AS options(name, value, at)
    WHERE name IN ('hostaddr', 'host') ORDER BY name = 'hostaddr' DESC, at DESC LIMIT 1)`;
}

/** The options of a libpq connection string, read one after another, so that nothing inside of a quoted value is
 *  taken for one. PostgreSQL 18, section 32.1.1. */
function optionsIn(column: string): string {
  const value = String.raw`''(?:[^''\\]|\\.)*''|(?:[^\s''\\]|\\.)(?:[^\s\\]|\\.)*`;
  return `SELECT found[1], btrim(found[2], ''''), at
    FROM regexp_matches(${column}, '([a-z_]+)\\s*=\\s*(${value})?', 'g') WITH ORDINALITY AS matches(found, at)`;
}

async function toLink({
  what,
  peer,
  name,
}: {
  what: string;
  peer: string | null;
  name: string;
}): Promise<Link> {
  const described = peer ? `${peer} (${name})` : name;
  return {
    what: legibleText(what),
    peer: legibleText(described),
    addresses: peer ? await addressesOf(peer) : [],
  };
}

/** Templates, too; one that takes no connections is an error, because it may hold what was restored. */
async function inEachDatabase(
  { client, open }: Inside,
  look: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const { rows } = await client.query<{ name: string; current: boolean }>(
    `SELECT datname AS name, datname = current_database() AS current FROM pg_database
     WHERE datname <> 'template0' LIMIT ${mostDatabases + 1}`,
  );
  if (rows.length > mostDatabases) throw truncated("too many databases");
  const left = [...rows];
  const lookAtAll = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      if (next.current) {
        await look(client);
      } else {
        await using session = await open(next.name);
        await look(session.client);
      }
    }
  };
  const looks = await Promise.allSettled(Array.from({ length: databasesAtOnce }, lookAtAll));
  const failed = looks.find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
}
