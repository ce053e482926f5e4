import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { parse } from "yaml";
import { sha256 } from "../../core/digest.ts";
import { endpointOf, homesOf, type ResidencyMap } from "../../core/residency-map.ts";
import { newCanary } from "../../probes/canary.ts";
import { eventually } from "../eventually.ts";
import { canaryStatements, type PostgresLogins, roleStatements } from "../postgres-canary.ts";
import { redisRights } from "../redis-users.ts";
import { type ObjectPlace, objectsOf } from "./objects.ts";

/** Plants one region's users and canaries, as its administrator, from inside its network; prints the
 *  digests of what is planted. What is there already stays as it is. */
const region = needed("RINGFENCE_REGION");
const admin = { user: "ringfence_admin", password: needed("RINGFENCE_ADMIN_PASSWORD") };
const map = parse(readFileSync(join(import.meta.dirname, "residency.yaml"), "utf8")) as ResidencyMap;
const patienceMs = 90_000;

type Endpoint = { host: string; port: number; credentials: Record<string, Record<string, string>> };

/** How a system of each kind is planted; gives its canary. */
const plant: Record<string, (endpoint: Endpoint & Record<string, unknown>) => Promise<string>> = {
  async postgres({ host, port, database, credentials }) {
    const login = { host, port, database: String(database), ...admin };
    const client = await eventually(() => connected(login), patienceMs, host);
    try {
      const { rows: tables } = await client.query("SELECT to_regclass('ringfence.canary') AS found");
      if (!tables[0]?.found) {
        const logins = revealed(credentials) as unknown as PostgresLogins;
        await client.query(
          `BEGIN; ${roleStatements(logins)} ${canaryStatements(logins, { region, canary: newCanary() })} COMMIT;`,
        );
      }
      const query = "SELECT value FROM ringfence.canary WHERE region = $1";
      return (await client.query<{ value: string }>(query, [region])).rows[0]?.value ?? "";
    } finally {
      await client.end();
    }
  },
  async redis({ host, port, canaryKey, credentials }) {
    const logins = revealed(credentials);
    const key = String(canaryKey);
    return eventually(
      async () => {
        const client = new Redis({
          host,
          port,
          username: admin.user,
          password: admin.password,
          lazyConnect: true,
          retryStrategy: () => null,
        });
        client.on("error", () => {});
        try {
          await client.connect();
          for (const [role, rights] of Object.entries(redisRights(key))) {
            const { user = "", password = "" } = logins[role] ?? {};
            await client.call("ACL", "SETUSER", user, "reset", "on", `>${password}`, ...rights.split(" "));
          }
          await client.set(key, newCanary(), "NX");
          return (await client.get(key)) ?? "";
        } finally {
          client.disconnect();
        }
      },
      patienceMs,
      host,
    );
  },
  async s3({ host, port, bucket, canaryKey, credentials }) {
    const { accessKeyId = "", secretAccessKey = "" } = revealed(credentials).own ?? {};
    const place: ObjectPlace = { endpoint: `http://${host}:${port}`, region, accessKeyId, secretAccessKey };
    const objects = objectsOf(place);
    const [name, key] = [String(bucket), String(canaryKey)];
    return eventually(
      async () => {
        await objects.createBucket(name);
        const found = await objects.get(name, key).catch(() => "");
        if (found) return found;
        await objects.put(name, key, newCanary());
        return objects.get(name, key);
      },
      patienceMs,
      host,
    );
  },
};

async function connected(login: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(login);
  await client.connect();
  return client;
}

/** The values behind `env:NAME`, of this region's own credentials. */
function revealed(credentials: Endpoint["credentials"]): Record<string, Record<string, string>> {
  const reveal = (value: string) => (value.startsWith("env:") ? needed(value.slice(4)) : value);
  return Object.fromEntries(
    Object.entries(credentials).map(([role, fields]) => [
      role,
      Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, reveal(value)])),
    ]),
  );
}

function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start this container with docker-compose.localstack.yml`);
  return value;
}

const mine = map.systems.filter((system) => homesOf(system, map).includes(region));
const planted = await Promise.all(
  mine.map(async (system) => {
    const canary = await plant[system.kind]?.(endpointOf(system, region) as never);
    if (!canary) throw new Error(`nothing could be planted in ${system.id}`);
    return [system.id, sha256(canary)] as const;
  }),
);
process.stdout.write(`${JSON.stringify({ planted: Object.fromEntries(planted) })}\n`);
