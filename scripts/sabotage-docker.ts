import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hole } from "../core/drill.ts";
import type { LeakPath } from "../core/vocabulary.ts";
import { driver } from "../environments/localstack/driver.ts";
import { readMapFile } from "../environments/map-file.ts";
import { loadProbes } from "../probes/catalog.ts";
import { containerSabotages } from "../sabotage/containers.ts";
import { crossingTo, far, resultOf } from "../sabotage/record.ts";
import { planFor } from "./planning.ts";
import { newRunId, observeAndJudge } from "./prove.ts";
import { runRows, sabotageOptions } from "./sabotage-rows.ts";
import { today } from "./version.ts";

/** The rows of the sabotage table that Docker's own means can make, in the replica that runs on it; see
 *  `sabotage-rows.ts` for its options and its exit code. */
const { isChosen, json } = sabotageOptions(process.argv.slice(2));
const { signal } = new AbortController();
const deadlineMs = 2000;

const kinds = await loadProbes();
const sample = readMapFile(driver.mapFile, { kinds, today: today() }).map;
const map = { ...sample, attempts: { deadlineMs } };

let exitCode: number;
{
  await using environment = await driver.start(map, { signal });
  if (environment.fidelity !== "replica") throw new TypeError("only a replica is broken on purpose");
  const { tools } = environment;
  const prove = async (paths: readonly LeakPath[], onLine: (region: string, line: string) => void) => {
    const plan = planFor(map, kinds, { environment: environment.name, outside: environment.outside, paths });
    const directory = mkdtempSync(join(tmpdir(), "ringfence-sabotage-"));
    try {
      const quiet = { environment, map, plan, runId: newRunId(), directory, signal, onLost: () => {} };
      return (await observeAndJudge({ ...quiet, onEntry: onLine })).judgement;
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };
  const rows = containerSabotages.filter(isChosen).map((one) => ({
    ...one,
    async run() {
      await using hole = new Hole();
      await one.before?.(tools, hole);
      const judgement = await prove(one.path ? [one.path] : [], (region, line) =>
        one.during?.(tools, hole, { region, line }),
      );
      return resultOf(judgement, one.unfounded ?? crossingTo(far));
    },
  }));
  exitCode = await runRows(rows, {
    grounds: [environment],
    clean: async () => resultOf(await prove([], () => {})),
    signal,
    json,
  });
}
process.exit(exitCode);
