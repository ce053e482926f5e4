import { expect, test } from "vitest";
import type { Drill } from "../core/drill.ts";
import { RingfenceError } from "../core/errors.ts";
import type { AnyTools } from "../environments/driver.ts";
import { type DrillGround, runDrill } from "./drill-run.ts";

const ground = { environment: { fidelity: "replica" } } as DrillGround;
const failing = (error: Error): Drill<AnyTools> => ({
  id: "cache-failing",
  path: "cache",
  title: "a hole that is never open",
  expects: () => true,
  open: () => Promise.reject(error),
});

test("who interrupts a drill is told so, because nothing was wrong with it", async () => {
  const interrupted = new RingfenceError("INTERRUPTED", "the run was interrupted", { fix: "run it again" });
  await expect(runDrill(ground, failing(interrupted))).rejects.toBe(interrupted);
});

test("a hole that cannot be opened is a failure of the drill, with its cause", async () => {
  const cause = new Error("no such table");
  await expect(runDrill(ground, failing(cause))).rejects.toMatchObject({ code: "DRILL_FAILED", cause });
});
