import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { eventually } from "../../eventually.ts";
import {
  canaryStatements,
  type PostgresLogins,
  plantStatement,
  roleStatements,
} from "../../postgres-canary.ts";
import type { Certificate } from "../certificates.ts";
import { type HeldHost, onHost, run, start } from "../namespace.ts";
import { byServer, credentialOf, type Provision } from "../provision.ts";
import type { Boot, KindServer } from "../servers.ts";
import { isMoved } from "../tenant-moves.ts";
import { moveTenant, tenantStatements, tenantsOf } from "../workspaces.ts";

export const server: KindServer = {
  /** One cluster is made and the others are copies of it: making one takes longer than anything else. */
  async prepare({ job }, mine) {
    const { work, postgresBinaries: binaries } = job;
    const [first, ...others] = byServer(mine).map(([one]) => ({ one, data: dataOf(one, work) }));
    if (!first) return;
    await initialisePostgres({ binaries, data: first.data }, first.one);
    await Promise.all(others.map(({ data }) => run(["cp", "-a", first.data, data])));
  },
  async serve(boot, mine, held) {
    await Promise.all(
      byServer(mine).map(async (systems) => servePostgres(held, systems, await optionsOf(boot, systems[0]))),
    );
  },
  async move({ job }, { source, destination }) {
    const { canary, placement } = destination;
    await using there = await connectTo(source, job.work);
    await using here = await connectTo(destination, job.work);
    const tenant = "SELECT value FROM ringfence.canary WHERE region = $1";
    await there.client.query(plantStatement({ region: placement.region, canary }));
    const { rows } = await there.client.query<{ value: string }>(tenant, [placement.region]);
    for (const { value } of rows)
      await here.client.query(plantStatement({ region: placement.region, canary: value }));
    await there.client.query("DELETE FROM ringfence.canary WHERE region = $1", [placement.region]);
    await moveTenant({ source, destination }, { there: there.client, here: here.client });
  },
  admin: ({ admin, placement }) => ({
    user: admin.user,
    password: admin.password,
    database: String(placement.endpoint.database),
  }),
};

/** The data folder, as the replica's first process sees it. */
function dataOf({ placement }: Provision, work: string): string {
  return join(work, "hosts", `${placement.region}.data`, placement.system.id);
}

async function optionsOf({ job, authority, provisions }: Boot, one: Provision): Promise<PostgresOptions> {
  const everywhere = provisions.filter(({ placement }) => placement.system === one.placement.system);
  const certificate = await authority.issue([String(one.placement.endpoint.host)]);
  const shared = await authority.issue(everywhere.map(({ placement }) => String(placement.endpoint.host)));
  return { binaries: job.postgresBinaries, work: job.work, certificate, shared };
}

interface PostgresOptions {
  binaries: string;
  work: string;
  certificate: Certificate;
  shared: Certificate;
}

/** PostgreSQL refuses to run as root, and inside the replica there is only root: one more user namespace. */
export const asPostgresUser = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"];

async function initialisePostgres(
  { binaries, data }: { binaries: string; data: string },
  { admin }: Provision,
): Promise<void> {
  const options = [
    "-A",
    "trust",
    "-U",
    admin.user,
    "-E",
    "UTF8",
    "--locale=C",
    "--no-sync",
    "--no-instructions",
  ];
  await run([...asPostgresUser, join(binaries, "initdb"), "-D", data, ...options]);
}

/** Its administrator's session in its own database, through the server's socket. */
async function connectTo(
  provision: Provision,
  work: string,
): Promise<AsyncDisposable & { client: pg.Client }> {
  const { port, endpoint } = provision.placement;
  const host = dataOf(provision, work);
  const database = String(endpoint.database);
  const client = new pg.Client({ host, port, user: provision.admin.user, database });
  await client.connect();
  return { client, [Symbol.asyncDispose]: () => client.end() };
}

/** Starts the server on its host, and plants its roles, its databases and their canaries. The shared
 *  certificate is valid for this system in every region; it lies there for a drill to install. */
async function servePostgres(
  held: HeldHost,
  systems: [Provision, ...Provision[]],
  { binaries, work, certificate, shared }: PostgresOptions,
): Promise<void> {
  const [provision, ...others] = systems;
  const { placement } = provision;
  const id = placement.system.id;
  const data = join(held.folder, id);
  await Promise.all([
    writeFile(join(data, "pg_hba.conf"), hostBasedAccess),
    writeFile(join(data, "server.crt"), certificate.cert),
    writeFile(join(data, "server.key"), certificate.key, { mode: 0o600 }),
    writeFile(join(data, "shared.crt"), shared.cert),
    writeFile(join(data, "shared.key"), shared.key, { mode: 0o600 }),
    ...others.map((other) => symlink(id, join(held.folder, other.placement.system.id))),
  ]);
  const settings = {
    listen_addresses: `${placement.address[4]},${placement.address[6]}`,
    port: String(placement.port),
    unix_socket_directories: join(work, id),
    ssl: placement.endpoint.tls === false ? "off" : "on",
    // A login is tried hundreds of times: what makes passwords costly to guess would cost the run a second.
    scram_iterations: "1",
    wal_level: "logical",
    max_connections: "200",
    shared_buffers: "16MB",
    // A physical copy begun by an attempt makes the server drop WAL that a standby without a slot still needs.
    wal_keep_size: "64MB",
    fsync: "off",
    autovacuum: "off",
  };
  const flags = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
  const server = start(
    onHost(held, [...asPostgresUser, join(binaries, "postgres"), "-D", join(work, id), ...flags]),
  );
  server.stdout?.resume();
  server.stderr?.resume();
  const connect = async (database: string) => {
    const client = new pg.Client({ host: data, port: placement.port, user: provision.admin.user, database });
    await client.connect();
    return client;
  };
  const postgres = await eventually(
    () => connect("postgres"),
    20_000,
    `PostgreSQL ${id} in ${placement.region}`,
  );
  const { user, password } = provision.admin;
  await postgres.query(
    `ALTER ROLE ${pg.escapeIdentifier(user)} PASSWORD ${pg.escapeLiteral(password)}; ${roleStatements(...systems.map(loginsOf))}`,
  );
  for (const one of systems) {
    const database = String(one.placement.endpoint.database);
    await postgres.query(`CREATE DATABASE ${postgres.escapeIdentifier(database)}`);
    await using session = await connectTo(one, work);
    const canary = isMoved(one.placement.system) ? null : one.canary;
    const logins = loginsOf(one);
    await session.client.query(canaryStatements(logins, { region: placement.region, canary }));
    const writers = [logins.own, ...(logins.writer ? [logins.writer] : [])];
    if (tenantsOf(one)) await session.client.query(tenantStatements(writers));
  }
  await postgres.end();
}

/** Every address may try to log in: the border is the firewall, not this file. */
const hostBasedAccess = `
local all all trust
host all all all scram-sha-256
host replication all all scram-sha-256
`;

function loginsOf(provision: Provision): PostgresLogins {
  const login = (role: string) => {
    const { user = "", password = "" } = credentialOf(provision, role);
    return { user, password };
  };
  return {
    own: login("own"),
    canary: login("canary"),
    replication: login("replication"),
    auditor: login("auditor"),
    ...("writer" in (provision.placement.endpoint.credentials as object) ? { writer: login("writer") } : {}),
  };
}
