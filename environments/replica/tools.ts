import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Redis } from "ioredis";
import pg from "pg";
import type { DrillTools } from "../../core/drill.ts";
import type { PolicyDocument } from "../../fixtures/object-store/policy-document.ts";
import { scriptArguments } from "../node-script.ts";
import type { BucketJob } from "./bucket-admin.ts";
import { asPostgresUser } from "./servers/postgres.ts";
import type { ReplicaState } from "./state.ts";
import { askStore, type StoreRequest } from "./store-client.ts";
import { askService } from "./web-client.ts";

/** The tools of a replica that is up, over its namespaces and sockets. */
export function drillTools(state: ReplicaState): DrillTools {
  const systemOf = (region: string, system: string) => {
    const found = state.systems[`${region}/${system}`];
    if (!found) throw new TypeError(`the replica serves no ${system} in ${region}`);
    return found;
  };
  const fileOf = (host: string, path: string) => `/proc/${pidOf(host)}/root${state.work}/${path}`;
  const store = (request: StoreRequest) => askStore(fileOf("internet", "store.sock"), request);
  const secret = (name: string) => {
    const holder = Object.values(state.credentials).find((credentials) => name in credentials);
    if (!holder?.[name]) throw new TypeError(`no secret ${name}`);
    return holder[name];
  };

  function pidOf(host: string): number {
    const pid = state.hosts[host]?.pid;
    if (!pid) throw new TypeError(`the replica has no host ${host}`);
    return pid;
  }

  /** Enters all of a host's namespaces, so that what is started there ends with the replica. */
  function enter(host: string, argv: readonly string[]): string[] {
    const flags = [
      "--preserve-credentials",
      "--target",
      String(pidOf(host)),
      "--user",
      "--net",
      "--mount",
      "--pid",
      "--ipc",
    ];
    return [...state.privilege, "nsenter", ...flags, "--", ...argv];
  }

  async function command(host: string, argv: readonly string[], input = ""): Promise<string> {
    const [file = "", ...rest] = enter(host, argv);
    const child = spawn(file, rest, { env: withSystemPath() });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const ended = once(child, "close");
    const [output, complaint, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    if (code !== 0)
      throw new Error(`${argv.join(" ")} on ${host} exited ${String(code)}: ${complaint.trim()}`);
    return output;
  }

  function bucketPlace(bucket: string): Extract<BucketJob, { verb: "upload" }>["from"] {
    const found = Object.values(state.systems).find(({ admin }) => admin.bucket === bucket)?.admin;
    const { region = "", endpoint = "", accessKeyId = "", secretAccessKey = "" } = found ?? {};
    return { bucket, region, endpoint, accessKeyId, secretAccessKey };
  }

  async function administer(job: BucketJob): Promise<void> {
    const host = Object.keys(state.hosts).find((name) => name.endsWith("/app")) ?? "";
    const script = scriptArguments(join(import.meta.dirname, "bucket-admin.ts"));
    const certificate = `NODE_EXTRA_CA_CERTS=${state.work}/ca.pem`;
    await command(host, ["env", certificate, process.execPath, ...script], JSON.stringify(job));
  }

  return {
    place: (region, system) => {
      const { address, address6, port } = systemOf(region, system);
      return { address: { 4: address, 6: address6 }, port };
    },
    command,
    async daemon(hole, host, argv, options = { asPostgres: false }) {
      const [file = "", ...rest] = enter(host, options.asPostgres ? [...asPostgresUser, ...argv] : argv);
      const child = spawn(file, rest, { env: withSystemPath(), stdio: "ignore", detached: true });
      hole.closeBy(async () => {
        if (child.exitCode !== null || child.pid === undefined) return;
        const ended = once(child, "close");
        process.kill(-child.pid, "SIGTERM");
        await ended;
      });
      await once(child, "spawn");
    },
    async sql(region, system, statement, database) {
      const { admin, port } = systemOf(region, system);
      const client = new pg.Client({
        host: fileOf(`${region}/data`, system),
        port,
        user: admin.user ?? "",
        database: database ?? admin.database ?? "",
      });
      await client.connect();
      try {
        const answer: unknown = await client.query(statement);
        return ([answer].flat().at(-1) as pg.QueryResult).rows as Record<string, unknown>[];
      } finally {
        await client.end();
      }
    },
    async redis(region, system, ...command) {
      const { admin } = systemOf(region, system);
      const client = new Redis({
        path: fileOf(`${region}/data`, `${system}/redis.sock`),
        username: admin.user ?? "",
        password: admin.password ?? "",
        lazyConnect: true,
        retryStrategy: () => null,
      });
      client.on("error", () => {});
      try {
        await client.connect();
        const [verb = "", ...rest] = command;
        return await client.call(verb, ...rest);
      } finally {
        client.disconnect();
      }
    },
    http(region, system, asked) {
      const { host = "", name = "" } = systemOf(region, system).admin;
      return askService({ socketPath: fileOf(host, "https.sock"), name }, asked);
    },
    store: {
      get: async (bucket, key) => (await store({ verb: "get", bucket, key })) as string | null,
      put: async (bucket, key, body) => void (await store({ verb: "put", bucket, key, body })),
      remove: async (bucket, key) => void (await store({ verb: "remove", bucket, key })),
      discard: async (bucket, key) => void (await store({ verb: "discard", bucket, key })),
      bucketPolicy: async (bucket, policy) =>
        void (await store({ verb: "bucket-policy", bucket, policy: policy as PolicyDocument | null })),
      trust: async (role, policy) =>
        void (await store({ verb: "trust", role, policy: policy as unknown as PolicyDocument })),
      userPolicies: async (accessKeyId, policies) =>
        void (await store({
          verb: "user-policies",
          accessKeyId,
          policies: [...policies] as unknown as PolicyDocument[],
        })),
      replicate: (from, to, rule) =>
        administer({ verb: "replicate", from: bucketPlace(from), to: bucketPlace(to), ...rule }),
      stopReplication: (from) => administer({ verb: "stop-replication", from: bucketPlace(from) }),
      upload: (bucket, key, body) => administer({ verb: "upload", from: bucketPlace(bucket), key, body }),
      resetPolicies: async () => void (await store({ verb: "reset-policies" })),
    },
    service: {
      read: (service, region) => store({ verb: "read-service", service, region }),
      write: async (service, region, state) =>
        void (await store({ verb: "write-service", service, region, state })),
    },
    secret,
    fileOf,
    work: state.work,
    namesOf: (region) => state.names[region] ?? "",
  };
}

function withSystemPath(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
}
