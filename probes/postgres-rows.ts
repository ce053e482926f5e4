import pg from "pg";
import type { RowSum } from "../core/journal.ts";
import { canaryDigest } from "./canary.ts";
import type { Moved } from "./postgres-endpoint.ts";
import type { Inside, Looked } from "./postgres-inside.ts";
import { canaryPattern, escapedTable } from "./postgres-writes.ts";

const mostManifests = 200;

/** Counts and digests the rows of the tenant that moved here, and reads what the mover's manifests say: of this
 *  tenant, and of the one that left from here. The server computes; of the rows nothing but a digest and the
 *  canary among them leaves it. */
export async function compareRows({ client, context }: Inside): Promise<Looked> {
  const { moved, departed } = context.own;
  if (!moved) return { findings: {} };
  await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${canonicalSettings};
    SET LOCAL statement_timeout = ${context.item.deadlineMs}`);
  const sums: RowSum[] = [];
  const canaries = new Set<string>();
  for (const part of moved.tables) {
    const { sum, canary } = await countRows(client, moved.tenant, part);
    sums.push(sum);
    if (canary) canaries.add(canary);
  }
  const manifests = await readManifests(client, [moved.tenant, ...(departed ? [departed] : [])]);
  await client.query("ROLLBACK");
  const findings = { canaries: [...canaries].sort(), sums: [...sums, ...manifests] };
  const isSilent = departed !== undefined && !manifests.some(({ tenant }) => tenant === departed);
  return isSilent ? { findings, failure: coded("NO_MANIFEST_LEFT_BEHIND") } : { findings };
}

/** Under these PostgreSQL writes a value in one way only. A policy that would hide rows is an error, not a
 *  smaller count. */
const canonicalSettings = [
  "TimeZone = 'UTC'",
  "DateStyle = 'ISO, MDY'",
  "IntervalStyle = 'postgres'",
  "bytea_output = 'hex'",
  "extra_float_digits = 1",
  "row_security = off",
]
  .map((setting) => `SET LOCAL ${setting}`)
  .join("; ");

/** The SHA-256 over the rows' own SHA-256s in ascending order, so that it depends on no key and no collation;
 *  a row is the JSON array of its columns. docs/paths/migration.md gives movers the same query. */
async function countRows(
  client: pg.Client,
  tenant: string,
  { table, column, columns }: Moved["tables"][number],
): Promise<{ sum: RowSum; canary: string | undefined }> {
  const row = columns.map((name) => `one.${pg.escapeIdentifier(name)}`).join(", ");
  const where = column === undefined ? "true" : `one.${pg.escapeIdentifier(column)} = $1`;
  const { rows } = await client.query<{ rows: string; digest: string; canary: unknown }>(
    `SELECT count(*) AS rows, max(substring(line from '${canaryPattern}')) AS canary,
       encode(sha256(coalesce(string_agg(sum, '' ORDER BY sum), '')), 'hex') AS digest
     FROM (SELECT line, sha256(convert_to(line, 'UTF8')) AS sum
           FROM (SELECT jsonb_build_array(${row})::text AS line
                 FROM ${escapedTable(table.replaceAll("{tenant}", tenant))} AS one WHERE ${where}) AS lines) AS sums`,
    column === undefined ? [] : [tenant],
  );
  const [counted] = rows;
  if (!counted) throw coded("NOTHING_COUNTED");
  const sum = { tenant, part: table, by: "count" as const, ...numbered(counted.rows, counted.digest) };
  return { sum, canary: canaryDigest(counted.canary) };
}

async function readManifests(client: pg.Client, tenants: readonly string[]): Promise<RowSum[]> {
  const { rows } = await client.query<{ tenant: string; part: string; rows: string; sha256: string }>(
    `SELECT tenant, part, rows::text, sha256 FROM ringfence.manifest WHERE tenant = ANY ($1) LIMIT ${mostManifests + 1}`,
    [tenants],
  );
  if (rows.length > mostManifests) throw coded("SEARCH_TRUNCATED");
  return rows.map(({ tenant, part, rows: count, sha256 }) => {
    if (String(part).length > 300) throw coded("MANIFEST_UNREADABLE");
    return { tenant, part, by: "manifest", ...numbered(count, sha256) };
  });
}

function numbered(count: string, digest: string): { rows: number; digest: string } {
  const rows = Number(count);
  if (!Number.isSafeInteger(rows) || rows < 0 || !/^[0-9a-f]{64}$/.test(digest))
    throw coded("MANIFEST_UNREADABLE");
  return { rows, digest };
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}
