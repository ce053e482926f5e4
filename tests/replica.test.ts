import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { driver } from "../environments/replica/driver.ts";
import {
  type HeldReplica,
  holdReplica,
  openLines,
  processesOn,
  type Run,
  ringfence,
  signal,
} from "./held-replica.ts";

const eu = "eu-central-1";
const us = "us-east-1";
const tool = join(import.meta.dirname, "tools", "s3.ts");

/** The lines that an opening from one region to another's system turns red, for one address family. */
function crossings(from: string, to: string, family: string, probes: Record<string, number>): string[] {
  return Object.entries(probes)
    .flatMap(([probe, count]) => Array<string>(count).fill(`breached ${probe} ${from} → ${to} ${family}`))
    .sort();
}

function wiringOfEu({ verdicts }: Run): string[] {
  return verdicts
    .filter(({ probe, from }) => probe === "postgres-wiring" && from.region === eu)
    .map(({ grade }) => grade);
}

const database = { tcp: 2, postgres: 4, "postgres-replication": 2, "postgres-base-backup": 2 };

describe("a replica that is up, broken by hand as an engineer would", () => {
  let replica: HeldReplica;

  beforeAll(async () => {
    replica = await holdReplica();
  });
  afterAll(() => replica[Symbol.asyncDispose]());

  function admin(system: string) {
    const found = replica.state.systems[system];
    if (!found) throw new Error(`no ${system}`);
    return found;
  }

  function sql(region: string, statement: string): string {
    const { address, port, admin: login } = admin(`${region}/orders-db`);
    const url = `postgres://${login.user}:${login.password}@${address}:${port}/${login.database}?sslmode=require`;
    const options = ["-qtA", "-v", "ON_ERROR_STOP=1", "-c", statement];
    return replica.on(`${region}/app`, "psql", ...options, url).trim();
  }

  function redis(region: string, ...command: string[]): string {
    const { address, port, admin: login } = admin(`${region}/session-cache`);
    const access = ["--no-auth-warning", "--user", login.user ?? "", "--pass", login.password ?? ""];
    return replica
      .on(`${region}/app`, "redis-cli", "-h", address, "-p", String(port), ...access, ...command)
      .trim();
  }

  function s3(...args: string[]): void {
    const done = ringfence([
      "shell",
      us,
      "--attach",
      replica.stateFile,
      "--",
      process.execPath,
      tool,
      args[0] ?? "",
      replica.stateFile,
      ...args.slice(1),
    ]);
    expect(done.output).toContain("done");
  }

  test("as it comes it passes, and leaves nothing behind", () => {
    const run = replica.prove();
    expect(openLines(run.verdicts)).toEqual([]);
    expect(run.run.grade).toBe("pass");
    expect(run.exitCode).toBe(0);
    expect(sql(us, "SELECT count(*) FROM pg_stat_replication"), "a physical copy goes on").toBe("0");
  });

  test.each([
    // Of all paths: this second run finds everything else as the first left it.
    ["IPv4", "ip saddr 10.10.0.0/16 ip daddr 10.20.0.0/16 tcp dport 5432 accept", []],
    ["IPv6", "ip6 saddr fd10:10::/48 ip6 daddr fd10:20::/48 tcp dport 5432 accept", ["--path", "database"]],
  ])("5432 opened from EU to US on %s alone turns exactly those lines red", (family, rule, paths) => {
    const run = replica.withRule(rule, () => replica.prove(...paths));
    expect(openLines(run.verdicts)).toEqual(crossings(eu, us, family, database));
    expect(run.exitCode).toBe(1);
    expect(run.run.regions[us]?.grade).toBe("pass");
    const rerun = run.verdicts.find(({ grade }) => grade === "breached")?.rerun ?? "";
    expect(rerun).toContain(`--region ${eu} --path database -t '${eu} to ${us} orders-db`);
  });

  test("a breach under a waiver stays a breach, named with its owner, and the region passes with exceptions", () => {
    const waiver =
      "{ from: eu-central-1, to: us-east-1, owner: data team, reason: migration, approver: CISO, expires: 2999-12-31 }";
    const map = join(replica.stateFile, "..", "waived.yaml");
    writeFileSync(
      map,
      readFileSync(driver.mapFile, "utf8").replace(
        "    holds: Orders",
        `    waivers: [${waiver}]\n    holds: Orders`,
      ),
    );
    const rule = "ip saddr 10.10.0.0/16 ip daddr 10.20.0.0/16 tcp dport 5432 accept";
    const run = replica.withRule(rule, () => replica.prove("--map", map, "--path", "database"));
    expect(run.run).toMatchObject({ grade: "pass-with-exceptions", exitCode: 0 });
    const waived = run.verdicts.filter(({ grade }) => grade === "breached");
    expect(waived).toHaveLength(10);
    expect(waived.every((verdict) => verdict.waiver?.owner === "data team")).toBe(true);
    expect(run.output).toContain("PASS WITH EXCEPTIONS");
  });

  test("a relaxed bucket policy is found from both other regions, by every way in", () => {
    const open = {
      Effect: "Allow",
      Principal: "*",
      Action: "s3:*",
      Resource: ["arn:aws:s3:::acme-uploads-us-east-1", "arn:aws:s3:::acme-uploads-us-east-1/*"],
    };
    const closed = {
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: open.Resource,
      Condition: {
        StringNotEquals: { "aws:SourceVpc": "vpc-us-east-1" },
        ArnNotLike: { "aws:PrincipalArn": "arn:aws:iam::111122223333:user/admin-*" },
      },
    };
    s3("policy", `${us}/uploads`, JSON.stringify({ Version: "2012-10-17", Statement: [open] }));
    const run = replica.prove("--path", "object-storage");
    s3("policy", `${us}/uploads`, JSON.stringify({ Version: "2012-10-17", Statement: [closed] }));
    expect(run.exitCode).toBe(1);
    const probes = new Set(openLines(run.verdicts).map((line) => line.split(" ").slice(0, 5).join(" ")));
    expect([...probes].sort()).toEqual(
      [eu, "ap-southeast-2"]
        .flatMap((from) =>
          ["s3-copy", "s3-get", "s3-list", "s3-presigned", "s3-put-far"].map(
            (probe) => `breached ${probe} ${from} → ${us}`,
          ),
        )
        .sort(),
    );
    expect(openLines(replica.prove("--path", "object-storage").verdicts)).toEqual([]);
  });

  test("an EU canary object in the US bucket is found, under whatever key it lies", () => {
    s3("carry", `${eu}/uploads`, `${us}/uploads`, "exports/2026/q4.csv");
    const run = replica.prove("--path", "object-storage");
    expect(openLines(run.verdicts)).toEqual(
      ["IPv4", "IPv6"].map((family) => `breached s3-stray ${us} → ${us} ${family}`),
    );
    expect(run.verdicts.filter(({ grade }) => grade === "breached").map(({ about }) => about)).toEqual([
      eu,
      eu,
    ]);
    s3("remove", `${us}/uploads`, "exports/2026/q4.csv");
  });

  test("a replication rule to another region's bucket is found before anything was copied", () => {
    s3("replicate", `${eu}/uploads`, `${us}/uploads`);
    const run = replica.prove("--path", "object-storage");
    s3("stop-replicating", `${eu}/uploads`);
    expect(openLines(run.verdicts)).toEqual(
      ["IPv4", "IPv6"].map((family) => `breached s3-links ${eu} → ${eu} ${family}`),
    );
  });

  test("an EU canary row in the US database, and an EU canary key in the US cache, are found", () => {
    const canary = redis(eu, "GET", "ringfence:canary");
    redis(us, "SET", "session:8f1c", canary);
    sql(us, `CREATE TABLE public.restored_canary AS SELECT '${canary}'::text AS value`);
    const run = replica.prove("--path", "database", "--path", "cache");
    redis(us, "DEL", "session:8f1c");
    sql(us, "DROP TABLE public.restored_canary");
    expect(openLines(run.verdicts)).toEqual(
      ["postgres-stray", "redis-stray"].flatMap((probe) =>
        ["IPv4", "IPv6"].map((family) => `breached ${probe} ${us} → ${us} ${family}`),
      ),
    );
  });

  test("a subscription, a foreign server and a Redis primary outside the region are found, and named", () => {
    const far = admin(`${us}/orders-db`).address;
    sql(
      eu,
      `CREATE SUBSCRIPTION elsewhere CONNECTION 'host=${far} dbname=orders password=hidden' PUBLICATION p WITH (connect = false)`,
    );
    sql(
      eu,
      `CREATE EXTENSION postgres_fdw; CREATE SERVER abroad FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${far}')`,
    );
    redis(eu, "REPLICAOF", admin(`${us}/session-cache`).address, "6379");
    const run = replica.prove("--path", "database", "--path", "cache");
    redis(eu, "REPLICAOF", "NO", "ONE");
    sql(eu, "ALTER SUBSCRIPTION elsewhere SET (slot_name = NONE); DROP SUBSCRIPTION elsewhere");
    sql(eu, "DROP EXTENSION postgres_fdw CASCADE");
    const found = run.verdicts.filter(({ grade }) => grade === "breached");
    expect(new Set(found.map(({ probe, from }) => `${probe} ${from.region}`))).toEqual(
      new Set([`postgres-links ${eu}`, `redis-links ${eu}`]),
    );
    expect(found.some(({ reason }) => reason.includes(far))).toBe(true);
    expect(readFileSync(join(run.directory, eu, "observations.jsonl"), "utf8")).not.toContain("hidden");
  });

  test("the EU's own name pointed at the US host is found, though that host cannot be reached", () => {
    const file = replica.state.names[eu] ?? "";
    const zone = readFileSync(file, "utf8");
    const { address, address6 } = admin(`${us}/orders-db`);
    const { address: home, address6: home6 } = admin(`${eu}/orders-db`);
    writeFileSync(
      file,
      zone
        .replace(`${home} orders-db.${eu}`, `${address} orders-db.${eu}`)
        .replace(`${home6} orders-db.${eu}`, `${address6} orders-db.${eu}`),
    );
    const run = replica.prove("--path", "database");
    writeFileSync(file, zone);
    expect(wiringOfEu(run)).toEqual(["breached", "breached"]);
    expect(run.exitCode).toBe(1);
  });

  test("the EU's own name led to the US host by the map itself is found, too", () => {
    const map = join(replica.stateFile, "..", "led-away.yaml");
    const text = readFileSync(driver.mapFile, "utf8");
    writeFileSync(
      map,
      text.replace(
        "    holds: Orders",
        `    perRegion: { ${eu}: { host: orders-db.${us}.replica.internal } }\n    holds: Orders`,
      ),
    );
    expect(wiringOfEu(replica.prove("--map", map, "--path", "database"))).toEqual(["breached", "breached"]);
  });

  test("a wrong canary password proves nothing in any direction, so nothing passes", () => {
    const { canaryUser } = admin(`${us}/orders-db`).admin;
    const name =
      Object.keys(replica.state.credentials[us] ?? {}).find(
        (key) => key === "US_EAST_1_ORDERS_DB_CANARY_PASSWORD",
      ) ?? "";
    sql(us, `ALTER ROLE ${canaryUser} PASSWORD 'another'`);
    const run = replica.prove("--path", "database");
    sql(us, `ALTER ROLE ${canaryUser} PASSWORD '${replica.state.credentials[us]?.[name]}'`);
    expect(run.exitCode).toBe(2);
    expect(new Set(openLines(run.verdicts).map((line) => line.split(" ")[0]))).toEqual(
      new Set(["inconclusive"]),
    );
  });

  test.each([
    ["in the hands of the other region", eu],
    ["at its home", us],
  ])("what opens a tenant, spoilt %s, proves nothing where it is turned away", (_, holder) => {
    const { credentials } = replica.state;
    const spoilt = { ...credentials[holder], US_EAST_1_DATA_PLANE_CANARY_TOKEN: "expired" };
    writeFileSync(
      replica.stateFile,
      JSON.stringify({ ...replica.state, credentials: { ...credentials, [holder]: spoilt } }),
    );
    const { exitCode, verdicts } = replica.prove("--path", "routing");
    writeFileSync(replica.stateFile, JSON.stringify(replica.state));
    expect(exitCode).toBe(2);
    const looks = verdicts.filter(
      ({ probe, from, about }) =>
        ["https-log", "https-tenant"].includes(probe) && from.region === eu && about === us,
    );
    expect(looks.map(({ probe, grade }) => `${probe} ${grade}`).sort()).toEqual([
      "https-log inconclusive",
      "https-log inconclusive",
      "https-tenant inconclusive",
      "https-tenant inconclusive",
    ]);
  });

  test("a region cut off from its network proves nothing, and takes every pair it is in with it", () => {
    replica.on(`${eu}/app`, "ip", "link", "set", "eth0", "down");
    const run = replica.prove("--path", "cache");
    replica.on(`${eu}/app`, "ip", "link", "set", "eth0", "up");
    replica.on(`${eu}/app`, "ip", "route", "replace", "default", "via", "10.10.1.1");
    replica.on(`${eu}/app`, "ip", "addr", "replace", "fd10:10:0:1::a/64", "dev", "eth0", "nodad");
    replica.on(`${eu}/app`, "ip", "-6", "route", "replace", "default", "via", "fd10:10:0:1::1");
    expect(run.exitCode).toBe(2);
    expect(run.run.regions[eu]?.contained).toBe(0);
    expect(run.run.regions[us]).toMatchObject({ grade: "inconclusive", breached: 0 });
    expect(replica.prove("--path", "cache").exitCode).toBe(0);
  });

  test("a frozen US PostgreSQL is not mistaken for a closed border", () => {
    const servers = processesOn(replica, `${us}/data`, "postgres");
    expect(servers.length).toBeGreaterThan(0);
    signal(servers, "SIGSTOP");
    const run = replica.prove("--path", "database");
    signal(servers, "SIGCONT");
    expect(run.exitCode).toBe(2);
    expect(run.run.regions[us]?.contained).toBe(0);
  });

  test("a stopped US PostgreSQL, the last thing done here, leaves every pair with the US unproven", () => {
    const servers = processesOn(replica, `${us}/data`, "postgres");
    expect(servers.length).toBeGreaterThan(0);
    signal(servers, "SIGKILL");
    const run = replica.prove("--path", "database");
    expect(run.exitCode).toBe(2);
    const contained = run.verdicts.filter(
      ({ grade, to, from }) => grade === "contained" && [to.region, from.region].includes(us),
    );
    expect(contained).toEqual([]);
  });
});
