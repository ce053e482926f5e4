import { type Drill, type DrillTools, type Hole, inside } from "../core/drill.ts";
import { ap, eu, us } from "./holes.ts";

/** In the replica the mover wrote down how many rows of a tenant left and their digest, sent that along, and kept it
 *  where the tenant was. */
const path = "migration";
const database = "moved-tenants-db";
const rowsOf = (region: string) => `workspaces.member WHERE tenant = 'canary-moved-to-${region}'`;

export const transfers: Drill[] = [
  {
    id: "migration-row-lost",
    path,
    title: "one row of the tenant that moved to the EU did not arrive",
    open: (tools, hole) => spoil(tools, hole, eu, `DELETE FROM ${rowsOf(eu)} AND name = 'Ada'`),
    expects: inside(eu, ["postgres-moved-whole"]),
  },
  {
    id: "migration-rows-twice",
    path,
    title: "the copy to Sydney was tried again after an error, and some rows arrived twice",
    open: (tools, hole) =>
      spoil(
        tools,
        hole,
        ap,
        `INSERT INTO workspaces.member (tenant, name, role, joined, canary)
         SELECT tenant, name, role, joined, canary FROM ${rowsOf(ap)} AND canary IS NULL LIMIT 2`,
      ),
    expects: inside(ap, ["postgres-moved-whole"]),
  },
  {
    id: "migration-letters-changed",
    path,
    title: "the copy to the US went through a client of another encoding, and names lost their accents",
    open: (tools, hole) =>
      spoil(
        tools,
        hole,
        us,
        `UPDATE workspaces.member SET name = 'Zo? ?ngstr?m' WHERE tenant = 'canary-moved-to-${us}' AND role = 'owner'`,
      ),
    expects: inside(us, ["postgres-moved-whole"]),
  },
  {
    id: "migration-times-cut",
    path,
    title: "the copy to the EU went through a client that keeps no microseconds",
    open: (tools, hole) =>
      spoil(
        tools,
        hole,
        eu,
        `UPDATE workspaces.member SET joined = date_trunc('second', joined) + interval '1 ms'
         WHERE tenant = 'canary-moved-to-${eu}'`,
      ),
    expects: inside(eu, ["postgres-moved-whole"]),
  },
  {
    id: "migration-manifest-of-rehearsal",
    path,
    title: "the manifest that came to Sydney with the tenant is that of the rehearsal, a week before",
    async open(tools, hole) {
      await keepManifest(tools, hole, ap);
      await tools.sql(
        ap,
        database,
        `UPDATE ringfence.manifest SET rows = 3, sha256 = encode(sha256('rehearsal'), 'hex')
         WHERE tenant = 'canary-moved-to-${ap}'`,
      );
    },
    expects: inside(ap, ["postgres-moved-whole"]),
  },
  {
    id: "migration-manifest-of-copy",
    path,
    title: "a row did not arrive in the US, and the manifest there was made of what arrived",
    async open(tools, hole) {
      await keepManifest(tools, hole, us);
      await spoil(tools, hole, us, `DELETE FROM ${rowsOf(us)} AND role = 'guest'`);
      await tools.sql(
        us,
        database,
        `BEGIN; SET LOCAL TimeZone = 'UTC';
         UPDATE ringfence.manifest SET (rows, sha256) = (
           SELECT count(*), encode(sha256(string_agg(digest, '' ORDER BY digest)), 'hex')
           FROM workspaces.member CROSS JOIN LATERAL
             sha256(convert_to(jsonb_build_array(name, role, joined, canary)::text, 'UTF8')) AS digest
           WHERE tenant = 'canary-moved-to-${us}')
         WHERE tenant = 'canary-moved-to-${us}'; COMMIT`,
      );
    },
    expects: inside(us, ["postgres-moved-whole"]),
  },
];

/** Changes the rows of the tenant that moved to a region, and puts all of them back. */
async function spoil(tools: DrillTools, hole: Hole, region: string, statement: string): Promise<void> {
  await keep(tools, hole, { region, table: "workspaces.member" });
  await tools.sql(region, database, statement);
}

function keepManifest(tools: DrillTools, hole: Hole, region: string): Promise<void> {
  return keep(tools, hole, { region, table: "ringfence.manifest" });
}

async function keep(
  tools: DrillTools,
  hole: Hole,
  { region, table }: { region: string; table: string },
): Promise<void> {
  const where = `WHERE tenant = 'canary-moved-to-${region}'`;
  const [kept] = await tools.sql(
    region,
    database,
    `SELECT jsonb_agg(one)::text AS rows FROM ${table} AS one ${where}`,
  );
  const rows = String(kept?.rows).replaceAll("'", "''");
  hole.closeBy(() =>
    tools.sql(
      region,
      database,
      `BEGIN; DELETE FROM ${table} ${where};
       INSERT INTO ${table} OVERRIDING SYSTEM VALUE
       SELECT * FROM jsonb_populate_recordset(NULL::${table}, '${rows}'); COMMIT`,
    ),
  );
}
