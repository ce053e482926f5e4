import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import type { Judged } from "../reports/build-report.ts";
import { kills } from "./kills.ts";
import { type CleanRun, type Context, home } from "./record.ts";

/** A region's process that is done with its attempts at once, and then goes on. */
const quick = `console.log('{"type":"done","stage":"attempts"}'); setTimeout(() => {}, 20_000)`;

test("a run that is quicker than the clean one is killed all the same, before its closing controls", async () => {
  let signal: unknown;
  const context: Partial<Context> = {
    // So long that the random moment is beyond the end of the run.
    clean: async () => ({ attemptsEndedMs: 2 ** 31 - 1 }) as CleanRun,
    async prove({ wrap }) {
      const child = spawn(process.execPath, ["-e", quick], {
        detached: true,
        stdio: ["pipe", "pipe", "inherit"],
      });
      wrap?.(home, child).stdout?.resume();
      [, signal] = await once(child, "exit");
      return { judgement: { grade: "inconclusive", verdicts: [], regions: {} } } as unknown as Judged;
    },
  };
  await kills.find(({ id }) => id.startsWith("kills/random-"))?.run(context as Context);
  expect(signal).toBe("SIGKILL");
});
