import pg from "pg";
import type { Write } from "../core/journal.ts";
import { canaryDigest } from "./canary.ts";
import { legibleText } from "./legible.ts";
import type { Login, Moving, PostgresContext } from "./postgres-endpoint.ts";
import type { Inside, Looked } from "./postgres-inside.ts";
import { openSession, sqlState } from "./postgres-session.ts";

/** One of the two tenants, and where its rows are. */
interface Place {
  database: string | undefined;
  table: string;
  /** Picks the tenant's rows, called `one`. */
  where: string;
  columns: [name: string, value: string][];
  settings: [name: string, value: string][];
}

type Verb = Moving["writes"][number];

/** Writes the same row for a tenant that is held in the middle of a move and for one that is not, before and
 *  after it, with every login that writes such rows. Each write is a transaction of its own that is rolled back.
 *  Where no canary is among a tenant's rows nothing is written: it may be a customer's. Changes and deletes only
 *  rows that hold a canary. */
export async function tryWrites({ context }: Inside): Promise<Looked> {
  const { moving, credentials } = context.own;
  if (!moving) return { findings: {} };
  await using sessions = openSessions(context);
  const places = { settled: placeOf(moving, moving.settled), moving: placeOf(moving, moving.tenant) };
  const look = async () => {
    const auditor = async (place: Place) => sessions.of(credentials.auditor, place.database);
    return {
      settled: await rowsOf(await auditor(places.settled), places.settled, context),
      moving: await rowsOf(await auditor(places.moving), places.moving, context),
    };
  };
  const before = await look();
  const canaries = [...new Set([before.settled.canary, before.moving.canary])];
  const writes: Write[] = [];
  const findings = { canaries, writes };
  try {
    for (const login of [credentials.own, ...(credentials.writer ? [credentials.writer] : [])])
      for (const verb of moving.writes)
        for (const tenant of ["settled", "moving", "settled"] as const) {
          const client = await sessions.of(login, places[tenant].database);
          const how = legibleText(`${verb.toUpperCase()} as ${login.user}`);
          writes.push({ tenant, how, met: await metBy(client, verb, places[tenant], context) });
        }
    const after = await look();
    const kept = before.moving.rows !== after.moving.rows || before.settled.rows !== after.settled.rows;
    return { findings, ...leftBy(writes, kept) };
  } catch (failure) {
    return { findings, failure, ...leftBy(writes, true) };
  }
}

/** `kept`: whether a row may still be there that was to be rolled back. */
function leftBy(writes: readonly Write[], kept: boolean): Pick<Looked, "removed"> {
  const accepted = writes.filter(({ tenant, met }) => tenant === "moving" && met.kind === "accepted");
  if (accepted.length === 0 && !kept) return {};
  const how = accepted.map((write) => write.how).join(", ");
  const what = `what was written for a tenant that is being moved, rolled back: ${how || "nothing"}`;
  return { removed: { what: what.slice(0, 300), done: !kept } };
}

function placeOf({ table, column, database, row, settings }: Moving, tenant: string): Place {
  const fill = (text: string) => text.replaceAll("{tenant}", tenant);
  return {
    database: database === undefined ? undefined : fill(database),
    table: escapedTable(fill(table)),
    where: column === undefined ? "true" : `one.${pg.escapeIdentifier(column)} = ${pg.escapeLiteral(tenant)}`,
    columns: Object.entries(row).map(([name, value]) => [name, fill(value)]),
    settings: Object.entries(settings).map(([name, value]) => [name, fill(value)]),
  };
}

export function escapedTable(table: string): string {
  const [schema = "", name = ""] = table.split(".");
  return `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
}

/** How many rows a tenant has, and the canary among them, which is all that is read. */
async function rowsOf(
  client: pg.Client,
  { table, where, settings }: Place,
  context: PostgresContext,
): Promise<{ rows: number; canary: string }> {
  const counted = await run(
    client,
    `${begin("BEGIN READ ONLY", settings, context)};
     SELECT count(*)::int AS rows, max(substring(one::text from '${canaryPattern}')) AS canary
     FROM ${table} AS one WHERE ${where};
     ROLLBACK`,
  );
  const { rows, canary } = (counted.at(-2)?.rows[0] ?? {}) as { rows?: number; canary?: unknown };
  const digest = canaryDigest(canary);
  if (digest === undefined)
    throw Object.assign(new Error("no canary is among the tenant's rows"), { code: "NOT_A_CANARY_TENANT" });
  return { rows: rows ?? 0, canary: digest };
}

export const canaryPattern = "ringfence-canary-[A-Za-z0-9_-]{43}";

/** Every check of the row is made at once, because a commit, at which it might be made, never comes. What the
 *  server does not answer by a SQLSTATE is no word of its own on the write, and is thrown; so is a refusal of what
 *  a session sets before it writes. */
async function metBy(
  client: pg.Client,
  verb: Verb,
  place: Place,
  context: PostgresContext,
): Promise<Write["met"]> {
  const opening = begin("BEGIN", place.settings, context);
  const opened = place.settings.length > 0 && (await run(client, opening));
  const written = [statements[verb](place, context.token), "SET CONSTRAINTS ALL IMMEDIATE", "ROLLBACK"];
  try {
    const results = await run(client, [...(opened ? [] : [opening]), ...written].join("; "));
    return results.at(-written.length)?.rowCount
      ? { kind: "accepted" }
      : { kind: "refused", code: "NO_ROW_CHANGED" };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    await run(client, "ROLLBACK");
    return { kind: "refused", code: sqlState(error.code) };
  }
}

const holdsCanary = `one::text ~ '${canaryPattern}'`;

const statements: Record<Verb, (place: Place, token: string) => string> = {
  insert: ({ table, columns }, token) => {
    const names = columns.map(([name]) => pg.escapeIdentifier(name));
    const values = columns.map(([, value]) => pg.escapeLiteral(value.replaceAll("{token}", token)));
    return `INSERT INTO ${table} (${names.join(", ")}) VALUES (${values.join(", ")})`;
  },
  update: ({ table, where, columns }) => {
    const column = pg.escapeIdentifier(columns.at(-1)?.[0] ?? "");
    return `UPDATE ${table} AS one SET ${column} = one.${column} WHERE ${where} AND ${holdsCanary}`;
  },
  delete: ({ table, where }) => `DELETE FROM ${table} AS one WHERE ${where} AND ${holdsCanary}`,
};

/** A transaction that nobody waits for longer than the attempt does. */
function begin(
  how: "BEGIN" | "BEGIN READ ONLY",
  settings: Place["settings"],
  { item }: PostgresContext,
): string {
  const limits = {
    statement_timeout: item.deadlineMs,
    lock_timeout: Math.ceil(item.deadlineMs / 4),
    idle_in_transaction_session_timeout: item.deadlineMs,
  };
  const own = settings.map(
    ([name, value]) => `SELECT set_config(${pg.escapeLiteral(name)}, ${pg.escapeLiteral(value)}, true)`,
  );
  return [how, ...Object.entries(limits).map(([name, ms]) => `SET LOCAL ${name} = ${ms}`), ...own].join("; ");
}

/** Several statements on one way there and back. */
async function run(client: pg.Client, statements: string): Promise<pg.QueryResult[]> {
  return [await client.query(statements)].flat();
}

/** One session for each login and database; all end together. */
function openSessions(context: PostgresContext) {
  const stack = new AsyncDisposableStack();
  const known = new Map<string, pg.Client>();
  return {
    async of(login: Login, database: string | undefined): Promise<pg.Client> {
      const key = JSON.stringify([login.user, database]);
      const found = known.get(key);
      if (found) return found;
      const session = stack.use(
        await openSession(context, login, database === undefined ? {} : { database }),
      );
      known.set(key, session.client);
      return session.client;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
