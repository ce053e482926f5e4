import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Judgement } from "../core/judge.ts";
import type { LeakPath } from "../core/vocabulary.ts";
import { loadDrills } from "../drills/catalogue.ts";
import type { AnyTools, EnvironmentDriver, RunningEnvironment } from "../environments/driver.ts";
import { readMapFile } from "../environments/map-file.ts";
import { loadProbes } from "../probes/catalog.ts";
import { type DrillGround, runDrill } from "../scripts/drill-run.ts";
import { planFor } from "../scripts/planning.ts";
import { newRunId, observeAndJudge } from "../scripts/prove.ts";
import { today } from "../scripts/version.ts";

/** Those that every environment has; the others are for `npm start` and the drills' catalogue. */
const paths: readonly LeakPath[] = ["database", "object-storage", "cache"];

/** What every environment that can be started here has to keep. `traces`: all that its replicas may leave. */
export function driverContract(
  driver: EnvironmentDriver,
  {
    traces,
    abortAfterMs,
    startsWithinMs,
  }: {
    traces(): string[];
    /** Into the start, when something is there already. */
    abortAfterMs: number;
    startsWithinMs: number;
  },
): void {
  const timeout = 14 * startsWithinMs;

  test("a start that is broken off midway leaves nothing", { timeout }, async () => {
    const before = traces();
    const { map } = await ground(driver);
    const signal = AbortSignal.timeout(abortAfterMs);
    await expect(driver.start(map, { signal })).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(await settled(traces, before)).toEqual(before);
  });

  test("two at once do not collide; each passes, its controls reach, a drill of each path flips, and each leaves nothing", {
    timeout,
  }, async () => {
    const before = traces();
    const { map, kinds } = await ground(driver);
    const { signal } = new AbortController();
    {
      const starting = [driver.start(map, { signal }), driver.start(map, { signal })];
      await using second = await (starting[1] as Promise<RunningEnvironment>);
      {
        await using first = await (starting[0] as Promise<RunningEnvironment>);
        for (const environment of [first, second]) {
          const { grade, verdicts } = await prove(driver, environment);
          expect(grade, verdicts.find((one) => one.grade !== "contained")?.reason).toBe("pass");
          const lame = verdicts
            .flatMap(({ twin, targetAlive }) => [twin, targetAlive])
            .filter((one) => one?.problem);
          expect(lame).toEqual([]);
        }
        if (first.fidelity !== "replica") throw new TypeError(`${driver.name} cannot be drilled`);
        const drills = await loadDrills<AnyTools>(driver.drills ?? "");
        const chosen = paths.map((path) => drills.find((drill) => drill.path === path));
        const directory = mkdtempSync(join(tmpdir(), "ringfence-contract-drills-"));
        for (const drill of chosen) {
          if (!drill) throw new TypeError(`${driver.name} has no drill of each path`);
          const drilled: DrillGround = { environment: first, map, kinds, directory, signal };
          const { missed, extra } = await runDrill(drilled, drill);
          expect({ drill: drill.id, missed, extra }).toEqual({ drill: drill.id, missed: [], extra: [] });
        }
        rmSync(directory, { recursive: true });
      }
      expect((await prove(driver, second)).grade, "though the other is gone").toBe("pass");
    }
    expect(await settled(traces, before)).toEqual(before);
  });
}

async function ground(driver: EnvironmentDriver) {
  const kinds = await loadProbes();
  return { kinds, map: readMapFile(driver.mapFile, { kinds, today: today() }).map };
}

async function prove(driver: EnvironmentDriver, environment: RunningEnvironment): Promise<Judgement> {
  const { map, kinds } = await ground(driver);
  const plan = planFor(map, kinds, { environment: environment.name, outside: environment.outside, paths });
  const directory = mkdtempSync(join(tmpdir(), "ringfence-contract-"));
  const { signal } = new AbortController();
  const quiet = { runId: newRunId(), directory, signal, onEntry: () => {}, onLost: () => {} };
  try {
    return (await observeAndJudge({ environment, map, plan, ...quiet })).judgement;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What ends with its parent needs a moment. */
async function settled(traces: () => string[], expected: readonly string[]): Promise<string[]> {
  for (let tries = 0; tries < 50 && traces().join() !== expected.join(); tries++)
    await new Promise((done) => setTimeout(done, 200));
  return traces();
}
