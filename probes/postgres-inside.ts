import type pg from "pg";
import type { Findings, Link } from "../core/journal.ts";
import { canaryDigest, canaryLength } from "./canary.ts";
import { legibleText } from "./legible.ts";
import { addressesOf } from "./names.ts";
import type { PostgresContext } from "./postgres-endpoint.ts";
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
const mostTables = 500;
const mostLinks = 100;

/** Every text column of every table that is named for a canary, in every database that can be opened.
 *  Reads only values of a canary's length. Throws where it could not look everywhere. */
export async function findStrayCanaries(inside: Inside): Promise<Looked> {
  const canaries = new Set<string>();
  await inEachDatabase(inside, async (client) => {
    const { rows: columns } = await client.query<{ schema: string; table: string; column: string }>(`
      SELECT n.nspname AS schema, c.relname AS table, a.attname AS column
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'm', 'f', 'v') AND a.attnum > 0 AND NOT a.attisdropped
        AND a.atttypid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)
        AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND (c.relname ILIKE '%canary%' OR n.nspname ILIKE '%ringfence%' OR a.attname ILIKE '%canary%')
      LIMIT ${mostTables + 1}`);
    if (columns.length > mostTables)
      throw Object.assign(new Error("too many tables"), { code: "SEARCH_TRUNCATED" });
    for (const { schema, table, column } of columns) {
      const from = `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(table)}`;
      const name = client.escapeIdentifier(column);
      const { rows } = await client.query<{ value: unknown }>(
        `SELECT ${name} AS value FROM ${from} WHERE length(${name}) = ${canaryLength} LIMIT 100`,
      );
      for (const { value } of rows) {
        const digest = canaryDigest(value);
        if (digest) canaries.add(digest);
      }
    }
  });
  return { findings: { canaries: [...canaries].sort() } };
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
    UNION ALL SELECT 'the subscription', ${hostIn("subconninfo")}, subname FROM pg_subscription
    UNION ALL SELECT 'the unattended replication slot', NULL, slot_name FROM pg_replication_slots WHERE NOT active`);
  const links = [...rows];
  await inEachDatabase(inside, async (client) => {
    const { rows: more } = await client.query<{ what: string; peer: string | null; name: string }>(`
      SELECT 'the foreign server' AS what, ${hostIn("array_to_string(srvoptions, ' ')")} AS peer, srvname AS name FROM pg_foreign_server
      UNION ALL SELECT 'the unread publication', NULL, pubname FROM pg_publication
        WHERE NOT EXISTS (SELECT FROM pg_stat_replication)`);
    links.push(...more);
  });
  if (links.length > mostLinks)
    throw Object.assign(new Error("too many links"), { code: "SEARCH_TRUNCATED" });
  return { findings: { links: await Promise.all(links.map(toLink)) } };
}

/** Resolved address, the address the server itself answers on (a NAT or a pooler shows here), and the canary. */
export async function whereServed({ client, context: { address } }: Inside): Promise<Looked> {
  const { rows } = await client.query<{ server: string | null }>("SELECT host(inet_server_addr()) AS server");
  const server = rows[0]?.server;
  const addresses = [...new Set([address, ...(server ? [server] : [])])];
  return { findings: { servedFrom: { addresses } } };
}

/** host= or hostaddr= of a libpq connection string, hostaddr first: it is where the packets go. */
function hostIn(column: string): string {
  return `coalesce(substring(${column} from 'hostaddr\\s*=\\s*''?([^'' ]+)'), substring(${column} from 'host\\s*=\\s*''?([^'' ]+)'))`;
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

async function inEachDatabase(
  { client, open }: Inside,
  look: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const { rows } = await client.query<{ name: string; current: boolean }>(
    `SELECT datname AS name, datname = current_database() AS current FROM pg_database
     WHERE datallowconn AND NOT datistemplate LIMIT ${mostDatabases + 1}`,
  );
  if (rows.length > mostDatabases)
    throw Object.assign(new Error("too many databases"), { code: "SEARCH_TRUNCATED" });
  for (const { name, current } of rows) {
    if (current) {
      await look(client);
    } else {
      await using session = await open(name);
      await look(session.client);
    }
  }
}
