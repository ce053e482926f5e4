import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { ResidencyMap } from "../core/residency-map.ts";
import { projectRoot } from "../environments/node-script.ts";
import { driver } from "../environments/replica/driver.ts";
import { drillTools } from "../environments/replica/tools.ts";
import { type HeldReplica, holdReplica } from "./held-replica.ts";

/** Movers freeze a tenant in many ways, and PostgreSQL refuses a write in as many; each is made here in the EU of a
 *  real replica, in place of its trigger. */

const eu = "eu-central-1";
const database = "moved-tenants-db";
const moving = `canary-moving-from-${eu}`;
const settled = `canary-settled-in-${eu}`;
const folder = mkdtempSync(join(tmpdir(), "ringfence-moves-"));
const sample = parse(readFileSync(driver.mapFile, "utf8")) as ResidencyMap;
const systems = sample.systems.filter(({ id }) => id === database);

let replica: HeldReplica;
beforeAll(async () => {
  replica = await holdReplica("--map", mapWith({}));
});
afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

let maps = 0;

/** The sample's moved tenants, declared in another way. */
function mapWith(changed: Record<string, unknown>, moved: Record<string, unknown> = {}): string {
  const [system] = structuredClone(systems);
  if (!system) throw new TypeError("the sample has no moved tenants");
  Object.assign(system.endpoint.moving as object, changed);
  Object.assign(system.endpoint.moved as object, moved);
  const file = join(folder, `${maps++}.yaml`);
  writeFileSync(file, stringify({ ...sample, systems: [system] }));
  return file;
}

const sql = (statement: string, other?: string) =>
  drillTools(replica.state).sql(eu, database, statement, other);

interface Way {
  /** What is done in place of the trigger, and how it is undone. */
  freeze: string;
  thaw: string;
  declares?: Record<string, unknown>;
}

async function verdictOn({ freeze, thaw, declares = {} }: Way) {
  await sql(freeze);
  try {
    const { verdicts } = replica.prove("--map", mapWith(declares), "--region", eu);
    const found = verdicts.find(({ probe }) => probe === "postgres-frozen");
    return { grade: found?.grade, reason: found?.reason };
  } finally {
    await sql(thaw);
  }
}

const member = "workspaces.member";
const noTrigger = `ALTER TABLE ${member} DISABLE TRIGGER refuse_while_moving;`;
const trigger = `ALTER TABLE ${member} ENABLE TRIGGER refuse_while_moving;`;
const isFree = `tenant <> '${moving}'`;

describe("a tenant is frozen", () => {
  const policies: Way = {
    freeze: `${noTrigger} ALTER TABLE ${member} ENABLE ROW LEVEL SECURITY;
      CREATE POLICY sees ON ${member} FOR SELECT USING (true);
      CREATE POLICY adds ON ${member} FOR INSERT WITH CHECK (tenant = current_setting('app.tenant') AND ${isFree});
      CREATE POLICY changes ON ${member} FOR UPDATE USING (${isFree});
      CREATE POLICY deletes ON ${member} FOR DELETE USING (${isFree})`,
    thaw: `DROP POLICY sees ON ${member}; DROP POLICY adds ON ${member}; DROP POLICY changes ON ${member};
      DROP POLICY deletes ON ${member}; ALTER TABLE ${member} DISABLE ROW LEVEL SECURITY; ${trigger}`,
    declares: { settings: { "app.tenant": "{tenant}" }, refusals: ["42501", "NO_ROW_CHANGED"] },
  };

  test("by row-level policies, which refuse new rows and pass over the others", async () => {
    expect((await verdictOn(policies)).grade).toBe("contained");
  });

  test("by policies, and the map says nothing of what they pass over", async () => {
    const declares = { ...policies.declares, refusals: ["42501"] };
    expect(await verdictOn({ ...policies, declares })).toMatchObject({
      grade: "inconclusive",
      reason: expect.stringContaining("NO_ROW_CHANGED"),
    });
  });

  test("by policies, and the map does not say what a session sets, so that settled tenants are refused, too", async () => {
    expect(
      (await verdictOn({ ...policies, declares: { refusals: ["42501", "NO_ROW_CHANGED"] } })).grade,
    ).toBe("inconclusive");
  });

  test("by a check that waits for the commit, which never comes", async () => {
    const way: Way = {
      freeze: `${noTrigger} CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT OR UPDATE OR DELETE ON ${member}
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION workspaces.refuse_while_moving()`,
      thaw: `DROP TRIGGER at_commit ON ${member}; ${trigger}`,
    };
    expect((await verdictOn(way)).grade).toBe("contained");
  });

  const own = (what: string, declares: Record<string, unknown>, reads = "SELECT"): Way => ({
    freeze: [moving, settled]
      .map(
        (tenant) => `CREATE SCHEMA "${tenant}"; CREATE TABLE "${tenant}".member AS SELECT * FROM ${member}
          WHERE tenant = '${tenant}'; GRANT USAGE ON SCHEMA "${tenant}" TO tenants_app, tenants_sync;
          GRANT INSERT, UPDATE, DELETE, ${reads} ON "${tenant}".member TO tenants_app, tenants_sync;`,
      )
      .concat(what)
      .join(""),
    thaw: `DROP SCHEMA "${moving}" CASCADE; DROP SCHEMA "${settled}" CASCADE`,
    declares: {
      table: "{tenant}.member",
      column: undefined,
      row: { name: "ringfence {token}" },
      ...declares,
    },
  });

  test("by rights that are taken away, in a schema of its own", async () => {
    const revoked = `REVOKE INSERT, UPDATE, DELETE ON "${moving}".member FROM tenants_app, tenants_sync`;
    expect((await verdictOn(own(revoked, { refusals: ["42501"] }))).grade).toBe("contained");
  });

  test("by rights that are taken away from one of two logins", async () => {
    const revoked = `REVOKE INSERT, UPDATE, DELETE ON "${moving}".member FROM tenants_app`;
    expect(await verdictOn(own(revoked, { refusals: ["42501"] }))).toMatchObject({
      grade: "breached",
      reason: expect.stringContaining("tenants_sync"),
    });
  });

  test("by a table that is gone, which nobody can tell from a wrong name", async () => {
    const gone = `DROP TABLE "${moving}".member`;
    expect((await verdictOn(own(gone, { refusals: ["42501"] }))).grade).toBe("inconclusive");
  });
});

describe("nothing is proven, and nothing written,", () => {
  test("where a tenant's rows hold no canary, because it may be a customer", async () => {
    const way: Way = {
      freeze: `UPDATE ${member} SET canary = NULL WHERE tenant = '${settled}'`,
      thaw: `UPDATE ${member} SET canary = (SELECT value FROM ringfence.canary WHERE region = '${eu}')
        WHERE tenant = '${settled}' AND name = 'ringfence'`,
    };
    expect(await verdictOn(way)).toMatchObject({
      grade: "inconclusive",
      reason: expect.stringContaining("NOT_A_CANARY_TENANT"),
    });
  });

  test("where the tenant that is named is not there", async () => {
    const none: Way = { freeze: "SELECT", thaw: "SELECT", declares: { tenant: "nobody" } };
    expect((await verdictOn(none)).grade).toBe("inconclusive");
  });

  test("where a lock holds up every write", async () => {
    const way: Way = {
      freeze: `${noTrigger} CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE lock_not_available; END $$; CREATE TRIGGER waits BEFORE INSERT OR UPDATE OR DELETE
        ON ${member} FOR EACH ROW EXECUTE FUNCTION wait()`,
      thaw: `DROP TRIGGER waits ON ${member}; DROP FUNCTION wait; ${trigger}`,
      declares: { refusals: ["55P03"] },
    };
    expect(await verdictOn(way)).toMatchObject({
      grade: "inconclusive",
      reason: expect.stringContaining("not moving, too"),
    });
  });
});

test("no write is left, whatever became of it, because each transaction is rolled back", async () => {
  const [before] = await sql(`SELECT count(*)::int AS rows, sum(entry)::int AS entries FROM ${member}`);
  expect((await verdictOn({ freeze: noTrigger, thaw: trigger })).grade).toBe("breached");
  const [after] = await sql(`SELECT count(*)::int AS rows, sum(entry)::int AS entries FROM ${member}`);
  expect(after).toEqual(before);
});

describe("the statement that the documents give movers", () => {
  const docs = readFileSync(join(projectRoot, "docs/paths/migration.md"), "utf8");
  const statement = /```sql\n(BEGIN;[^`]*COMMIT;)\n```/.exec(docs)?.[1] ?? "";
  const tenant = `canary-moved-to-${eu}`;
  const columns = ["name", "role", "joined", "canary"];
  const odd = {
    TimeZone: "Asia/Kolkata",
    DateStyle: "SQL, DMY",
    IntervalStyle: "sql_standard",
    bytea_output: "escape",
    extra_float_digits: "-10",
  };
  const map = () => mapWith({}, { tables: [{ table: "public.members", column: "tenant_id", columns }] });
  const verdict = () => {
    const { verdicts } = replica.prove("--map", map(), "--region", eu);
    return verdicts.find(({ probe }) => probe === "postgres-moved-whole")?.grade;
  };

  beforeAll(async () => {
    await sql(`
      CREATE TABLE public.kept AS SELECT * FROM ringfence.manifest WHERE tenant = '${tenant}';
      DELETE FROM ringfence.manifest WHERE tenant = '${tenant}';
      CREATE TABLE public.members (tenant_id text, name bytea, role interval[], joined tstzrange, canary jsonb);
      INSERT INTO public.members SELECT '${tenant}', '\\x00ff5c', ARRAY['1 day 02:03:04.5'::interval, '-3 months'],
        tstzrange('2024-02-29 23:59:59.999999+00', NULL), jsonb_build_object('of', value, 'pi', pi(), 'tiny', 1.10)
        FROM ringfence.canary WHERE region = '${eu}';
      INSERT INTO public.members VALUES ('${tenant}', NULL, NULL, NULL, '"Zoë \\u2028 \\" \\\\"'), ('another', '', '{}', 'empty', '1')`);
    for (const [name, value] of Object.entries(odd)) await sql(`ALTER ROLE ALL SET "${name}" = '${value}'`);
    await sql(statement.replaceAll("$1", `'${tenant}'`));
  });
  afterAll(async () => {
    await sql(`ALTER ROLE ALL RESET ALL`);
    await sql(`DELETE FROM ringfence.manifest WHERE tenant = '${tenant}';
      INSERT INTO ringfence.manifest SELECT * FROM public.kept; DROP TABLE public.kept; DROP TABLE public.members`);
  });

  test("agrees with the probe in every type and under every setting", () => {
    expect(verdict()).toBe("contained");
  });

  test("disagrees when one microsecond is another", async () => {
    const at = (time: string) =>
      `UPDATE public.members SET joined = tstzrange('2024-02-29 23:59:59.${time}+00', NULL) WHERE joined IS NOT NULL`;
    await sql(`SET DateStyle = ISO; ${at("999998")} AND tenant_id = '${tenant}'`);
    expect(verdict()).toBe("breached");
  });
});
