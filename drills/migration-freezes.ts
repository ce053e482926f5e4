import { type Drill, type DrillTools, type Hole, inside } from "../core/drill.ts";
import { ap, eu, us } from "./holes.ts";

/** In the replica each region holds one tenant in the middle of a move; the database's trigger and the data plane
 *  have to refuse what is written for it. */
const path = "migration";
const database = "moved-tenants-db";
const plane = "moved-tenants-api";
/** A write waits for the writes before it. */
const deadlineMs = 4000;

export const freezes: Drill[] = [
  {
    id: "migration-never-frozen",
    path,
    title: "the mover copies a tenant out of the EU, and forgot to freeze it",
    open: (tools, hole) => setState(tools, hole, { region: eu, state: "active" }),
    expects: inside(eu, ["postgres-frozen"]),
    deadlineMs,
  },
  {
    id: "migration-lifted-early",
    path,
    title: "the freeze in Sydney ends with the copy, while the copy is still being checked",
    open: (tools, hole) => setState(tools, hole, { region: ap, state: "verifying" }),
    expects: inside(ap, ["postgres-frozen"]),
    deadlineMs,
  },
  {
    id: "migration-inserts-pass",
    path,
    title: "the freeze in the US stops changes and deletions, and nobody thought of new rows",
    open: (tools, hole) => freezeOnly(tools, hole, { region: us, events: "UPDATE OR DELETE" }),
    expects: inside(us, ["postgres-frozen"]),
    deadlineMs,
  },
  {
    id: "migration-deletes-pass",
    path,
    title: "the freeze in the EU stops new and changed rows, and a retention job goes on deleting",
    open: (tools, hole) => freezeOnly(tools, hole, { region: eu, events: "INSERT OR UPDATE" }),
    expects: inside(eu, ["postgres-frozen"]),
    deadlineMs,
  },
  {
    id: "migration-sync-writes-past",
    path,
    title: "in the US the login of the dual write replicates, and so no trigger stops it",
    async open(tools, hole) {
      hole.closeBy(() => tools.sql(us, database, "ALTER ROLE tenants_sync RESET session_replication_role"));
      await tools.sql(us, database, "ALTER ROLE tenants_sync SET session_replication_role = replica");
    },
    expects: inside(us, ["postgres-frozen"]),
    deadlineMs,
  },
  {
    id: "migration-api-not-frozen",
    path,
    title: "Sydney's data plane takes writes for a tenant whose database rows are frozen",
    open: (tools, hole) => configure(tools, hole, ap, { whileMoving: "stores" }),
    expects: inside(ap, ["https-frozen"]),
    deadlineMs,
  },
  {
    id: "migration-api-stores-first",
    path,
    title: "the EU's data plane says that the tenant is moving when it has stored the document already",
    async open(tools, hole) {
      await configure(tools, hole, eu, { whileMoving: "stores and refuses" });
    },
    expects: inside(eu, ["https-frozen"]),
    deadlineMs,
  },
  {
    id: "migration-api-puts-off",
    path,
    title: "the US's data plane takes writes for a moving tenant into a queue of the region that it leaves",
    open: (tools, hole) => configure(tools, hole, us, { whileMoving: "puts off" }),
    expects: inside(us, ["https-frozen"]),
    deadlineMs,
  },
];

async function setState(
  tools: DrillTools,
  hole: Hole,
  { region, state }: { region: string; state: string },
): Promise<void> {
  const set = (to: string) =>
    tools.sql(
      region,
      database,
      `UPDATE workspaces.tenant SET state = '${to}' WHERE id = 'canary-moving-from-${region}'`,
    );
  hole.closeBy(() => set("moving"));
  await set(state);
}

async function freezeOnly(
  tools: DrillTools,
  hole: Hole,
  { region, events }: { region: string; events: string },
): Promise<void> {
  const on = (what: string) =>
    tools.sql(
      region,
      database,
      `CREATE OR REPLACE TRIGGER refuse_while_moving BEFORE ${what} ON workspaces.member
       FOR EACH ROW EXECUTE FUNCTION workspaces.refuse_while_moving()`,
    );
  hole.closeBy(() => on("INSERT OR UPDATE OR DELETE"));
  await on(events);
}

/** Whatever is not named goes back to what was deployed. */
async function configure(tools: DrillTools, hole: Hole, region: string, settings: object): Promise<void> {
  const set = (body: object) => tools.http(region, plane, { method: "PUT", path: "/settings", body });
  hole.closeBy(() => set({}));
  await set(settings);
}
