import { join } from "node:path";
import pg from "pg";
import { eventually } from "../eventually.ts";
import { bucketOf } from "./buckets.ts";
import { credentialOf, type Provision } from "./provision.ts";
import type { Boot } from "./servers.ts";

/** What a bucket of backups says of the database whose dump lies in it. */
interface Restore {
  key: string;
  host: string;
  database: string;
}

const table = "ringfence.backup_canary";
const columns = "region text NOT NULL, value text NOT NULL";

/** Plants the bucket's canary in the region's database, dumps that table as `pg_dump` would, and makes the
 *  login that may restore it. */
export async function makeDump(
  { job, provisions }: Boot,
  one: Provision,
): Promise<{ bucket: string; key: string; body: string }> {
  const { region, endpoint } = one.placement;
  const { key, host, database } = endpoint.restore as Restore;
  const server = provisions.find(
    ({ placement }) => placement.region === region && placement.endpoint.host === host,
  );
  if (!server) throw new TypeError(`${host} is no database of ${region}, and its dump cannot be made`);
  const { placement, admin } = server;
  const connect = async () => {
    const client = new pg.Client({
      host: join(job.work, "hosts", `${region}.data`, placement.system.id),
      port: placement.port,
      user: admin.user,
      database: String(placement.endpoint.database),
    });
    await client.connect();
    await client.query("SELECT FROM ringfence.canary").catch(async (error: unknown) => {
      await client.end();
      throw error;
    });
    return client;
  };
  const client = await eventually(connect, 20_000, `the database behind ${host}`);
  const login = credentialOf(one, "restore");
  const user = pg.escapeIdentifier(login.user ?? "");
  const values = [region, one.canary].map((value) => pg.escapeLiteral(value)).join(", ");
  await client.query(`
    CREATE TABLE ${table} (${columns});
    INSERT INTO ${table} VALUES (${values});
    CREATE ROLE ${user} LOGIN PASSWORD ${pg.escapeLiteral(login.password ?? "")};
    GRANT CREATE ON DATABASE ${pg.escapeIdentifier(database)} TO ${user};`);
  const body = dumpText(await copyOut(client, `COPY ${table} (region, value) TO STDOUT`));
  await client.end();
  return { bucket: bucketOf(one), key, body };
}

function dumpText(rows: string): string {
  return [
    "--\n-- PostgreSQL database dump\n--\n",
    "SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n",
    "CREATE SCHEMA ringfence;\n",
    `CREATE TABLE ${table} (\n    ${columns.replace(", ", ",\n    ")}\n);\n`,
    `COPY ${table} (region, value) FROM stdin;\n${rows}\\.\n`,
    "--\n-- PostgreSQL database dump complete\n--\n",
  ].join("\n");
}

/** `COPY … TO STDOUT`, which pg itself has no receiver for. */
function copyOut(client: pg.Client, statement: string): Promise<string> {
  return new Promise((done, fail) => {
    const chunks: Buffer[] = [];
    const query = new pg.Query(statement, (error) =>
      error ? fail(error) : done(Buffer.concat(chunks).toString("utf8")),
    );
    const handleCopyData = ({ chunk }: { chunk: Buffer }) => void chunks.push(Buffer.from(chunk));
    client.query(Object.assign(query, { handleCopyData }));
  });
}
