import { z } from "zod";
import { RingfenceError } from "../../core/errors.ts";
import { docker } from "./docker.ts";

/** What the labels of docker-compose.localstack.yml say of each container. */
export const labels = { region: "dev.ringfence.region", role: "dev.ringfence.role" } as const;
const projectLabel = "com.docker.compose.project";

const address = z.string().nullish();
const Inspected = z.looseObject({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  State: z.looseObject({ Running: z.boolean() }),
  Config: z.looseObject({
    Image: z.string(),
    Env: z.array(z.string()),
    Labels: z.record(z.string(), z.string()),
  }),
  HostConfig: z.looseObject({ NetworkMode: z.string() }),
  NetworkSettings: z.looseObject({
    Ports: z
      .record(z.string(), z.array(z.looseObject({ HostIp: z.string(), HostPort: z.string() })).nullable())
      .nullish(),
    Networks: z.record(
      z.string(),
      z.looseObject({ NetworkID: z.string(), IPAddress: address, GlobalIPv6Address: address }),
    ),
  }),
});

/** A container as the engine describes it just now. */
export interface Container {
  id: string;
  name: string;
  region: string;
  /** A system's id, "runner" or "seed". */
  role: string;
  running: boolean;
  image: { name: string; id: string };
  environment: Record<string, string>;
  /** Network id → its addresses there. */
  networks: Record<string, string[]>;
  /** It has the machine's own network, and so a leg in every other. */
  onHost: boolean;
  published: { containerPort: number; hostPort: number }[];
}

/** A Compose project made of docker-compose.localstack.yml. */
export interface Stack {
  project: string;
  containers: Container[];
}

export async function inspectStack(project: string): Promise<Stack> {
  const ids = await list(["ps", "-aq", "--filter", `label=${projectLabel}=${project}`]);
  const found = ids.length === 0 ? [] : JSON.parse(await docker(["inspect", ...ids]));
  const containers = z.array(Inspected).parse(found).map(containerOf);
  return { project, containers: containers.filter(({ region }) => region !== "") };
}

function containerOf(one: z.infer<typeof Inspected>): Container {
  const { Networks, Ports } = one.NetworkSettings;
  return {
    id: one.Id,
    name: one.Name.replace(/^\//, ""),
    region: one.Config.Labels[labels.region] ?? "",
    role: one.Config.Labels[labels.role] ?? "",
    running: one.State.Running,
    image: { name: one.Config.Image, id: one.Image },
    environment: Object.fromEntries(
      one.Config.Env.map((entry) => {
        const cut = entry.indexOf("=");
        return [entry.slice(0, cut), entry.slice(cut + 1)];
      }),
    ),
    networks: Object.fromEntries(
      Object.values(Networks).map((network) => [
        network.NetworkID,
        [network.IPAddress, network.GlobalIPv6Address].flatMap((found) => found || []),
      ]),
    ),
    onHost: one.HostConfig.NetworkMode === "host",
    published: Object.entries(Ports ?? {}).flatMap(([port, bindings]) =>
      (bindings ?? []).map(({ HostPort }) => ({
        containerPort: Number.parseInt(port, 10),
        hostPort: Number(HostPort),
      })),
    ),
  };
}

/** The container that stands for a role in a region; throws REPLICA_FAILED when there is none. */
export function containerIn({ project, containers }: Stack, region: string, role: string): Container {
  const found = containers.find((one) => one.region === region && one.role === role);
  if (found) return found;
  throw new RingfenceError("REPLICA_FAILED", `the project ${project} has no ${role} in ${region}`, {
    fix: "start it with `docker compose -f docker-compose.localstack.yml up`",
  });
}

/** Compose projects of that file that are up. */
export async function runningProjects(): Promise<string[]> {
  const format = `{{.Label "${projectLabel}"}}`;
  const running = await list(["ps", "--filter", `label=${labels.role}=runner`, "--format", format]);
  return [...new Set(running)].sort();
}

async function list(argv: readonly string[]): Promise<string[]> {
  return (await docker(argv)).split("\n").filter((line) => line !== "");
}

/** The digests that a region's seed printed when it planted its canaries. */
export async function plantedIn(stack: Stack, region: string): Promise<Record<string, string>> {
  const said = await docker(["logs", containerIn(stack, region, "seed").name]);
  const last = said.trim().split("\n").at(-1) ?? "";
  const parsed = Planted.safeParse(tryJson(last));
  if (parsed.success) return parsed.data.planted;
  throw new RingfenceError("REPLICA_FAILED", `the seed of ${region} planted nothing: ${last.slice(0, 300)}`, {
    fix: `see \`docker logs ${containerIn(stack, region, "seed").name}\``,
  });
}

const Planted = z.strictObject({ planted: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)) });

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
