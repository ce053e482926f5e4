import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandLine, projectRoot } from "../environments/node-script.ts";
import { type ReplicaState, readState } from "../environments/replica/state.ts";
import type { RegionReport, ReportVerdict, RunSummary } from "../reports/report.ts";

export interface Run {
  exitCode: number | null;
  output: string;
  directory: string;
  run: RunSummary;
  verdicts: ReportVerdict[];
}

/** Runs the command line as a user does. */
export function ringfence(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): { exitCode: number | null; output: string } {
  const done = spawnSync(process.execPath, [commandLine, ...args], {
    maxBuffer: 64 * 1024 * 1024,
    encoding: "utf8",
    cwd: projectRoot,
    timeout: 120_000,
    env: { ...process.env, ...environment },
  });
  return { exitCode: done.status, output: done.stdout + done.stderr };
}

/** A run, and its evidence read back. */
export function proveInto(directory: string, args: readonly string[] = []): Run {
  const { exitCode, output } = ringfence(["run", "--out", directory, ...args]);
  if (!existsSync(join(directory, "run.json"))) throw new Error(`the run left no evidence:\n${output}`);
  const run = JSON.parse(readFileSync(join(directory, "run.json"), "utf8")) as RunSummary;
  const verdicts = Object.keys(run.regions).flatMap(
    (region) =>
      (JSON.parse(readFileSync(join(directory, region, "report.json"), "utf8")) as RegionReport).verdicts,
  );
  return { exitCode, output, directory, run, verdicts };
}

export interface HeldReplica extends AsyncDisposable {
  state: ReplicaState;
  stateFile: string;
  pid: number;
  /** Runs against this replica, which stays as it is. */
  prove(...args: string[]): Run;
  /** Runs a command on a host of it, as `nsenter` does by hand. */
  on(host: string, ...command: string[]): string;
  /** Adds a rule to the border, does something, and takes the rule away again. */
  withRule<T>(rule: string, during: () => T): T;
}

/** `ringfence up`, held until disposed. */
export async function holdReplica(...args: string[]): Promise<HeldReplica> {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-test-"));
  const stateFile = join(folder, "state.json");
  const child = spawn(process.execPath, [commandLine, "up", "--state", stateFile, ...args], {
    cwd: projectRoot,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  while (!existsSync(stateFile)) {
    if (child.exitCode !== null) throw new Error(`up ended: ${output}`);
    await new Promise((done) => setTimeout(done, 20));
  }
  const state = readState(stateFile);
  let runs = 0;
  const on: HeldReplica["on"] = (host, ...command) => {
    const enter = ["--target", String(state.hosts[host]?.pid), "--user", "--net", "--preserve-credentials"];
    const done = spawnSync("nsenter", [...enter, "--", ...command], { encoding: "utf8", timeout: 30_000 });
    if (done.status !== 0) throw new Error(`${command.join(" ")} on ${host}: ${done.stderr}`);
    return done.stdout;
  };
  return {
    state,
    stateFile,
    pid: child.pid ?? 0,
    on,
    withRule(rule, during) {
      const { family, table, chain } = state.firewall;
      const place = [family, table, chain];
      const added = on("core", "nft", "-a", "-e", "add", "rule", ...place, ...rule.split(" "));
      const handle = /# handle (\d+)/.exec(added)?.[1] ?? "";
      try {
        return during();
      } finally {
        on("core", "nft", "delete", "rule", ...place, "handle", handle);
      }
    },
    prove: (...more) => proveInto(join(folder, `run-${runs++}`), ["--attach", stateFile, ...more]),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) {
        child.kill("SIGTERM");
        await once(child, "close");
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The processes of that name on a host, found by its network namespace. */
export function processesOn(replica: HeldReplica, host: string, name: string): number[] {
  const network = (pid: number | string) => tryRead(() => readlinkSync(`/proc/${pid}/ns/net`));
  const wanted = network(replica.state.hosts[host]?.pid ?? 0);
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && network(pid) === wanted)
    .filter((pid) => tryRead(() => readFileSync(`/proc/${pid}/comm`, "utf8"))?.trim() === name)
    .map(Number);
}

/** A server's helper processes may be gone before their turn comes, because their parent is. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

function tryRead<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** One line per verdict that is not contained: `grade probe from → to IPv4`. */
export function openLines(verdicts: readonly ReportVerdict[]): string[] {
  return verdicts
    .filter(({ grade }) => grade !== "contained")
    .map(
      ({ grade, probe, from, to, vector }) =>
        `${grade} ${probe} ${from.region} → ${to.region} ${/IPv[46]/.exec(vector)?.[0]}`,
    )
    .sort();
}
