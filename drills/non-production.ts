import { anyOf, type Drill, type DrillTools, type Hole, inside } from "../core/drill.ts";
import { ap, createDatabase, eu, eventuallyTrue, us } from "./holes.ts";

const path = "non-production";
const staging = "staging-db";
const production = "orders-db";
const exportsOf = (region: string) => `acme-developer-exports-${region}`;

export const drills: Drill[] = [
  {
    id: "non-production-own-rows",
    path,
    title: "a production order of the EU was copied into the EU's staging database, to debug it",
    open: (tools, hole) => copyRow(tools, hole, eu),
    expects: inside(eu, ["postgres-stray"], { about: eu }),
  },
  {
    id: "non-production-far-rows",
    path,
    title: "production orders of Sydney were copied into the staging database in the EU",
    open: (tools, hole) => copyRow(tools, hole, ap),
    expects: inside(eu, ["postgres-stray"], { about: ap }),
  },
  {
    id: "non-production-clone",
    path,
    title: "a developer restored production into a database of his own on the staging server",
    async open(tools, hole) {
      await createDatabase(tools, hole, { region: eu, system: staging, name: "jonas_orders" });
      await tools.sql(
        eu,
        staging,
        `CREATE SCHEMA ringfence; CREATE TABLE ringfence.canary (region text, value text);
         INSERT INTO ringfence.canary VALUES ('${eu}', '${await orderOf(tools, eu)}')`,
        "jonas_orders",
      );
    },
    expects: inside(eu, ["postgres-stray"], { about: eu }),
  },
  {
    id: "non-production-subscription",
    path,
    title: "staging subscribes to the production database of its own region, so that its data are fresh",
    open: (tools, hole) => subscribe(tools, hole),
    expects: inside(eu, ["postgres-stray"], { about: eu }),
  },
  {
    id: "non-production-export",
    path,
    title: "an export of US production lies in the developers' bucket of the US",
    async open(tools, hole) {
      await exportInto(tools, hole, { bucket: exportsOf(us), of: us, key: "debug/case-2311/orders.csv" });
    },
    expects: inside(us, ["s3-stray"], { about: us }),
  },
  {
    id: "non-production-far-export",
    path,
    title: "exports of the EU and the US lie in the developers' bucket in Sydney",
    async open(tools, hole) {
      for (const region of [eu, us])
        await exportInto(tools, hole, { bucket: exportsOf(ap), of: region, key: `debug/${region}.csv` });
    },
    expects: anyOf(inside(ap, ["s3-stray"], { about: eu }), inside(ap, ["s3-stray"], { about: us })),
  },
  {
    id: "non-production-deleted-export",
    path,
    title: "an export of EU production was deleted from the developers' bucket, which keeps its versions",
    async open(tools, hole) {
      const key = "tmp/orders.csv";
      await exportInto(tools, hole, { bucket: exportsOf(eu), of: eu, key });
      await tools.store.discard(exportsOf(eu), key);
    },
    expects: inside(eu, ["s3-stray"], { about: eu }),
  },
];

async function orderOf(tools: DrillTools, region: string): Promise<string> {
  const [row] = await tools.sql(
    region,
    production,
    `SELECT value FROM ringfence.canary WHERE region = '${region}'`,
  );
  return String(row?.value);
}

async function copyRow(tools: DrillTools, hole: Hole, of: string): Promise<void> {
  hole.closeBy(() => tools.sql(eu, staging, "DROP TABLE public.canary_orders"));
  await tools.sql(
    eu,
    staging,
    `CREATE TABLE public.canary_orders AS SELECT 4711 AS id, '${await orderOf(tools, of)}'::text AS note`,
  );
}

async function exportInto(
  tools: DrillTools,
  hole: Hole,
  { bucket, of, key }: { bucket: string; of: string; key: string },
): Promise<void> {
  const canary = String(await tools.store.get(`acme-uploads-${of}`, "ringfence/canary"));
  hole.closeBy(() => tools.store.remove(bucket, key));
  await tools.store.put(bucket, key, canary);
}

/** Both servers stand in one region, so that no border is in the way. */
async function subscribe(tools: DrillTools, hole: Hole): Promise<void> {
  const from = tools.place(eu, production).address[4];
  const password = tools.secret("EU_CENTRAL_1_ORDERS_DB_REPLICATION_PASSWORD");
  const role = "orders_replication";
  const canary = await orderOf(tools, eu);
  hole.closeBy(() =>
    tools.sql(
      eu,
      production,
      `REVOKE SELECT ON ringfence.canary FROM ${role}; REVOKE USAGE ON SCHEMA ringfence FROM ${role}`,
    ),
  );
  await tools.sql(
    eu,
    production,
    `GRANT USAGE ON SCHEMA ringfence TO ${role}; GRANT SELECT ON ringfence.canary TO ${role}`,
  );
  hole.closeBy(() => tools.sql(eu, production, "DROP PUBLICATION fresh"));
  await tools.sql(eu, production, "CREATE PUBLICATION fresh FOR TABLE ringfence.canary");
  hole.closeBy(() => tools.sql(eu, staging, `DELETE FROM ringfence.canary WHERE value = '${canary}'`));
  hole.closeBy(() => tools.sql(eu, staging, "DROP SUBSCRIPTION fresh"));
  await tools.sql(
    eu,
    staging,
    `CREATE SUBSCRIPTION fresh CONNECTION 'host=${from} dbname=orders user=${role} password=${password}' PUBLICATION fresh`,
  );
  await eventuallyTrue(async () => {
    const rows = await tools.sql(eu, staging, `SELECT FROM ringfence.canary WHERE value = '${canary}'`);
    return rows.length > 0;
  }, "nothing of production arrived in staging");
}
