import pg from "pg";
import { RingfenceError } from "../../core/errors.ts";
import type { Login } from "../postgres-canary.ts";
import type { Provision } from "./provision.ts";
import type { TenantMove } from "./tenant-moves.ts";

/** What the replica's company keeps of its tenants in PostgreSQL, and how its mover moves one: the tenant is
 *  frozen, which a trigger enforces, its rows are counted and digested, copied with that manifest, and deleted. */

const members = "workspaces.member";

/** The code of the trigger's own exception: RF is no class of PostgreSQL's. */
const frozen = "RF423";

interface Tenants {
  moving: { tenant: string; settled: string; table: string };
  moved: { tenant: string; tables: { table: string; columns: string[] }[] };
}

/** The tenants that a map declares; null where its system has none. */
export function tenantsOf({ placement: { system, endpoint } }: Provision): Tenants | null {
  const { moving, moved } = endpoint as Partial<Tenants>;
  if (!moving && !moved) return null;
  const fits = moving?.table === members && moved?.tables.every(({ table }) => table === members);
  if (moving && moved && fits) return { moving, moved };
  throw new RingfenceError(
    "REPLICA_UNSUPPORTED",
    `the replica keeps the tenants of "${system.id}" in ${members}, and its map does not`,
    { fix: `declare both moving and moved of "${system.id}", each in the table ${members}` },
  );
}

/** The tables, and who may write to them. A database of a system without tenants needs none. */
export function tenantStatements(writers: readonly Login[]): string {
  const users = writers.map(({ user }) => pg.escapeIdentifier(user)).join(", ");
  return `
    CREATE TABLE ringfence.manifest (tenant text NOT NULL, part text NOT NULL, rows bigint NOT NULL, sha256 text NOT NULL);
    CREATE SCHEMA workspaces;
    CREATE TABLE workspaces.tenant (id text PRIMARY KEY, state text NOT NULL DEFAULT 'active');
    CREATE TABLE ${members} (
      entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      tenant text NOT NULL REFERENCES workspaces.tenant,
      name text NOT NULL,
      role text NOT NULL DEFAULT 'member',
      joined timestamptz NOT NULL DEFAULT clock_timestamp(),
      canary text
    );
    CREATE FUNCTION workspaces.refuse_while_moving() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      IF EXISTS (SELECT FROM workspaces.tenant WHERE id IN (old.tenant, new.tenant) AND state = 'moving') THEN
        RAISE EXCEPTION 'this tenant is being moved' USING ERRCODE = '${frozen}';
      END IF;
      IF TG_OP = 'DELETE' THEN RETURN old; END IF;
      RETURN new;
    END $$;
    CREATE TRIGGER refuse_while_moving BEFORE INSERT OR UPDATE OR DELETE ON ${members}
      FOR EACH ROW EXECUTE FUNCTION workspaces.refuse_while_moving();
    GRANT USAGE ON SCHEMA workspaces TO ${users};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${members} TO ${users};`;
}

/** Moves the destination's canary tenant, and leaves another in the middle of a move. Both sessions are the
 *  mover's, whose own deletions the freeze lets through. */
export async function moveTenant(
  { source, destination }: TenantMove,
  { there, here }: { there: pg.Client; here: pg.Client },
): Promise<void> {
  const [left, arrived] = [tenantsOf(source), tenantsOf(destination)];
  if (!left || !arrived) return;
  const { tenant, tables } = arrived.moved;
  await settle(there, { tenant, canary: destination.canary });
  await freeze(there, tenant);
  for (const { columns } of tables) await writeManifest(there, tenant, columns);
  await copy(tenant, { from: there, to: here });
  await there.query("SET session_replication_role = replica");
  await there.query(`DELETE FROM ${members} WHERE tenant = $1`, [tenant]);
  await there.query("DELETE FROM workspaces.tenant WHERE id = $1", [tenant]);
  await there.query("RESET session_replication_role");
  await settle(there, { tenant: left.moving.settled, canary: source.canary });
  await settle(there, { tenant: left.moving.tenant, canary: source.canary });
  await freeze(there, left.moving.tenant);
}

/** A tenant of four people, one of whom carries the canary. */
async function settle(
  client: pg.Client,
  { tenant, canary }: { tenant: string; canary: string },
): Promise<void> {
  await client.query("INSERT INTO workspaces.tenant (id) VALUES ($1)", [tenant]);
  await client.query(
    `INSERT INTO ${members} (tenant, name, role, canary) VALUES
       ($1, 'Zoë Ångström', 'owner', NULL), ($1, 'ringfence', 'member', $2), ($1, 'Ada', 'member', NULL),
       ($1, 'Nguyễn Văn A', 'guest', NULL)`,
    [tenant, canary],
  );
}

async function freeze(client: pg.Client, tenant: string): Promise<void> {
  await client.query("UPDATE workspaces.tenant SET state = 'moving' WHERE id = $1", [tenant]);
}

/** As docs/paths/migration.md asks of a mover: how many rows leave, and their SHA-256. */
async function writeManifest(client: pg.Client, tenant: string, columns: readonly string[]): Promise<void> {
  await client.query(`BEGIN; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, MDY';
    SET LOCAL IntervalStyle = 'postgres'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1`);
  await client.query(
    `INSERT INTO ringfence.manifest (tenant, part, rows, sha256)
     SELECT $1, '${members}', count(*), encode(sha256(coalesce(string_agg(digest, '' ORDER BY digest), '')), 'hex')
     FROM ${members} CROSS JOIN LATERAL
       sha256(convert_to(jsonb_build_array(${columns.map(pg.escapeIdentifier).join(", ")})::text, 'UTF8')) AS digest
     WHERE tenant = $1`,
    [tenant],
  );
  await client.query("COMMIT");
}

/** As text, because a client's own dates and numbers would lose what PostgreSQL's can hold. */
async function copy(tenant: string, { from, to }: { from: pg.Client; to: pg.Client }): Promise<void> {
  const { rows } = await from.query<{ members: string; manifests: string }>(
    `SELECT (SELECT jsonb_agg(one)::text FROM ${members} AS one WHERE tenant = $1) AS members,
            (SELECT jsonb_agg(one)::text FROM ringfence.manifest AS one WHERE tenant = $1) AS manifests`,
    [tenant],
  );
  await to.query("INSERT INTO workspaces.tenant (id) VALUES ($1)", [tenant]);
  await to.query(
    `INSERT INTO ${members} (tenant, name, role, joined, canary)
     SELECT tenant, name, role, joined, canary FROM jsonb_populate_recordset(NULL::${members}, $1)`,
    [rows[0]?.members],
  );
  await to.query(
    "INSERT INTO ringfence.manifest SELECT * FROM jsonb_populate_recordset(NULL::ringfence.manifest, $1)",
    [rows[0]?.manifests],
  );
}
