import { writeFileSync } from "node:fs";
import { holds, type Result } from "../sabotage/record.ts";
import { parseOptions, takeNothing } from "./options.ts";
import { bold, dim, green, plain, red, table } from "./terminal.ts";

/** One way to break the footing, ready to be run. */
export interface RowToRun {
  id: string;
  kind: string;
  title: string;
  run(): Promise<Result>;
}

interface Row extends Omit<RowToRun, "run"> {
  result: Result["result"] | "error";
  because: string;
  unfounded: number;
  ok: boolean;
  ms: number;
}

/** `--id PART` and `--kind KIND` choose rows, `--json FILE` writes the results. */
export function sabotageOptions(args: readonly string[]) {
  const options = parseOptions("sabotage", args, {
    id: { type: "string", multiple: true },
    kind: { type: "string" },
    json: { type: "string" },
  });
  takeNothing("sabotage", options);
  const wanted = options.texts("id");
  const kind = options.text("kind");
  return {
    json: options.text("json"),
    isChosen: (one: { id: string; kind: string }) =>
      (wanted.length === 0 || wanted.some((part) => one.id.includes(part))) &&
      (kind === undefined || one.kind === kind),
  };
}

/** Runs rows one after the other between two clean runs that must pass: without them the table proves
 *  nothing. Gives the exit code: 0 when every row held and both clean runs passed, else 1. */
export async function runRows(
  chosen: readonly RowToRun[],
  { clean, signal, json }: { clean: () => Promise<Result>; signal: AbortSignal; json: string | undefined },
): Promise<number> {
  const begun = performance.now();
  const rows: Row[] = [];
  for (const one of [cleanRow("first", clean), ...chosen, cleanRow("last", clean)]) {
    if (signal.aborted) break;
    const row = await runRow(one);
    rows.push(row);
    process.stdout.write(`${row.ok ? green("✓") : red("✕")} ${lineOf(row)}\n`);
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
  if (json) writeFileSync(json, `${JSON.stringify(rows, null, 2)}\n`);
  const complete = rows.length === chosen.length + 2 && chosen.length > 0;
  return complete && failed.length === 0 ? 0 : 1;
}

function cleanRow(when: "first" | "last", run: () => Promise<Result>): RowToRun {
  return { id: `clean/${when}`, kind: "all", title: `nothing sabotaged, ${when}: this must pass`, run };
}

async function runRow({ id, kind, title, run }: RowToRun): Promise<Row> {
  const started = performance.now();
  const result = await run().catch((error: unknown) => ({
    result: "error" as const,
    because: error instanceof Error ? error.message : String(error),
    unfounded: 0,
  }));
  const ms = Math.round(performance.now() - started);
  const mustPass = id.startsWith("clean/");
  const held = result.result !== "error" && (mustPass ? result.result === "pass" : holds(result as Result));
  return { id, kind, title, ...result, ok: held, ms };
}

function lineOf({ id, result, because, unfounded, ms }: Row): string {
  const vain = unfounded > 0 ? red(`  ${unfounded} contained without footing`) : "";
  return `${id}  ${bold(result)}${vain}  ${dim(`${ms} ms  ${plain(because).replace(/\s+/g, " ").slice(0, 140)}`)}`;
}
