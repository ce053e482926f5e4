import type { DockerTools } from "../../core/drill.ts";
import type { ResidencyMap } from "../../core/residency-map.ts";
import { endpointOf } from "../../core/residency-map.ts";
import { docker } from "./docker.ts";
import type { ObjectJob } from "./objects.ts";
import { type Container, containerIn, type Stack } from "./stack.ts";

/** The tools of a replica that is up, by Docker's own means. */
export function dockerTools(stack: Stack, map: ResidencyMap): DockerTools {
  let made = 0;
  const of = (region: string, role: string) => containerIn(stack, region, role);
  const endpointAt = (region: string, system: string) => {
    const found = map.systems.find(({ id }) => id === system);
    if (!found) throw new TypeError(`the map has no ${system}`);
    return endpointOf(found, region);
  };
  const password = (region: string) => of(region, "seed").environment.RINGFENCE_ADMIN_PASSWORD ?? "";

  async function objects(region: string, job: Omit<ObjectJob, "place">): Promise<string> {
    const { host, port } = endpointAt(region, "uploads");
    const { environment } = of(region, "seed");
    const capitals = region.toUpperCase().replaceAll("-", "_");
    const place = {
      endpoint: `http://${String(host)}:${String(port)}`,
      region,
      accessKeyId: environment[`${capitals}_UPLOADS_ACCESS_KEY_ID`] ?? "",
      secretAccessKey: environment[`${capitals}_UPLOADS_SECRET_ACCESS_KEY`] ?? "",
    };
    const run = ["exec", "-i", of(region, "runner").name, "node", "environments/localstack/objects.ts"];
    const answer = await docker(run, JSON.stringify({ place, ...job }));
    return String((JSON.parse(answer) as { done: string | null }).done ?? "");
  }

  function address(region: string, role: string) {
    const [v4 = "", v6 = ""] = Object.values(of(region, role).networks)[0] ?? [];
    return { 4: v4, 6: v6 };
  }

  return {
    place: (region, system) => ({
      address: address(region, system),
      port: Number(endpointAt(region, system).port),
    }),
    address,
    docker,
    container: (region, role) => of(region, role).name,
    network: (region) => networkOf(of(region, "runner")),
    image: async (region, role) => of(region, role).image.name,
    newName: (what) => ({
      name: `${stack.project}-${what}-${made++}`,
      labels: ["--label", `com.docker.compose.project=${stack.project}`],
    }),
    async sql(region, system, statement, database) {
      const login = ["-U", "ringfence_admin", "-d", database ?? String(endpointAt(region, system).database)];
      const run = ["exec", "-i", of(region, system).name, "psql", "-X", "-q", "-A", "-t", ...login];
      return (await docker([...run, "-v", "ON_ERROR_STOP=1", "-f", "-"], statement)).trim();
    },
    async redis(region, system, ...command) {
      const login = ["--user", "ringfence_admin", "--no-auth-warning"];
      const exec = ["exec", "-e", `REDISCLI_AUTH=${password(region)}`, of(region, system).name];
      return (await docker([...exec, "redis-cli", ...login, ...command])).trim();
    },
    objects: {
      get: (region, bucket, key) => objects(region, { verb: "get", bucket, key }),
      put: async (region, bucket, key, body) =>
        void (await objects(region, { verb: "put", bucket, key, body })),
      remove: async (region, bucket, key) => void (await objects(region, { verb: "remove", bucket, key })),
      createBucket: async (region, bucket) => void (await objects(region, { verb: "createBucket", bucket })),
      removeBucket: async (region, bucket) => void (await objects(region, { verb: "removeBucket", bucket })),
    },
    secret(name) {
      const holder = stack.containers.find(({ environment }) => environment[name] !== undefined);
      const value = holder?.environment[name];
      if (!value) throw new TypeError(`no secret ${name}`);
      return value;
    },
  };
}

function networkOf(container: Container): string {
  const [id] = Object.keys(container.networks);
  if (!id) throw new TypeError(`${container.name} is in no network`);
  return id;
}
