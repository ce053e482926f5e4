import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { RingfenceError } from "../../core/errors.ts";
import type { Host } from "./topology.ts";

/** A host's namespaces, kept alive by one sleeping process. */
export interface HeldHost {
  host: Host;
  pid: number;
  /** The host's own folder as this process sees it; on the host it is the whole work folder. */
  folder: string;
}

/** Runs a command to its end; rejects with what it wrote to stderr. */
export async function run(command: readonly string[], input = ""): Promise<void> {
  const child = start(command);
  child.stdin?.end(input);
  const [complaint, code] = await Promise.all([textOf(child.stderr), exitOf(child)]);
  if (code !== 0)
    throw failure(`${command.join(" ").slice(0, 200)} exited ${code}: ${complaint.trim().slice(0, 2000)}`);
}

export function start(command: readonly string[]): ChildProcess {
  const [file = "", ...rest] = command;
  const child = spawn(file, rest, { stdio: ["pipe", "pipe", "pipe"] });
  // A child that ends without reading its input is judged by its exit code, not by our broken pipe.
  child.stdin?.on("error", () => {});
  return child;
}

/** The command that runs another command on a held host. */
export function onHost(held: HeldHost, command: readonly string[]): string[] {
  return ["nsenter", `--net=/proc/${held.pid}/ns/net`, `--mount=/proc/${held.pid}/ns/mnt`, "--", ...command];
}

/** Makes a host: its own network and mount namespace, its resolver, and a work folder in which it sees
 *  only its own files. */
export async function holdHost(host: Host, work: string, folder: string): Promise<HeldHost> {
  const script = `
    set -e
    mount --bind "${folder}/resolv.conf" /etc/resolv.conf
    [ ! -e /etc/nsswitch.conf ] || mount --bind "${folder}/nsswitch.conf" /etc/nsswitch.conf
    mount --bind "${folder}/hosts" /etc/hosts
    mount --bind "${folder}" "${work}"
    echo held
    exec sleep infinity`;
  const child = start(["unshare", "--net", "--mount", "--", "sh", "-c", script]);
  await said(child, "held", `the host ${host.name}`);
  if (child.pid === undefined) throw failure(`the host ${host.name} has no process`);
  return { host, pid: child.pid, folder };
}

/** Waits until a child has written a word to stdout; rejects with its stderr when it ends first. */
export async function said(child: ChildProcess, word: string, what: string): Promise<void> {
  const complaint = textOf(child.stderr);
  let heard = "";
  for await (const chunk of child.stdout as Readable) {
    heard += String(chunk);
    if (heard.includes(word)) {
      child.stdout?.resume();
      return;
    }
  }
  throw failure(`${what} did not start: ${(await complaint).trim().slice(-2000)}`);
}

function failure(message: string, cause?: unknown): RingfenceError {
  return new RingfenceError("REPLICA_FAILED", message, {
    cause,
    fix: "run `npm run -s ringfence -- doctor`",
  });
}

async function textOf(stream: Readable | null): Promise<string> {
  let text = "";
  for await (const chunk of stream ?? []) text = (text + String(chunk)).slice(-8192);
  return text;
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", done);
  });
}
