import { writeFileSync } from "node:fs";
import { holds, type Result } from "../sabotage/record.ts";
import { parseOptions, takeNothing } from "./options.ts";
import { bold, dim, green, plain, red, table } from "./terminal.ts";

/** One way to break the footing, ready to be run on any of the grounds. */
export interface RowToRun<Ground> {
  id: string;
  kind: string;
  title: string;
  run(ground: Ground): Promise<Result>;
}

interface Row extends Omit<RowToRun<unknown>, "run"> {
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

/** Runs each row on the next ground that is free, between clean runs of every ground, which must pass: without
 *  them the table proves nothing. Gives the exit code: 0 when every row held and the clean runs passed, else 1. */
export async function runRows<Ground>(
  chosen: readonly RowToRun<Ground>[],
  {
    grounds,
    clean,
    signal,
    json,
  }: {
    grounds: readonly Ground[];
    clean: (ground: Ground) => Promise<Result>;
    signal: AbortSignal;
    json: string | undefined;
  },
): Promise<number> {
  const begun = performance.now();
  const rows: Row[] = [];
  const run = async (one: RowToRun<Ground>, ground: Ground) => {
    if (signal.aborted) return;
    const row = await runRow(one, ground);
    rows.push(row);
    process.stdout.write(`${row.ok ? green("✓") : red("✕")} ${lineOf(row)}\n`);
  };
  for (const ground of grounds) await run(cleanRow("first", clean), ground);
  const open = chosen.values();
  await Promise.all(
    grounds.map(async (ground) => {
      for (const one of open) await run(one, ground);
    }),
  );
  for (const ground of grounds) await run(cleanRow("last", clean), ground);
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
  const complete = rows.length === chosen.length + 2 * grounds.length && chosen.length > 0;
  return complete && failed.length === 0 ? 0 : 1;
}

function cleanRow<Ground>(
  when: "first" | "last",
  run: (ground: Ground) => Promise<Result>,
): RowToRun<Ground> {
  return { id: `clean/${when}`, kind: "all", title: `nothing sabotaged, ${when}: this must pass`, run };
}

async function runRow<Ground>({ id, kind, title, run }: RowToRun<Ground>, ground: Ground): Promise<Row> {
  const started = performance.now();
  const result = await run(ground).catch((error: unknown) => ({
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
