import { flushCompileCache } from "node:module";
import { createInterface } from "node:readline";
import { jsonLine } from "../../core/json-line.ts";
import { leaveJob } from "./host-jobs.ts";

const compiledAfterMs = 4000;

/** One process for all servers of a host that are scripts of ours: each line on stdin names one and what it is
 *  to serve; it serves when its import is done. A start of Node costs more than any of them. */
for await (const line of createInterface({ input: process.stdin })) {
  const { script, job } = JSON.parse(line) as { script: string; job: unknown };
  leaveJob(script, job);
  void import(script).then(
    () => {
      say({ script });
      // It ends by SIGKILL, with the replica: what was compiled would never be kept for the next start. Much of it is
      // when the first requests come.
      setTimeout(flushCompileCache, compiledAfterMs).unref();
    },
    (error: Error) => say({ script, failed: error.message }),
  );
}

function say(answer: { script: string; failed?: string }): void {
  process.stdout.write(jsonLine(answer));
}
