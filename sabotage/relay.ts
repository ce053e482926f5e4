import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { PassThrough, type Readable } from "node:stream";
import type { Stage } from "../observer/job.ts";

/** A region's process as its coordinator sees it, with every line of its stdout passing `pass` first:
 *  in order, held back for as long as that takes, and changed into what it returns. */
export function relayed(
  child: ChildProcess,
  pass: (line: string) => Promise<string | null> | string | null,
): ChildProcess {
  const stdout = new PassThrough();
  void (async () => {
    for await (const line of createInterface({ input: child.stdout as Readable })) {
      const passed = await pass(line);
      if (passed !== null) stdout.write(`${passed}\n`);
    }
    stdout.end();
  })();
  return new Proxy(child, {
    get(target, key) {
      if (key === "stdout") return stdout;
      const value = Reflect.get(target, key) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Acts once, when a region reports a stage as done and before anybody hears of it. */
export function atStage(child: ChildProcess, stage: Stage, act: () => void | Promise<void>): ChildProcess {
  return relayed(child, async (line) => {
    if (line.startsWith('{"type":"done"') && (JSON.parse(line) as { stage: string }).stage === stage)
      await act();
    return line;
  });
}
