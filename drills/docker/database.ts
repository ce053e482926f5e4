import { anyOf, crossing, type DockerTools, type Hole, inside } from "../../core/drill.ts";
import {
  ap,
  connect,
  type DockerDrill,
  eu,
  eventuallyTrue,
  link,
  serveFrom,
  startRelay,
  us,
} from "./holes.ts";

const path = "database";
const system = "orders-db";

export const drills: DockerDrill[] = [
  {
    id: "database-second-network",
    path,
    title: "the EU's database container is joined to the US network, too",
    open: (tools, hole) =>
      connect(tools, hole, { container: tools.container(eu, system), network: tools.network(us) }),
    expects: crossing(us, eu, { route: "address" }),
  },
  {
    id: "database-runner-joined",
    path,
    title: "Sydney's workload is joined to the EU network, too",
    open: (tools, hole) =>
      connect(tools, hole, { container: tools.container(ap, "runner"), network: tools.network(eu) }),
    expects: crossing(ap, eu),
  },
  {
    id: "database-one-network",
    path,
    title: "the workloads of the US and of Sydney are both joined to the network of the other",
    async open(tools, hole) {
      await connect(tools, hole, { container: tools.container(us, "runner"), network: tools.network(ap) });
      await connect(tools, hole, { container: tools.container(ap, "runner"), network: tools.network(us) });
    },
    expects: anyOf(crossing(us, ap), crossing(ap, us)),
  },
  {
    id: "database-published-port",
    path,
    title: "a debugging proxy of the EU's database publishes 5432 on the machine",
    async open(tools, hole) {
      const { address, port } = tools.place(eu, system);
      const relay = await startRelay(tools, hole, {
        region: eu,
        run: ["--publish", `15432:${port}`],
        listen: "0.0.0.0",
        to: { host: address[4], port },
      });
      await connect(tools, hole, { container: relay, network: tools.network(eu) });
    },
    // What a port published on the machine is open to differs with the engine's version and family.
    expects: anyOf(crossing(us, eu, { route: "address" }), crossing(ap, eu, { route: "address" })),
    atLeastOne: true,
  },
  {
    id: "database-host-network",
    path,
    title: "a pooler with network_mode: host passes 5432 of the US network's gateway on to the EU's database",
    async open(tools, hole) {
      const { address, port } = tools.place(eu, system);
      const gateway = tools.place(us, system).address[4].replace(/\d+$/, "1");
      await startRelay(tools, hole, {
        region: eu,
        run: ["--network", "host"],
        listen: gateway,
        to: { host: address[4], port },
      });
    },
    expects: crossing(us, eu, { family: 4, route: "address" }),
  },
  {
    id: "database-served-abroad",
    path,
    title: "the US's database address is served by the EU's database, which knows the US's passwords",
    async open(tools, hole) {
      await sharePasswords(tools, hole, { server: eu, of: us });
      await serveFrom(tools, hole, { from: eu, at: us, system });
    },
    // The US's own name and address now lead to the EU's server, which holds no row of the US.
    expects: anyOf(inside(us, ["postgres-stray"], { about: eu }), crossing(us, eu, { route: "address" })),
  },
  {
    id: "database-copied-row",
    path,
    title: "a row of the EU was copied into the US database by hand",
    async open(tools, hole) {
      const row = await tools.sql(eu, system, `SELECT value FROM ringfence.canary WHERE region = '${eu}'`);
      hole.closeBy(() => tools.sql(us, system, `DELETE FROM ringfence.canary WHERE region = '${eu}'`));
      await tools.sql(us, system, `INSERT INTO ringfence.canary VALUES ('${eu}', '${row}')`);
    },
    expects: inside(us, ["postgres-stray"], { about: eu }),
  },
  {
    id: "database-restored-staging",
    path,
    title: "a dump of Sydney was restored into a staging database of the EU's server",
    async open(tools, hole) {
      const row = await tools.sql(ap, system, `SELECT value FROM ringfence.canary WHERE region = '${ap}'`);
      hole.closeBy(() => tools.sql(eu, system, "DROP DATABASE staging WITH (FORCE)"));
      await tools.sql(eu, system, "CREATE DATABASE staging");
      const restore = `CREATE TABLE canary_copy (value text); INSERT INTO canary_copy VALUES ('${row}')`;
      await tools.sql(eu, system, restore, "staging");
    },
    expects: inside(eu, ["postgres-stray"], { about: ap }),
  },
  {
    id: "database-foreign-server",
    path,
    title: "a foreign data wrapper in Sydney's database points at the US database",
    async open(tools, hole) {
      const far = tools.place(us, system).address[4];
      hole.closeBy(() => tools.sql(ap, system, "DROP EXTENSION IF EXISTS postgres_fdw CASCADE"));
      await tools.sql(
        ap,
        system,
        `CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '${far}')`,
      );
    },
    expects: inside(ap, ["postgres-links"]),
  },
  {
    id: "database-subscription",
    path,
    title: "the EU subscribes to the US over a link network between the two databases, and rows arrive",
    open: subscribe,
    expects: anyOf(
      inside(eu, ["postgres-links"]),
      inside(us, ["postgres-links"]),
      inside(eu, ["postgres-stray"], { about: us }),
    ),
  },
];

/** A server accepts what another region's logins are, beside its own passwords' owners. */
async function sharePasswords(
  tools: DockerTools,
  hole: Hole,
  { server, of }: { server: string; of: string },
): Promise<void> {
  const variable = (region: string, name: string) =>
    `${region.toUpperCase().replaceAll("-", "_")}_ORDERS_DB_${name}`;
  const users = {
    orders_app: "PASSWORD",
    ringfence_canary: "CANARY_PASSWORD",
    orders_replication: "REPLICATION_PASSWORD",
    ringfence_auditor: "AUDITOR_PASSWORD",
  };
  const set = (region: string) =>
    Object.entries(users)
      .map(([user, name]) => `ALTER ROLE ${user} PASSWORD '${tools.secret(variable(region, name))}';`)
      .join(" ");
  hole.closeBy(() => tools.sql(server, system, set(server)));
  await tools.sql(server, system, set(of));
}

async function subscribe(tools: DockerTools, hole: Hole): Promise<void> {
  const host = await link(tools, hole, [tools.container(us, system), tools.container(eu, system)]);
  const login = `user=orders_replication password=${tools.secret("US_EAST_1_ORDERS_DB_REPLICATION_PASSWORD")}`;
  hole.closeBy(() => tools.sql(us, system, "REVOKE SELECT ON ringfence.canary FROM orders_replication"));
  hole.closeBy(() => tools.sql(us, system, "REVOKE USAGE ON SCHEMA ringfence FROM orders_replication"));
  hole.closeBy(() => tools.sql(us, system, "DROP PUBLICATION everything"));
  await tools.sql(
    us,
    system,
    `GRANT USAGE ON SCHEMA ringfence TO orders_replication; GRANT SELECT ON ringfence.canary TO orders_replication;
     CREATE PUBLICATION everything FOR TABLE ringfence.canary`,
  );
  hole.closeBy(() => tools.sql(eu, system, `DELETE FROM ringfence.canary WHERE region <> '${eu}'`));
  hole.closeBy(() => tools.sql(eu, system, "DROP SUBSCRIPTION live"));
  await tools.sql(
    eu,
    system,
    `CREATE SUBSCRIPTION live CONNECTION 'host=${host} dbname=orders ${login}' PUBLICATION everything`,
  );
  const arrived = `SELECT count(*) FROM ringfence.canary WHERE region = '${us}'`;
  await eventuallyTrue(
    async () => (await tools.sql(eu, system, arrived)) === "1",
    "a row of the US in the EU",
  );
}
