import { writeFileSync } from "node:fs";
import { loadProbes } from "../probes/catalog.ts";
import { type Context, holds, type Result, resultOf, type Sabotage } from "../sabotage/record.ts";
import { sabotages } from "../sabotage/table.ts";
import { parseOptions, takeNothing } from "./options.ts";
import { openContext } from "./sabotage-context.ts";
import { bold, dim, green, plain, red, table } from "./terminal.ts";

/** Runs the table of sabotages, one after the other, between two clean runs that must pass: without them
 *  the table proves nothing. `--id PART` and `--kind KIND` choose rows, `--json FILE` writes the results.
 *  Exit: 0 when every row held and both clean runs passed, else 1. */
interface Row extends Pick<Sabotage, "id" | "kind" | "title"> {
  result: Result["result"] | "error";
  because: string;
  unfounded: number;
  ok: boolean;
  ms: number;
}

const clean = (when: "first" | "last"): Sabotage => ({
  id: `clean/${when}`,
  kind: "all",
  title: `nothing sabotaged, ${when}: this must pass`,
  run: async ({ prove }) => resultOf((await prove({ kind: "all" })).judgement),
});

const options = parseOptions("sabotage", process.argv.slice(2), {
  id: { type: "string", multiple: true },
  kind: { type: "string" },
  json: { type: "string" },
});
takeNothing("sabotage", options);
const wanted = options.texts("id");
const kind = options.text("kind");
const chosen = sabotages.filter(
  (one) =>
    (wanted.length === 0 || wanted.some((part) => one.id.includes(part))) &&
    (kind === undefined || one.kind === kind),
);

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());

const rows: Row[] = [];
const begun = performance.now();
{
  await using context = await openContext(await loadProbes(), { signal: stop.signal });
  for (const sabotage of [clean("first"), ...chosen, clean("last")]) {
    if (stop.signal.aborted) break;
    const row = await runRow(sabotage, context);
    rows.push(row);
    process.stdout.write(`${row.ok ? green("✓") : red("✕")} ${lineOf(row)}\n`);
  }
}

const header = ["id", "kind", "title", "result", "ok", "ms"];
const cells = rows.map((row) => [
  row.id,
  row.kind,
  row.title,
  row.result,
  row.ok ? "held" : "FAILED",
  String(row.ms),
]);
process.stdout.write(
  `\n${table([header, ...cells], (cell) => (cell === "FAILED" ? red(bold(cell)) : cell))}\n\n`,
);
const sabotaged = rows.filter(({ id }) => !id.startsWith("clean/"));
const passes = sabotaged.filter(({ result }) => result.startsWith("pass")).length;
const failed = rows.filter(({ ok }) => !ok);
process.stdout.write(
  `${sabotaged.length} sabotages, ${passes} passes, ${failed.length} rows that did not hold, ${((performance.now() - begun) / 1000).toFixed(0)} s\n`,
);
const file = options.text("json");
if (file) writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`);
const complete = rows.length === chosen.length + 2 && chosen.length > 0;
process.exit(complete && failed.length === 0 ? 0 : 1);

async function runRow(sabotage: Sabotage, context: Context): Promise<Row> {
  const { id, kind: of, title } = sabotage;
  const started = performance.now();
  const result = await sabotage.run(context).catch((error: unknown) => ({
    result: "error" as const,
    because: error instanceof Error ? error.message : String(error),
    unfounded: 0,
  }));
  const ms = Math.round(performance.now() - started);
  const mustPass = id.startsWith("clean/");
  const held = result.result !== "error" && (mustPass ? result.result === "pass" : holds(result as Result));
  return { id, kind: of, title, ...result, ok: held, ms };
}

function lineOf({ id, result, because, unfounded, ms }: Row): string {
  const vain = unfounded > 0 ? red(`  ${unfounded} contained without footing`) : "";
  return `${id}  ${bold(result)}${vain}  ${dim(`${ms} ms  ${plain(because).replace(/\s+/g, " ").slice(0, 140)}`)}`;
}
