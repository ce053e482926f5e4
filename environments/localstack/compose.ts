import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { StartedDockerComposeEnvironment } from "testcontainers";
import { RingfenceError } from "../../core/errors.ts";
import { endpointOf, homesOf, type ResidencyMap } from "../../core/residency-map.ts";
import { projectRoot } from "../node-script.ts";
import { docker } from "./docker.ts";

export const composeFile = "docker-compose.localstack.yml";
/** The current version, which needs an account's token; without one the Compose file names the last that does not. */
const tagWithAccount = "2026.08.3";
const slots = 100;
const startDeadlineMs = 180_000;

export interface StartedStack {
  project: string;
  down(): Promise<void>;
}

/** Starts the Compose file with secrets made up for this run, in address blocks that are free. Whatever
 *  was started is taken down again when it fails, and by testcontainers' reaper when this process is killed. */
export async function startCompose(
  map: ResidencyMap,
  { signal }: { signal: AbortSignal },
): Promise<StartedStack> {
  const { DockerComposeEnvironment, Wait } = await import("testcontainers");
  const secrets = madeUpSecrets(map);
  for (const slot of await freeSlots()) {
    const project = `ringfence-${randomBytes(4).toString("hex")}`;
    const compose = new DockerComposeEnvironment(projectRoot, composeFile)
      .withProjectName(project)
      .withEnvironment({ ...definedOf(process.env), ...secrets, ...account(), RINGFENCE_SLOT: String(slot) })
      .withBuild()
      .withDefaultWaitStrategy(Wait.forListeningPorts())
      .withStartupTimeout(startDeadlineMs);
    // Compose cannot be told to stop; what it is starting can be taken away from it.
    const onAbort = () => void removeProject(project);
    signal.addEventListener("abort", onAbort);
    try {
      const started = await compose.up();
      if (signal.aborted) await down(started);
      else return { project, down: () => down(started) };
    } catch (cause) {
      await removeProject(project);
      if (signal.aborted) break;
      if (!/pool overlaps/i.test(messageOf(cause))) throw startFailure(cause);
      continue;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
    break;
  }
  if (signal.aborted)
    throw new RingfenceError("INTERRUPTED", "interrupted while the replica was starting", {
      fix: "run it again",
    });
  throw new RingfenceError("REPLICA_FAILED", `none of the ${slots} address blocks is free`, {
    fix: "remove networks that nobody uses: `docker network prune`",
  });
}

async function down(started: StartedDockerComposeEnvironment): Promise<void> {
  await started.down({ timeout: 0, removeVolumes: true });
}

/** Compose takes a failed start down itself; what it could not is removed here. */
async function removeProject(project: string): Promise<void> {
  const file = join(projectRoot, composeFile);
  await docker(["compose", "-f", file, "-p", project, "down", "-v", "-t", "0", "--remove-orphans"]).catch(
    () => "",
  );
}

/** Numbers of address blocks that no network of this engine uses, the first at random: two runs that start
 *  at once should not want the same. */
async function freeSlots(): Promise<number[]> {
  const ids = (await docker(["network", "ls", "-q"])).split("\n").filter((id) => id !== "");
  const format = "{{range .IPAM.Config}}{{.Subnet}} {{end}}";
  const subnets = await docker(["network", "inspect", "--format", format, ...ids]);
  const taken = new Set(
    [...subnets.matchAll(/\b10\.(?:10|20|30)\.(\d+)\.0\/24/g)].map((match) => Number(match[1])),
  );
  const first = randomBytes(1).readUInt8() % slots;
  return Array.from({ length: slots }, (_, index) => (first + index) % slots).filter(
    (slot) => !taken.has(slot),
  );
}

/** A value for every `env:NAME` of the map. LocalStack checks links against the one secret key "test",
 *  whatever the access key: that one the Compose file sets. */
function madeUpSecrets(map: ResidencyMap): Record<string, string> {
  const endpoints = map.systems.flatMap((system) =>
    homesOf(system, map).map((region) => JSON.stringify(endpointOf(system, region))),
  );
  const names = endpoints.flatMap((text) =>
    [...text.matchAll(/"env:([A-Z0-9_]+)"/g)].map(([, name]) => name),
  );
  const wanted = names.filter((name) => name !== undefined && !name.endsWith("_SECRET_ACCESS_KEY"));
  return Object.fromEntries(
    [...wanted, "RINGFENCE_ADMIN_PASSWORD"].map((name) => [name, `r${randomBytes(18).toString("hex")}`]),
  );
}

function account(): Record<string, string> {
  return process.env.LOCALSTACK_AUTH_TOKEN ? { RINGFENCE_LOCALSTACK_TAG: tagWithAccount } : {};
}

function definedOf(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String((cause as { err?: unknown })?.err ?? cause);
}

/** What the engine says, and what to do about the usual reasons. */
function startFailure(cause: unknown): RingfenceError {
  const said = messageOf(cause).trim();
  const fix = /pull|manifest|registry|no such host|TLS handshake/i.test(said)
    ? "an image could not be pulled: check `docker pull` for the images of environments/localstack/images.json"
    : /port is already allocated|address already in use/i.test(said)
      ? "a port is in use: end what uses it, see `docker ps`"
      : /no space left|cannot allocate memory|OOM/i.test(said)
        ? "free disk or memory: `docker system df`, `docker system prune`"
        : "run `npm run -s ringfence -- doctor --env localstack`";
  return new RingfenceError("REPLICA_FAILED", `the replica did not start: ${said.slice(-1500)}`, {
    cause,
    fix,
  });
}
