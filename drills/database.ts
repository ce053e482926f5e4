import { anyOf, crossing, type Drill, type DrillTools, type Hole, inside } from "../core/drill.ts";
import {
  addRule,
  admit,
  admitLogins,
  ap,
  between,
  blocks,
  createDatabase,
  editFile,
  eu,
  eventuallyTrue,
  pointName,
  translate,
  us,
} from "./holes.ts";

const path = "database";
const system = "orders-db";
const port = "tcp dport 5432";

export const drills: Drill[] = [
  {
    id: "database-border-ipv4",
    path,
    title: "the border admits the EU's IPv4 block to 5432 in the US",
    open: (tools, hole) => admit(tools, hole, `${between(eu, us, 4)} ${port} accept`),
    expects: crossing(eu, us, { family: 4 }),
  },
  {
    id: "database-border-ipv6",
    path,
    title: "the border admits the EU's IPv6 block to 5432 in the US; IPv4 stays closed",
    open: (tools, hole) => admit(tools, hole, `${between(eu, us, 6)} ${port} accept`),
    expects: crossing(eu, us, { family: 6 }),
  },
  {
    id: "database-peering",
    path,
    title: "the VPCs of Sydney and Frankfurt are peered, with routes for everything both ways",
    async open(tools, hole) {
      for (const family of [4, 6] as const) {
        await admit(tools, hole, `${between(ap, eu, family)} accept`);
        await admit(tools, hole, `${between(eu, ap, family)} accept`);
      }
    },
    expects: anyOf(crossing(ap, eu), crossing(eu, ap)),
  },
  {
    id: "database-port-range",
    path,
    title: "a range of ports, 5000 to 6000, is open from the US to the EU",
    open: (tools, hole) => admit(tools, hole, `${between(us, eu, 4)} tcp dport 5000-6000 accept`),
    expects: crossing(us, eu, { family: 4 }),
  },
  {
    id: "database-one-host",
    path,
    title: "one application server in Sydney may reach one database address in the US",
    open(tools, hole) {
      const { address } = tools.place(us, system);
      return admit(tools, hole, `ip saddr 10.30.1.10 ip daddr ${address[4]} ${port} accept`);
    },
    expects: crossing(ap, us, { family: 4 }),
  },
  {
    id: "database-any-source",
    path,
    title: "5432 in Sydney is open to the whole IPv6 internet (::/0)",
    open: (tools, hole) => admit(tools, hole, `ip6 daddr ${blocks[ap]?.[6]} ${port} accept`),
    expects: anyOf(crossing(eu, ap, { family: 6 }), crossing(us, ap, { family: 6 })),
  },
  {
    id: "database-second-address",
    path,
    title: "the US database has a second address, and only that one is open to the EU",
    async open(tools, hole) {
      const second = "10.20.2.77";
      const { address } = tools.place(us, system);
      hole.closeBy(() => tools.command(`${us}/data`, ["ip", "addr", "del", `${second}/24`, "dev", "eth0"]));
      await tools.command(`${us}/data`, ["ip", "addr", "add", `${second}/24`, "dev", "eth0"]);
      await translate(tools, hole, `${us}/data`, {
        prerouting: [`ip daddr ${second} ${port} dnat ip to ${address[4]}`],
      });
      for (const region of [eu, us, ap]) {
        const name = `${system}.${us}.replica.internal`;
        await editFile(hole, tools.namesOf(region), (text) => `${text}${second} ${name}\n`);
      }
      await admit(tools, hole, `ip saddr ${blocks[eu]?.[4]} ip daddr ${second} ${port} accept`);
    },
    expects: crossing(eu, us, { family: 4 }),
  },
  {
    id: "database-hidden-source",
    path,
    title: "a NAT at the border hides that the EU's queries come from the EU",
    async open(tools, hole) {
      const { address } = tools.place(us, system);
      await translate(tools, hole, "core", {
        postrouting: [`ip saddr ${blocks[eu]?.[4]} ip daddr ${address[4]} snat ip to 10.20.2.1`],
      });
      await admit(tools, hole, `ip saddr 10.10.1.10 ip daddr ${address[4]} ${port} accept`);
    },
    expects: crossing(eu, us, { family: 4 }),
  },
  {
    id: "database-replication-only",
    path,
    title: "the US primary admits the EU for replication only, without a password",
    async open(tools, hole) {
      await admitLogins(
        tools,
        hole,
        { region: us, system },
        "host replication all 10.10.0.0/16 trust\nhost all all 10.10.0.0/16 reject",
      );
      await admit(tools, hole, `${between(eu, us, 4)} ${port} accept`);
    },
    expects: crossing(eu, us, { family: 4 }),
  },
  {
    id: "database-same-password",
    path,
    title: "the US database knows the EU application's password, and the border is open on IPv6",
    async open(tools, hole) {
      hole.closeBy(() =>
        tools.sql(
          us,
          system,
          `ALTER ROLE orders_app PASSWORD '${tools.secret("US_EAST_1_ORDERS_DB_PASSWORD")}'`,
        ),
      );
      await admitLogins(tools, hole, { region: us, system }, "host all orders_app fd10:10::/48 trust");
      await admit(tools, hole, `${between(eu, us, 6)} ${port} accept`);
    },
    expects: crossing(eu, us, { family: 6 }),
  },
  {
    id: "database-pooler",
    path,
    title: "the EU's own address is a pooler that ends in the US database",
    async open(tools, hole) {
      const here = tools.place(eu, system).address[4];
      const far = tools.place(us, system).address[4];
      await admitLogins(tools, hole, { region: us, system }, "host all all 10.10.2.1/32 trust");
      await shareCertificate(tools, hole, us);
      await translate(tools, hole, "core", {
        prerouting: [`iifname "r0app" ip daddr ${here} ${port} dnat ip to ${far}`],
        postrouting: [`ip saddr ${blocks[eu]?.[4]} ip daddr ${far} snat ip to 10.10.2.1`],
      });
      await admit(tools, hole, `ip saddr ${blocks[eu]?.[4]} ip daddr ${far} ${port} ct status dnat accept`);
    },
    expects: anyOf(
      inside(eu, ["postgres-wiring"], { family: 4 }),
      inside(eu, ["postgres-stray"], { family: 4, about: us }),
    ),
  },
  {
    id: "database-foreign-server",
    path,
    title: "a foreign data wrapper in the EU database points at the US database",
    async open(tools, hole) {
      await createFarServer(tools, hole, eu, tools.place(us, system).address[4]);
    },
    expects: inside(eu, ["postgres-links"]),
  },
  {
    id: "database-foreign-server-by-name",
    path,
    title: "a foreign data wrapper in the Sydney database points at the EU by its name",
    async open(tools, hole) {
      await createFarServer(tools, hole, ap, `${system}.${eu}.replica.internal`);
    },
    expects: inside(ap, ["postgres-links"]),
  },
  {
    id: "database-foreign-server-elsewhere",
    path,
    title: "a foreign data wrapper in another database of the US server points at Sydney over IPv6",
    async open(tools, hole) {
      await createDatabase(tools, hole, { region: us, system, name: "reporting" });
      await createFarServer(tools, hole, us, tools.place(ap, system).address[6], "reporting");
    },
    expects: inside(us, ["postgres-links"]),
  },
  {
    id: "database-subscription",
    path,
    title: "a logical subscription in the EU names the US as its publisher, and has not connected yet",
    async open(tools, hole) {
      const far = tools.place(us, system).address[4];
      hole.closeBy(() =>
        tools
          .sql(eu, system, "ALTER SUBSCRIPTION dormant SET (slot_name = NONE)")
          .then(() => tools.sql(eu, system, "DROP SUBSCRIPTION dormant")),
      );
      await tools.sql(
        eu,
        system,
        `CREATE SUBSCRIPTION dormant CONNECTION 'host=${far} dbname=orders' PUBLICATION everything WITH (connect = false)`,
      );
    },
    expects: inside(eu, ["postgres-links"]),
  },
  {
    id: "database-live-subscription",
    path,
    title: "the EU subscribes to the US over a line between the two databases, and rows arrive",
    async open(tools, hole) {
      const far = tools.place(us, system).address[4];
      const here = tools.place(eu, system).address[4];
      hole.closeBy(() => tools.sql(eu, system, `DELETE FROM ringfence.canary WHERE region <> '${eu}'`));
      await admitLogins(tools, hole, { region: us, system }, `host all all ${here}/32 trust`);
      await admit(tools, hole, `ip saddr ${here} ip daddr ${far} ${port} accept`);
      hole.closeBy(() => tools.sql(us, system, "DROP PUBLICATION everything"));
      await tools.sql(us, system, "CREATE PUBLICATION everything FOR TABLE ringfence.canary");
      hole.closeBy(() => tools.sql(eu, system, "DROP SUBSCRIPTION live"));
      await tools.sql(
        eu,
        system,
        `CREATE SUBSCRIPTION live CONNECTION 'host=${far} dbname=orders user=ringfence_admin' PUBLICATION everything`,
      );
      await eventuallyTrue(async () => {
        const rows = await tools.sql(eu, system, `SELECT FROM ringfence.canary WHERE region = '${us}'`);
        return rows.length > 0;
      }, "nothing of the US arrived in the EU");
    },
    expects: anyOf(
      inside(eu, ["postgres-links"]),
      inside(eu, ["postgres-stray"], { about: us }),
      inside(us, ["postgres-links"]),
    ),
  },
  {
    id: "database-physical-replica",
    path,
    title: "a physical standby of the US primary runs beside the EU database, for disaster recovery",
    open: (tools, hole) => startStandby(tools, hole),
    expects: inside(us, ["postgres-links"]),
  },
  {
    id: "database-restored-dump",
    path,
    title: "a dump of the EU database was restored into a staging database on the US server",
    async open(tools, hole) {
      await createDatabase(tools, hole, { region: us, system, name: "staging" });
      await tools.sql(
        us,
        system,
        "CREATE SCHEMA ringfence; CREATE TABLE ringfence.canary (region text, value text)",
        "staging",
      );
      await tools.sql(
        us,
        system,
        `INSERT INTO ringfence.canary VALUES ('${eu}', '${await canaryOf(tools, eu)}')`,
        "staging",
      );
    },
    expects: inside(us, ["postgres-stray"], { about: eu }),
  },
  {
    id: "database-copied-rows",
    path,
    title: "a migration left Sydney's rows in the EU's own table",
    async open(tools, hole) {
      hole.closeBy(() => tools.sql(eu, system, `DELETE FROM ringfence.canary WHERE region = '${ap}'`));
      await tools.sql(
        eu,
        system,
        `INSERT INTO ringfence.canary VALUES ('${ap}', '${await canaryOf(tools, ap)}')`,
      );
    },
    expects: inside(eu, ["postgres-stray"], { about: ap }),
  },
  {
    id: "database-materialised-view",
    path,
    title: "a materialised view in Sydney keeps what a report once read from the US",
    async open(tools, hole) {
      hole.closeBy(() => tools.sql(ap, system, "DROP MATERIALIZED VIEW public.report"));
      await tools.sql(
        ap,
        system,
        `CREATE MATERIALIZED VIEW public.report AS SELECT '${await canaryOf(tools, us)}'::text AS canary_column`,
      );
    },
    expects: inside(ap, ["postgres-stray"], { about: us }),
  },
  {
    id: "database-wrong-name",
    path,
    title: "the EU's own database name leads to the US",
    open: (tools, hole) =>
      pointName(tools, hole, eu, `${system}.${eu}.replica.internal`, tools.place(us, system).address),
    expects: inside(eu, ["postgres-wiring"]),
  },
  {
    id: "database-name-sometimes",
    path,
    title: "a weighted record sends one lookup in a few of the EU's own name to Sydney",
    open: (tools, hole) => flickerName(tools, hole),
    expects: inside(eu, ["postgres-wiring"]),
    atLeastOne: true,
  },
  {
    id: "database-one-in-twenty",
    path,
    title: "a broken rule lets one connection in twenty from the EU through to the US",
    open: (tools, hole) =>
      admit(tools, hole, `${between(eu, us, 4)} ${port} ct state new numgen inc mod 20 == 0 accept`),
    expects: crossing(eu, us, { family: 4 }),
    atLeastOne: true,
  },
  {
    id: "database-after-three-seconds",
    path,
    title: "the border lets the EU through to the US only after more than three seconds of knocking",
    open: (tools, hole) => admitLate(tools, hole),
    expects: crossing(eu, us, { family: 4 }),
    atLeastOne: true,
    deadlineMs: 4000,
  },
];

/** The certificate that is valid in every region; servers do not use it until they are told to. */
async function shareCertificate(tools: DrillTools, hole: Hole, region: string): Promise<void> {
  const use = async (name: string) => {
    await tools.sql(region, system, `ALTER SYSTEM SET ssl_cert_file = '${name}.crt'`);
    await tools.sql(region, system, `ALTER SYSTEM SET ssl_key_file = '${name}.key'`);
    await tools.sql(region, system, "SELECT pg_reload_conf()");
  };
  hole.closeBy(() => use("server"));
  await use("shared");
}

async function createFarServer(
  tools: DrillTools,
  hole: Hole,
  region: string,
  host: string,
  database?: string,
): Promise<void> {
  hole.closeBy(() => tools.sql(region, system, "DROP EXTENSION IF EXISTS postgres_fdw CASCADE", database));
  await tools.sql(
    region,
    system,
    `CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${host}')`,
    database,
  );
}

async function canaryOf(tools: DrillTools, region: string): Promise<string> {
  const [row] = await tools.sql(
    region,
    system,
    `SELECT value FROM ringfence.canary WHERE region = '${region}'`,
  );
  return String(row?.value);
}

/** Rewrites the EU's zone every 40 ms, with the far address in one version out of four. */
async function flickerName(tools: DrillTools, hole: Hole): Promise<void> {
  const { readFile, writeFile } = await import("node:fs/promises");
  const file = tools.namesOf(eu);
  const name = `${system}.${eu}.replica.internal`;
  const home = await readFile(file, "utf8");
  const far = home
    .split("\n")
    .map((line) =>
      line.split(/\s+/)[1] === name
        ? `${tools.place(ap, system).address[line.startsWith("fd") ? 6 : 4]} ${name}`
        : line,
    )
    .join("\n");
  let turn = 0;
  const timer = setInterval(() => void writeFile(file, turn++ % 4 === 3 ? far : home), 40);
  hole.closeBy(async () => {
    clearInterval(timer);
    await new Promise((done) => setTimeout(done, 100));
    await writeFile(file, home);
  });
}

/** Counts the first SYN segments from the EU, and opens the border more than three seconds later. */
async function admitLate(tools: DrillTools, hole: Hole): Promise<void> {
  const chain = "inet ringfence forward";
  await addRule(tools, hole, {
    host: "core",
    chain,
    rule: `${between(eu, us, 4)} ${port} counter comment "knocking"`,
  });
  let closed = false;
  let opened: Promise<void> = Promise.resolve();
  hole.closeBy(async () => {
    closed = true;
    await opened;
  });
  const watch = async () => {
    while (!closed) {
      const rules = await tools.command("core", ["nft", "list", "chain", ...chain.split(" ")]);
      const knocks = Number(/packets (\d+) bytes \d+ comment "knocking"/.exec(rules)?.[1] ?? 0);
      if (knocks > 0) break;
      await new Promise((done) => setTimeout(done, 50));
    }
    // Linux knocks every second at first: the fifth comes in time, also where this takes a while.
    await new Promise((done) => setTimeout(done, 3300));
    if (!closed) await admit(tools, hole, `${between(eu, us, 4)} ${port} accept`);
  };
  opened = watch();
}

/** Copies the US primary's files under backup mode, and lets them follow it from the EU's data host. */
async function startStandby(tools: DrillTools, hole: Hole): Promise<void> {
  const far = tools.place(us, system).address[4];
  const here = tools.place(eu, system).address[4];
  const [from, to] = [`${tools.work}/hosts/${us}.data/copy`, `${tools.work}/hosts/${eu}.data/standby`];
  hole.closeBy(() => tools.command("core", ["rm", "-rf", from, to]));
  await admitLogins(tools, hole, { region: us, system }, `host replication all ${here}/32 trust`);
  await admit(tools, hole, `ip saddr ${here} ip daddr ${far} ${port} accept`);
  const [backup] = await tools.sql(
    us,
    system,
    `SELECT pg_backup_start('standby', true);
     COPY (SELECT) TO PROGRAM 'cp -a ${tools.work}/${system} ${tools.work}/copy';
     SELECT labelfile FROM pg_backup_stop(false)`,
  );
  await tools.command("core", ["mv", from, to]);
  await tools.command("core", ["rm", "-f", `${to}/postmaster.pid`]);
  const conninfo = `host=${far} user=ringfence_admin application_name=standby sslmode=require`;
  await tools.command("core", ["tee", `${to}/backup_label`], String(backup?.labelfile));
  await tools.command("core", ["tee", `${to}/postgresql.auto.conf`], `primary_conninfo = '${conninfo}'\n`);
  await tools.command("core", ["touch", `${to}/standby.signal`]);
  const [binaries] = await tools.sql(us, system, "SELECT setting FROM pg_config WHERE name = 'BINDIR'");
  const settings = {
    port: "5544",
    listen_addresses: "",
    unix_socket_directories: `${tools.work}/standby`,
    max_connections: "200",
    wal_level: "logical",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const server = [`${String(binaries?.setting)}/postgres`, "-D", `${tools.work}/standby`, ...flags];
  await tools.daemon(hole, `${eu}/data`, server, { asPostgres: true });
  await eventuallyTrue(async () => {
    const rows = await tools.sql(
      us,
      system,
      "SELECT FROM pg_stat_replication WHERE application_name = 'standby' AND state = 'streaming'",
    );
    return rows.length > 0;
  }, "the standby did not begin to stream");
}
