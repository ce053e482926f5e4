import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { eventually } from "../../eventually.ts";
import { redisRights } from "../../redis-users.ts";
import { type HeldHost, onHost, start } from "../namespace.ts";
import { credentialOf, type Provision } from "../provision.ts";
import type { KindServer } from "../servers.ts";

export const server: KindServer = {
  async serve({ job }, mine, held) {
    await Promise.all(mine.map((one) => serveRedis(held, one, job.work)));
  },
  admin: ({ admin }) => ({ user: admin.user, password: admin.password }),
};

/** Starts a Redis server on its host with ACL users, and plants its canary. */
async function serveRedis(held: HeldHost, provision: Provision, work: string): Promise<void> {
  const { placement, admin, canary } = provision;
  const id = placement.system.id;
  await mkdir(join(held.folder, id));
  const server = start(onHost(held, ["redis-server", "-"]));
  server.stdout?.resume();
  server.stderr?.resume();
  server.stdin?.end(configuration(provision, join(work, id)));
  await eventually(
    async () => {
      const client = new Redis({
        path: join(held.folder, id, "redis.sock"),
        username: admin.user,
        password: admin.password,
        lazyConnect: true,
        retryStrategy: () => null,
      });
      client.on("error", () => {});
      try {
        await client.connect();
        await client.set(canaryKey(provision), canary);
      } finally {
        client.disconnect();
      }
    },
    20_000,
    `Redis ${id} in ${placement.region}`,
  );
}

function canaryKey({ placement }: Provision): string {
  return String(placement.endpoint.canaryKey);
}

/** The `default` user is off. */
function configuration(provision: Provision, folder: string): string {
  const { placement, admin } = provision;
  const users = Object.entries(redisRights(canaryKey(provision))).map(([role, rights]) => {
    const { user = "", password = "" } = credentialOf(provision, role);
    return `user ${user} on >${password} ${rights}`;
  });
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
    ...users,
    "",
  ].join("\n");
}
