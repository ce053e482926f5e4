import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { RingfenceError } from "../../core/errors.ts";
import { outside, type ResidencyMap } from "../../core/residency-map.ts";
import type { EnvironmentDriver, Need } from "../driver.ts";
import { limitsOf } from "../limits.ts";
import { sourceDigest } from "../source-digest.ts";
import { type RunnersFile, readRunners } from "./runners-file.ts";

/** Real regions. A runner stands in each already, with the credentials of a workload there in its environment; a
 *  file says by which command it is reached. Nothing else is known of them, and nothing in them is changed. */
export function runnersDriver(file: string): EnvironmentDriver {
  const runners = readRunners(file);
  const commands = new Map(Object.entries(runners.regions).map(([region, { runner }]) => [region, runner]));
  if (runners.outside) commands.set(outside, runners.outside.runner);
  const { name } = runners;
  return {
    name,
    fidelity: "real",
    outside: commands.has(outside),
    mapFile: runners.map,
    needs: () => Promise.all([...commands].map(([place, command]) => needOf(place, command))),
    async start(map, { signal }) {
      requireFit(runners, { file, map });
      await Promise.all([...commands].map(([place, command]) => requireReady(place, { command, signal })));
      return {
        name,
        fidelity: "real",
        outside: commands.has(outside),
        limits: limitsOf(join(import.meta.dirname, "LIMITS.md")),
        planted: Object.fromEntries(
          Object.entries(runners.regions).map(([region, { planted }]) => [region, planted]),
        ),
        observe(place) {
          const [program = "", ...rest] = commands.get(place) ?? [];
          return spawn(program, [...rest, "scripts/observe-region.ts"], { stdio: "pipe", detached: true });
        },
        async [Symbol.asyncDispose]() {},
      };
    },
    async attach() {
      throw new RingfenceError("USAGE", `${name} is up already: there is nothing to attach to`, {
        fix: "leave out --attach",
      });
    },
  };
}

/** A region without a runner would only be inconclusive, and nobody would know why. */
function requireFit(runners: RunnersFile, { file, map }: { file: string; map: ResidencyMap }): void {
  const systems = new Set(map.systems.map(({ id }) => id));
  const problems = [
    ...Object.keys(map.regions)
      .filter((region) => !Object.hasOwn(runners.regions, region))
      .map((region) => `regions: no runner in ${region}, which the map has`),
    ...Object.entries(runners.regions).flatMap(([region, { planted }]) => [
      ...(Object.hasOwn(map.regions, region) ? [] : [`regions.${region}: the map has no such region`]),
      ...Object.keys(planted)
        .filter((system) => !systems.has(system))
        .map((system) => `regions.${region}.planted.${system}: the map has no such system`),
    ]),
  ];
  if (problems.length === 0) return;
  throw new RingfenceError("RUNNERS_INVALID", `${file} does not fit its map:\n${problems.join("\n")}`, {
    fix: "name a runner for each region of the map, and only systems of the map",
  });
}

const run = promisify(execFile);
const answerDeadlineMs = 60_000;

/** Whether a runner answers, and was built from this very code: another would try something else. */
async function requireReady(
  place: string,
  { command, signal }: { command: readonly string[]; signal?: AbortSignal },
): Promise<void> {
  const theirs = await ask(place, { command, ...(signal ? { signal } : {}) });
  if (theirs === sourceDigest()) return;
  throw new RingfenceError("STATE_INVALID", `the runner of ${place} was built from other code than this`, {
    fix: "build its image, or its checkout, from the commit that is used here",
  });
}

async function ask(
  place: string,
  { command, signal }: { command: readonly string[]; signal?: AbortSignal },
): Promise<string> {
  const [program = "", ...rest] = command;
  const asked = run(program, [...rest, "environments/source-digest.ts"], {
    timeout: answerDeadlineMs,
    maxBuffer: 64 * 1024,
    ...(signal ? { signal } : {}),
  });
  asked.child.stdin?.end();
  const unavailable = (why: string) =>
    new RingfenceError("RUNNER_UNAVAILABLE", `the runner of ${place} does not answer: ${why}`, {
      fix: `find out with \`${[...command, "--version"].join(" ")}\`, which has to say the version of Node there`,
    });
  const { stdout } = await asked.catch((error) => {
    if (!signal?.aborted) throw unavailable(whyOf(error));
    throw new RingfenceError("INTERRUPTED", "interrupted while the runners were asked", {
      fix: "run it again",
    });
  });
  // A login's greeting may come first.
  const last = stdout.trim().split("\n").at(-1) ?? "";
  if (/^[0-9a-f]{64}$/.test(last)) return last;
  throw unavailable(last === "" ? "it says nothing" : `it says ${JSON.stringify(legible(last))}`);
}

function whyOf(error: unknown): string {
  const { code, killed, stderr } = error as { code?: string | number; killed?: boolean; stderr?: string };
  if (code === "ENOENT") return "there is no such program here";
  if (killed) return `nothing within ${answerDeadlineMs / 1000} s`;
  const said = legible(stderr ?? "");
  return `exit code ${code}${said ? `, ${said}` : ""}`;
}

/** The end of what somebody said, on one line of a terminal. */
function legible(text: string): string {
  return text.replace(/\s+/g, " ").replace(/\p{C}/gu, "").trim().slice(-300);
}

async function needOf(place: string, command: readonly string[]): Promise<Need> {
  const name = `runner of ${place}`;
  try {
    await requireReady(place, { command });
    return { name, state: "ok", found: "answers, with this code" };
  } catch (error) {
    const { message, fix } = error as RingfenceError;
    return { name, state: "missing", found: message, fix };
  }
}
