import { loadProbes } from "../probes/catalog.ts";
import { type Context, resultOf } from "../sabotage/record.ts";
import { sabotages } from "../sabotage/table.ts";
import { openContext, sabotagedMap } from "./sabotage-context.ts";
import { runRows, sabotageOptions } from "./sabotage-rows.ts";

/** Runs the table of sabotages in two replicas at once; see `sabotage-rows.ts` for its options and its exit code. */
const { isChosen, json } = sabotageOptions(process.argv.slice(2));
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());

/** A row mostly waits, and keeps no core busy. */
const atOnce = 2;

let exitCode: number;
{
  const probes = await loadProbes();
  const { signal } = stop;
  const rows = sabotages.filter(isChosen);
  await using opened = new AsyncDisposableStack();
  const grounds: Context[] = [];
  for (let count = Math.min(atOnce, rows.length); count > 0; count--)
    grounds.push(opened.use(await openContext(probes, { signal })));
  const map = sabotagedMap(probes);
  const clean = async (context: Context) => resultOf((await context.prove({ kind: "all", map })).judgement);
  exitCode = await runRows(rows, { grounds, clean, signal, json });
}
process.exit(exitCode);
