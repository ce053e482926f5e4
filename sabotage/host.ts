import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { scriptArguments } from "../environments/node-script.ts";
import type { ReplicaState } from "../environments/replica/state.ts";
import { undoable } from "./undo.ts";

function entering(state: ReplicaState, host: string, command: readonly string[]): [string, string[]] {
  const enter = ["nsenter", "--target", String(state.hosts[host]?.pid), "--user", "--net"];
  const [file = "", ...rest] = [...state.privilege, ...enter, "--preserve-credentials", "--", ...command];
  return [file, rest];
}

const environment = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

/** Runs a command on a host of the replica to its end. */
export function on(state: ReplicaState, host: string, ...command: string[]): string {
  const [file, args] = entering(state, host, command);
  const done = spawnSync(file, args, { encoding: "utf8", timeout: 15_000, env: environment });
  if (done.status !== 0) throw new Error(`${command.join(" ")} on ${host}: ${done.stderr || done.error}`);
  return done.stdout;
}

/** Runs a Node script on a host, in its network and user namespace only, until disposed; ready once it
 *  has said so on stdout. */
export async function serving(
  state: ReplicaState,
  host: string,
  script: string,
  job: unknown,
): Promise<AsyncDisposable> {
  const [file, args] = entering(state, host, [process.execPath, ...scriptArguments(script)]);
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"], env: environment });
  return undoable(
    async () => {
      child.stdin.write(`${JSON.stringify(job)}\n`);
      await Promise.race([once(child.stdout, "data"), failing(child)]);
    },
    async () => {
      if (child.exitCode !== null) return;
      child.stdin.end();
      await once(child, "close");
    },
  );
}

async function failing(child: ChildProcess): Promise<never> {
  await once(child, "close");
  throw new Error(`a server of the sabotage ended, with code ${child.exitCode}`);
}

/** A rule at the head of a chain, taken away again. */
export function withRule(
  state: ReplicaState,
  host: string,
  { chain, rule }: { chain: string; rule: string },
): Promise<AsyncDisposable> {
  const table = ["inet", state.firewall.table, chain];
  let handle = "";
  return undoable(
    () => {
      const added = on(state, host, "nft", "-a", "-e", "insert", "rule", ...table, ...rule.split(" "));
      handle = /# handle (\d+)/.exec(added)?.[1] ?? "";
    },
    () => handle && on(state, host, "nft", "delete", "rule", ...table, "handle", handle),
  );
}

/** A table of its own on a host, with one chain; taken away again. */
export function withTable(state: ReplicaState, host: string, chain: string): Promise<AsyncDisposable> {
  return undoable(
    () => on(state, host, "nft", `add table inet sabotage; add chain inet sabotage hooked ${chain}`),
    () => on(state, host, "nft", "delete", "table", "inet", "sabotage"),
  );
}

/** The serving processes of a host, found by its network namespace: all but the one that holds it open. */
export function serversOn(state: ReplicaState, host: string): number[] {
  const network = (pid: number | string) => tryRead(() => readlinkSync(`/proc/${pid}/ns/net`));
  const wanted = network(state.hosts[host]?.pid ?? 0);
  if (!wanted) throw new Error(`the host ${host} is not there`);
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && network(pid) === wanted)
    .filter((pid) => tryRead(() => readFileSync(`/proc/${pid}/comm`, "utf8"))?.trim() !== "sleep")
    .map(Number);
}

/** Signals every server of a host; gives their process ids. */
export function signalServers(state: ReplicaState, host: string, signal: NodeJS.Signals): number[] {
  const servers = serversOn(state, host);
  if (servers.length === 0) throw new Error(`nothing serves on ${host}`);
  for (const pid of servers) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      // A server's helper may be gone before its turn comes.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
  return servers;
}

const longestDyingMs = 3000;

/** Kills a host's servers, and waits until none of them lives: a dying one still answers for a moment. */
export async function killServers(state: ReplicaState, host: string): Promise<void> {
  const servers = signalServers(state, host, "SIGKILL");
  const until = performance.now() + longestDyingMs;
  while (servers.some(isAlive)) {
    if (performance.now() > until) throw new Error(`the servers of ${host} do not die`);
    await new Promise((done) => setTimeout(done, 5));
  }
}

/** A process whose first thread has ended holds its sockets until the last one has. */
function isAlive(pid: number): boolean {
  const threads = tryRead(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return threads.some((thread) => {
    const status = tryRead(() => readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8"));
    return status !== null && !/^State:\s+[ZX]/m.test(status);
  });
}

function tryRead<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
