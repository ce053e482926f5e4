import { anyOf, type Drill, type DrillTools, type Hole, inside } from "../core/drill.ts";
import { admit, admitLogins, ap, eu, eventuallyTrue, us } from "./holes.ts";
import { freezes } from "./migration-freezes.ts";
import { transfers } from "./migration-transfers.ts";

/** In the replica one tenant moved from the US to the EU, one from Sydney to the US, and one from the EU to
 *  Sydney. */
const path = "migration";
const database = "moved-tenants-db";
const cache = "moved-tenants-cache";
const bucketOf = (region: string) => `acme-tenants-${region}`;
const keyOf = (region: string) => `tenants/moved-to-${region}/logo.png`;

export const drills: Drill[] = [
  {
    id: "migration-row-left",
    path,
    title: "the row of a tenant that moved to the EU was never deleted in the US",
    open: (tools, hole) => leaveRow(tools, hole, { of: eu, in: us }),
    expects: inside(us, ["postgres-stray"], { about: eu }),
  },
  {
    id: "migration-backup-table",
    path,
    title: "the mover kept a copy of its table in Sydney, in case the move to the US has to be undone",
    async open(tools, hole) {
      hole.closeBy(() => tools.sql(ap, database, "DROP TABLE public.canary_before_move"));
      await tools.sql(
        ap,
        database,
        `CREATE TABLE public.canary_before_move AS SELECT '${await tenantOf(tools, us)}'::text AS value`,
      );
    },
    expects: inside(ap, ["postgres-stray"], { about: us }),
  },
  {
    id: "migration-cache-key-left",
    path,
    title: "the profile of a tenant that moved to Sydney is still in the EU's cache",
    async open(tools, hole) {
      const key = `tenant:moved-to-${ap}:profile`;
      const canary = String(await tools.redis(ap, cache, "GET", key));
      hole.closeBy(() => tools.redis(eu, cache, "DEL", key));
      await tools.redis(eu, cache, "SET", key, canary);
    },
    expects: inside(eu, ["redis-stray"], { about: ap }),
  },
  {
    id: "migration-old-version",
    path,
    title: "a file of a tenant that moved to the EU was deleted in the US, and its version is still there",
    async open(tools, hole) {
      hole.closeBy(() => tools.store.remove(bucketOf(us), keyOf(eu)));
      await tools.store.put(bucketOf(us), keyOf(eu), await fileOf(tools, eu));
      await tools.store.discard(bucketOf(us), keyOf(eu));
    },
    expects: inside(us, ["s3-stray"], { about: eu }),
  },
  {
    id: "migration-overwritten-version",
    path,
    title: "a file of a tenant that moved to Sydney was overwritten in the EU instead of deleted",
    async open(tools, hole) {
      hole.closeBy(() => tools.store.remove(bucketOf(eu), keyOf(ap)));
      await tools.store.put(bucketOf(eu), keyOf(ap), await fileOf(tools, ap));
      await tools.store.put(bucketOf(eu), keyOf(ap), "moved away");
    },
    expects: inside(eu, ["s3-stray"], { about: ap }),
  },
  {
    id: "migration-archive-left",
    path,
    title: "the mover's export of a tenant that moved to the US lies in Sydney's bucket",
    async open(tools, hole) {
      const key = "mover/2026-11-03/tenant-4711.tar";
      hole.closeBy(() => tools.store.remove(bucketOf(ap), key));
      await tools.store.put(bucketOf(ap), key, await fileOf(tools, us));
    },
    expects: inside(ap, ["s3-stray"], { about: us }),
  },
  {
    id: "migration-dual-write",
    path,
    title: "the US still subscribes to the database that the tenant moved to, so that the move can be undone",
    open: (tools, hole) => writeTwice(tools, hole),
    expects: anyOf(
      inside(eu, ["postgres-links"]),
      inside(us, ["postgres-links"]),
      inside(us, ["postgres-stray"], { about: eu }),
    ),
  },
  {
    id: "migration-way-back",
    path,
    title: "a subscription for the way back was made in Sydney, and was never started",
    async open(tools, hole) {
      const far = tools.place(us, database).address[4];
      hole.closeBy(async () => {
        await tools.sql(ap, database, "ALTER SUBSCRIPTION way_back SET (slot_name = NONE)");
        await tools.sql(ap, database, "DROP SUBSCRIPTION way_back");
      });
      await tools.sql(
        ap,
        database,
        `CREATE SUBSCRIPTION way_back CONNECTION 'host=${far} dbname=tenants' PUBLICATION moved WITH (connect = false)`,
      );
    },
    expects: inside(ap, ["postgres-links"]),
  },
  ...freezes,
  ...transfers,
];

async function tenantOf(tools: DrillTools, region: string): Promise<string> {
  const [row] = await tools.sql(
    region,
    database,
    `SELECT value FROM ringfence.canary WHERE region = '${region}'`,
  );
  return String(row?.value);
}

async function fileOf(tools: DrillTools, region: string): Promise<string> {
  return String(await tools.store.get(bucketOf(region), keyOf(region)));
}

async function leaveRow(
  tools: DrillTools,
  hole: Hole,
  { of, in: source }: { of: string; in: string },
): Promise<void> {
  hole.closeBy(() => tools.sql(source, database, `DELETE FROM ringfence.canary WHERE region = '${of}'`));
  await tools.sql(
    source,
    database,
    `INSERT INTO ringfence.canary VALUES ('${of}', '${await tenantOf(tools, of)}')`,
  );
}

/** Logical replication from the tenant's new home to its old one, over a line between the two databases. */
async function writeTwice(tools: DrillTools, hole: Hole): Promise<void> {
  const [from, to] = [tools.place(eu, database).address[4], tools.place(us, database).address[4]];
  hole.closeBy(() => tools.sql(us, database, `DELETE FROM ringfence.canary WHERE region <> '${us}'`));
  await admitLogins(tools, hole, { region: eu, system: database }, `host all all ${to}/32 trust`);
  await admit(tools, hole, `ip saddr ${to} ip daddr ${from} tcp dport 5432 accept`);
  hole.closeBy(() => tools.sql(eu, database, "DROP PUBLICATION moved"));
  await tools.sql(eu, database, "CREATE PUBLICATION moved FOR TABLE ringfence.canary");
  hole.closeBy(() => tools.sql(us, database, "DROP SUBSCRIPTION dual_write"));
  await tools.sql(
    us,
    database,
    `CREATE SUBSCRIPTION dual_write CONNECTION 'host=${from} dbname=tenants user=ringfence_admin' PUBLICATION moved`,
  );
  await eventuallyTrue(async () => {
    const rows = await tools.sql(us, database, `SELECT FROM ringfence.canary WHERE region = '${eu}'`);
    return rows.length > 0;
  }, "nothing of the EU arrived in the US");
}
