import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { RingfenceError } from "../../core/errors.ts";
import { jsonLine } from "../../core/json-line.ts";
import { scriptArguments } from "../node-script.ts";
import { type HeldHost, onHost, start } from "./namespace.ts";

interface HostServer {
  process: ChildProcess;
  /** By script: who waits for it. */
  waiting: Map<string, { done(): void; fail(error: Error): void }>;
}

const hostServers = new WeakMap<HeldHost, HostServer>();

/** Runs a script of `servers/` in the host's one process, and waits until it serves. */
export function serveOn(held: HeldHost, script: string, job: unknown): Promise<void> {
  const { process, waiting } = serverOf(held);
  return new Promise((done, fail) => {
    waiting.set(script, { done, fail });
    process.stdin?.write(jsonLine({ script, job }));
  });
}

function serverOf(held: HeldHost): HostServer {
  const known = hostServers.get(held);
  if (known) return known;
  const arguments_ = scriptArguments(join(import.meta.dirname, "host-process.ts"));
  const child = start(onHost(held, [process.execPath, ...arguments_]));
  const server: HostServer = { process: child, waiting: new Map() };
  hostServers.set(held, server);
  let complaint = "";
  child.stderr?.on("data", (chunk) => {
    complaint = (complaint + String(chunk)).slice(-2000);
  });
  createInterface({ input: child.stdout as Readable }).on("line", (line) => {
    const { script, failed } = JSON.parse(line) as { script: string; failed?: string };
    const waiter = server.waiting.get(script);
    server.waiting.delete(script);
    if (failed === undefined) waiter?.done();
    else waiter?.fail(failure(held, failed));
  });
  child.once("close", () => {
    for (const { fail } of server.waiting.values()) fail(failure(held, complaint.trim() || "it ended"));
  });
  return server;
}

function failure(held: HeldHost, why: string): RingfenceError {
  return new RingfenceError("REPLICA_FAILED", `the servers of ${held.host.name} did not start: ${why}`, {
    fix: "run `npm run -s ringfence -- doctor`",
  });
}
