import { loadProbes } from "../probes/catalog.ts";
import { resultOf } from "../sabotage/record.ts";
import { sabotages } from "../sabotage/table.ts";
import { openContext, sabotagedMap } from "./sabotage-context.ts";
import { runRows, sabotageOptions } from "./sabotage-rows.ts";

/** Runs the table of sabotages in a replica; see `sabotage-rows.ts` for its options and its exit code. */
const { isChosen, json } = sabotageOptions(process.argv.slice(2));
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());

let exitCode: number;
{
  const probes = await loadProbes();
  await using context = await openContext(probes, { signal: stop.signal });
  const map = sabotagedMap(probes);
  const rows = sabotages.filter(isChosen).map((one) => ({ ...one, run: () => one.run(context) }));
  const clean = async () => resultOf((await context.prove({ kind: "all", map })).judgement);
  exitCode = await runRows(rows, { clean, signal: stop.signal, json });
}
process.exit(exitCode);
