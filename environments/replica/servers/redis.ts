import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { eventually } from "../../eventually.ts";
import { redisRights } from "../../redis-users.ts";
import { type HeldHost, onHost, start } from "../namespace.ts";
import { byServer, credentialOf, type Provision } from "../provision.ts";
import type { KindServer } from "../servers.ts";
import { isMoved } from "../tenant-moves.ts";

export const server: KindServer = {
  async serve({ job }, mine, held) {
    await Promise.all(byServer(mine).map((systems) => serveRedis(held, systems, job.work)));
  },
  async move({ job }, { source, destination }) {
    await using there = await connectTo(source, dataFolder(source, job.work));
    await using here = await connectTo(destination, dataFolder(destination, job.work));
    const key = canaryKey(destination);
    await there.client.set(key, destination.canary);
    await here.client.set(key, String(await there.client.get(key)));
    await there.client.del(key);
  },
  admin: ({ admin }) => ({ user: admin.user, password: admin.password }),
};

function dataFolder({ placement }: Provision, work: string): string {
  return join(work, "hosts", placement.host.replace("/", "."));
}

/** Its administrator's session, through the server's socket. */
async function connectTo(
  { placement, admin }: Provision,
  folder: string,
): Promise<AsyncDisposable & { client: Redis }> {
  const client = new Redis({
    path: join(folder, placement.system.id, "redis.sock"),
    username: admin.user,
    password: admin.password,
    lazyConnect: true,
    retryStrategy: () => null,
  });
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    client.disconnect();
    throw error;
  }
  return { client, [Symbol.asyncDispose]: async () => client.disconnect() };
}

/** Starts a Redis server on its host with ACL users, and plants the canaries of its systems. */
async function serveRedis(held: HeldHost, systems: [Provision, ...Provision[]], work: string): Promise<void> {
  const [provision, ...others] = systems;
  const { placement } = provision;
  const id = placement.system.id;
  await mkdir(join(held.folder, id));
  for (const other of others) await symlink(id, join(held.folder, other.placement.system.id));
  const server = start(onHost(held, ["redis-server", "-"]));
  server.stdout?.resume();
  server.stderr?.resume();
  server.stdin?.end(configuration(systems, join(work, id)));
  await eventually(
    async () => {
      await using session = await connectTo(provision, held.folder);
      for (const one of systems)
        if (!isMoved(one.placement.system)) await session.client.set(canaryKey(one), one.canary);
    },
    20_000,
    `Redis ${id} in ${placement.region}`,
  );
}

function canaryKey({ placement }: Provision): string {
  return String(placement.endpoint.canaryKey);
}

/** The `default` user is off. */
function configuration(systems: [Provision, ...Provision[]], folder: string): string {
  const { placement, admin } = systems[0];
  const users = systems.flatMap((one) =>
    Object.entries(redisRights(canaryKey(one))).map(([role, rights]) => {
      const { user = "", password = "" } = credentialOf(one, role);
      return `user ${user} on >${password} ${rights}`;
    }),
  );
  return [
    `bind ${placement.address[4]} ${placement.address[6]}`,
    `port ${placement.port}`,
    `unixsocket ${folder}/redis.sock`,
    `dir ${folder}`,
    "protected-mode no",
    'save ""',
    "appendonly no",
    "user default off",
    `user ${admin.user} on >${admin.password} ~* &* +@all`,
    ...new Set(users),
    "",
  ].join("\n");
}
