import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { DockerTools } from "../../core/drill.ts";
import { RingfenceError } from "../../core/errors.ts";
import type { ResidencyMap } from "../../core/residency-map.ts";
import type { EnvironmentDriver, ReplicaEnvironment } from "../driver.ts";
import { limitsOf } from "../limits.ts";
import { projectRoot } from "../node-script.ts";
import { sourceDigest } from "../source-digest.ts";
import { composeFile, startCompose } from "./compose.ts";
import { docker } from "./docker.ts";
import { elsewhereFrom } from "./elsewhere.ts";
import { requireServed } from "./fits.ts";
import { imageLimits } from "./images.ts";
import { localstackNeeds } from "./needs.ts";
import { containerIn, inspectStack, plantedIn, runningProjects, type Stack } from "./stack.ts";
import { dockerTools } from "./tools.ts";

const folder = import.meta.dirname;
/** With an account's token LocalStack enforces IAM, and the map promises more. */
const mapFile = join(
  folder,
  process.env.LOCALSTACK_AUTH_TOKEN ? "residency.enforced.yaml" : "residency.yaml",
);

export const driver: EnvironmentDriver<DockerTools> = {
  name: "localstack",
  fidelity: "replica",
  outside: false,
  mapFile,
  needs: async () => localstackNeeds(),
  async start(map, { signal }) {
    const { project, down } = await begin(map, signal);
    try {
      return { ...(await environmentOf(project, map)), [Symbol.asyncDispose]: down };
    } catch (error) {
      await down();
      throw error;
    }
  },
  async attach(at, map) {
    requireEngine();
    requireServed(map, servedMap());
    const environment = await environmentOf(await projectAt(at), map);
    return { ...environment, [Symbol.asyncDispose]: async () => {} };
  },
  async hold(map, { signal }) {
    const { project, down } = await begin(map, signal);
    const stack = await inspectStack(project);
    const [first] = Object.keys(map.regions);
    const runner = containerIn(stack, first ?? "", "runner").name;
    return {
      state: stateOf(stack),
      summary: `project ${project}`,
      ended: docker(["wait", runner]).then(
        () => {},
        () => {},
      ),
      [Symbol.asyncDispose]: down,
    };
  },
  enter(at, asked, command) {
    const [region = "", role = "runner"] = asked.split("/");
    const project = at === null ? defaultProject : projectIn(at);
    const service = `${region}-${role === "uploads" ? "localstack" : role}`;
    const usual = role === "runner" ? ["node"] : ["sh"];
    const compose = ["compose", "-f", join(projectRoot, composeFile), "-p", project];
    const exec = ["exec", ...(process.stdin.isTTY ? [] : ["-T"]), service];
    const run = command.length > 0 ? command : usual;
    return spawn("docker", [...compose, ...exec, ...run], { stdio: "inherit" });
  },
  drills: join(projectRoot, "drills", "docker"),
};

const defaultProject = "ringfence-localstack";

function servedMap(): ResidencyMap {
  return parse(readFileSync(mapFile, "utf8")) as ResidencyMap;
}

async function begin(map: ResidencyMap, signal: AbortSignal) {
  requireEngine();
  requireServed(map, servedMap());
  return startCompose(map, { signal });
}

function requireEngine(): void {
  const [missing] = localstackNeeds().filter(({ state }) => state === "missing");
  if (!missing) return;
  throw new RingfenceError("REPLICA_UNSUPPORTED", `${missing.name}: ${missing.found}`, {
    fix: missing.fix ?? "run `npm run -s ringfence -- doctor --env localstack`",
  });
}

async function environmentOf(
  project: string,
  map: ResidencyMap,
): Promise<Omit<ReplicaEnvironment<DockerTools>, typeof Symbol.asyncDispose>> {
  const stack = await inspectStack(project);
  const regions = Object.keys(map.regions);
  await Promise.all(regions.map((region) => requireSameCode(stack, region)));
  const planted = await Promise.all(
    regions.map(async (region) => [region, await plantedIn(stack, region)] as const),
  );
  return {
    name: "localstack",
    fidelity: "replica",
    outside: false,
    limits: [...limitsOf(join(folder, "LIMITS.md")), ...(await imageLimits(stack))],
    planted: Object.fromEntries(planted),
    tools: dockerTools(stack, map),
    elsewhere: async (region) => elsewhereFrom(await inspectStack(project), map, region),
    observe: (region, secrets = {}) =>
      spawn(
        "docker",
        [
          ...["exec", "-i", ...Object.keys(secrets).flatMap((name) => ["--env", name])],
          ...[containerIn(stack, region, "runner").name, "node", "scripts/observe-region.ts"],
        ],
        // Docker takes a variable's value from here when it is named alone: command lines can be read by all.
        { stdio: "pipe", env: { ...process.env, ...secrets } },
      ),
  };
}

/** A runner built yesterday would try yesterday's attempts. */
async function requireSameCode(stack: Stack, region: string): Promise<void> {
  const { name } = containerIn(stack, region, "runner");
  const theirs = await docker(["exec", name, "node", "environments/source-digest.ts"]);
  if (theirs.trim() === sourceDigest()) return;
  throw new RingfenceError("STATE_INVALID", `${name} was built from other code than this`, {
    fix: `build and start it again: \`docker compose -f ${composeFile} up -d --build\``,
  });
}

async function projectAt(at: string | null): Promise<string> {
  if (at !== null) return projectIn(at);
  const running = await runningProjects();
  if (running.length === 1 && running[0]) return running[0];
  throw new RingfenceError(
    "STATE_INVALID",
    running.length === 0 ? "no LocalStack replica is up" : `several are up: ${running.join(", ")}`,
    {
      fix:
        running.length === 0
          ? `start one with \`docker compose -f ${composeFile} up -d\``
          : "name one with --attach PROJECT",
    },
  );
}

const State = z.looseObject({ environment: z.literal("localstack"), project: z.string() });

/** A project's name, or the file that `up` wrote. */
function projectIn(at: string): string {
  if (!existsSync(at)) return at;
  try {
    return State.parse(JSON.parse(readFileSync(at, "utf8"))).project;
  } catch (cause) {
    throw new RingfenceError("STATE_INVALID", `${at} is no state of a LocalStack replica`, {
      cause,
      fix: "name the file that `up --env localstack --state FILE` wrote, or a Compose project",
    });
  }
}

function stateOf({ project, containers }: Stack) {
  return {
    environment: "localstack",
    project,
    containers: Object.fromEntries(
      containers.map(({ region, role, name, networks, environment }) => [
        `${region}/${role}`,
        { name, addresses: Object.values(networks).flat(), environment },
      ]),
    ),
  };
}
