import { newCanary } from "../probes/canary.ts";
import { killServers } from "./host.ts";
import { type Context, type Footing, far, home, type Result, resultOf, type Sabotage } from "./record.ts";
import { sql } from "./systems.ts";
import { undoable } from "./undo.ts";

/** What the proofs about tenants that move stand on: their tables, manifests, rights and canaries. */

const member = "workspaces.member";
const moving = `canary-moving-from-${far}`;
const settled = `canary-settled-in-${far}`;
const arrived = `canary-moved-to-${far}`;

/** The looks by these probes inside a region. */
const looks =
  (region: string, ...probes: string[]): Footing =>
  ({ item }) =>
    item.from.region === region && probes.includes(item.probe);
const frozen = looks(far, "postgres-frozen");
const whole = looks(far, "postgres-moved-whole");

/** Statements in a region's database of tenants, past every trigger, and those that undo them. */
function broken(row: {
  id: string;
  title: string;
  act: string;
  undo: string;
  in?: string;
  unfounded: Footing;
}): Sabotage {
  const { in: region = far } = row;
  return {
    id: `moves/${row.id}`,
    kind: "moves",
    title: row.title,
    async run({ state, prove }) {
      const past = (statements: string) =>
        sql(state, region, `SET session_replication_role = replica; ${statements}`, "tenants");
      await using _broken = await undoable(
        () => past(row.act),
        () => past(row.undo),
      );
      const judged = await prove({ kind: "moves" });
      return resultOf(judged.judgement, row.unfounded);
    },
  };
}

/** Takes rows away, and puts the very same back. */
function without(table: string, where: string): { act: string; undo: string } {
  return {
    act: `CREATE TABLE public.kept AS SELECT * FROM ${table} WHERE ${where}; DELETE FROM ${table} WHERE ${where}`,
    undo: `INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM public.kept; DROP TABLE public.kept`,
  };
}

const tables: readonly Sabotage[] = [
  broken({
    id: "table-missing",
    title: `the table of the tenants' rows is gone in ${far}`,
    act: `ALTER TABLE ${member} RENAME TO member_of_old`,
    undo: `ALTER TABLE workspaces.member_of_old RENAME TO member`,
    unfounded: looks(far, "postgres-frozen", "postgres-moved-whole"),
  }),
  broken({
    id: "manifests-missing",
    title: `the table of the manifests is gone in ${far}`,
    act: "ALTER TABLE ringfence.manifest RENAME TO manifest_of_old",
    undo: "ALTER TABLE ringfence.manifest_of_old RENAME TO manifest",
    unfounded: whole,
  }),
  broken({
    id: "manifest-missing",
    title: `no manifest came to ${far} with its tenant`,
    ...without("ringfence.manifest", `tenant = '${arrived}'`),
    unfounded: whole,
  }),
  broken({
    id: "manifest-not-kept",
    title: `${home} kept no manifest of the tenant that left it`,
    in: home,
    ...without("ringfence.manifest", `tenant = '${arrived}'`),
    unfounded: looks(home, "postgres-moved-whole"),
  }),
  broken({
    id: "rows-hidden",
    title: `a policy hides the tenants' rows from the auditor in ${far}`,
    act: `ALTER TABLE ${member} ENABLE ROW LEVEL SECURITY`,
    undo: `ALTER TABLE ${member} DISABLE ROW LEVEL SECURITY`,
    unfounded: looks(far, "postgres-frozen", "postgres-moved-whole"),
  }),
];

const tenants: readonly Sabotage[] = [
  broken({
    id: "moving-tenant-missing",
    title: `the tenant that is being moved has no row in ${far}`,
    ...without(member, `tenant = '${moving}'`),
    unfounded: frozen,
  }),
  broken({
    id: "settled-tenant-missing",
    title: `the tenant that is not moving has no row in ${far}`,
    ...without(member, `tenant = '${settled}'`),
    unfounded: frozen,
  }),
  broken({
    id: "canary-stale",
    title: `the tenants of ${far} hold the canary of an earlier run`,
    act: `UPDATE ${member} SET canary = '${newCanary()}' WHERE canary IS NOT NULL`,
    undo: `UPDATE ${member} SET canary = (SELECT value FROM ringfence.canary WHERE region = '${far}') WHERE canary IS NOT NULL`,
    unfounded: looks(far, "postgres-frozen", "postgres-moved-whole"),
  }),
];

const freeze = (code: string) => `
  CREATE OR REPLACE FUNCTION workspaces.refuse_while_moving() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
  BEGIN
    IF EXISTS (SELECT FROM workspaces.tenant WHERE id IN (old.tenant, new.tenant) AND state = 'moving') THEN
      RAISE EXCEPTION 'this tenant is being moved' USING ERRCODE = '${code}';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN old; END IF;
    RETURN new;
  END $$`;

function eachWriter(clause: string): string {
  return ["tenants_app", "tenants_sync"].map((user) => `ALTER ROLE ${user} ${clause}`).join("; ");
}

const refusals: readonly Sabotage[] = [
  broken({
    id: "nobody-may-write",
    title: `nobody has a right to write tenants' rows in ${far}`,
    act: `REVOKE INSERT, UPDATE, DELETE ON ${member} FROM tenants_app, tenants_sync`,
    undo: `GRANT INSERT, UPDATE, DELETE ON ${member} TO tenants_app, tenants_sync`,
    unfounded: frozen,
  }),
  broken({
    id: "everybody-frozen",
    title: `every tenant of ${far} is frozen, for a reason of its own`,
    act: `UPDATE workspaces.tenant SET state = 'moving' WHERE id = '${settled}'`,
    undo: `UPDATE workspaces.tenant SET state = 'active' WHERE id = '${settled}'`,
    unfounded: frozen,
  }),
  broken({
    id: "read-only",
    title: `whoever writes tenants' rows in ${far} may only read for now`,
    act: eachWriter("SET default_transaction_read_only = on"),
    undo: eachWriter("RESET default_transaction_read_only"),
    unfounded: frozen,
  }),
  broken({
    id: "code-undeclared",
    title: `writes are refused in ${far} with a code that says nothing of a move`,
    act: freeze("P0001"),
    undo: freeze("RF423"),
    unfounded: frozen,
  }),
];

const logins: readonly Sabotage[] = [
  ["TENANTS_DB_PASSWORD", frozen],
  ["TENANTS_DB_SYNC_PASSWORD", frozen],
  ["ORDERS_DB_AUDITOR_PASSWORD", looks(far, "postgres-frozen", "postgres-moved-whole")],
  ["TENANTS_API_TOKEN", looks(far, "https-frozen")],
  ["TENANTS_API_AUDITOR_TOKEN", looks(far, "https-frozen")],
].map(([name, unfounded]) => wrongCredential(name as string, unfounded as Footing));

function wrongCredential(name: string, unfounded: Footing): Sabotage {
  return {
    id: `moves/wrong-${name.toLowerCase().replaceAll("_", "-")}`,
    kind: "moves",
    title: `${far} holds a wrong ${name}`,
    async run({ state, prove }) {
      const full = `${far.toUpperCase().replaceAll("-", "_")}_${name}`;
      const held = state.credentials[far] ?? {};
      if (!held[full]) throw new Error(`there is no ${full}`);
      const credentials = { ...state.credentials, [far]: { ...held, [full]: "wrong" } };
      const judged = await prove({ kind: "moves", state: { ...state, credentials } });
      return resultOf(judged.judgement, unfounded);
    },
  };
}

export const moves: readonly Sabotage[] = [...tables, ...tenants, ...refusals, ...logins];

export const moveRuins: readonly Sabotage[] = [
  {
    id: "moves/servers-stopped-before",
    kind: "moves",
    title: `everything that serves tenants in ${far} killed before the attempts`,
    run: stoppedBefore,
  },
];

async function stoppedBefore(context: Context): Promise<Result> {
  await using replica = await context.boot("moves");
  await killServers(replica.state, `${far}/data`);
  const judged = await context.prove({ kind: "moves", state: replica.state });
  return resultOf(judged.judgement, ({ item }) => item.from.region === far);
}
