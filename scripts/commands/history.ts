import { headOf, readLog } from "../../attest/history/log.ts";
import { openStore } from "../../attest/history/store.ts";
import { populationOf } from "../../reports/population.ts";
import { populationCsv } from "../../reports/population-csv.ts";
import { renderHistoryHtml } from "../../reports/render/history-html.ts";
import { isWithin } from "../is-within.ts";
import { parseOptions, usage } from "../options.ts";
import { asCadence, asMoment } from "../period.ts";
import { populationText } from "../population-text.ts";
import { writeWhole } from "../write-whole.ts";

export const help = `ringfence history STORE: every run of a period, also those that failed or never ended

  STORE           a folder, or s3://BUCKET/PREFIX, as \`ringfence run --history\` has it
  --from D        from which day on, or time (UTC; default: the first run)
  --until D       until which day, which is still part of it, or time (default: now)
  --cadence 24h   how often a whole run of each region was promised: longer gaps are listed
  --html FILE     writes a page: a calendar of each region's runs, gaps, failures and what cleared them
  --csv FILE      writes a row for each region of each run
  --json          all of it, for programs

ringfence history verify STORE --trust FILE: whether the history holds
  --trust FILE    whose signature counts as the judge's, and as each region's
  --checkpoint F  a checkpoint that was kept elsewhere; may be repeated
  --runs DIR      the folder of a run, or one with runs' folders in it; may be repeated

Checks every record, its signature, place and links, the tree and every checkpoint over it; that checkpoints
kept elsewhere are of earlier states of this log; and that the runs' folders are those that the log names.

Exit: 0 shown, or everything holds; 1 something does not hold; 2 the store could not be read; 64 usage.`;

export async function main(args: readonly string[]): Promise<number> {
  const [first, ...rest] = args;
  if (first === "verify") return (await import("./history-verify.ts")).main(rest);
  const options = parseOptions("history", args, {
    from: { type: "string" },
    until: { type: "string" },
    cadence: { type: "string" },
    csv: { type: "string" },
    html: { type: "string" },
    json: { type: "boolean" },
  });
  const [place, ...more] = options.rest;
  if (!place || more.length > 0)
    throw usage(
      "history: one history is shown",
      "name the folder or the s3:// place that runs were recorded in",
    );
  const from = asMoment("--from", options.text("from"), "begins");
  const until = asMoment("--until", options.text("until"), "ends");
  const cadenceMs = asCadence(options.text("cadence"));
  if (from !== undefined && until !== undefined && from >= until)
    throw usage("history: the period ends before it begins", "let --until come after --from");
  for (const option of ["csv", "html"]) {
    const file = options.text(option);
    if (file && isWithin(place, file))
      throw usage(
        `history: --${option}: ${file} is in the history, and belongs to none`,
        "name a file elsewhere",
      );
  }
  using store = await openStore(place);
  const log = await readLog(store);
  const { entries } = log;
  if (entries.length === 0)
    throw usage(`history: ${place} holds no history`, "name a place that `ringfence run --history` wrote to");
  const population = populationOf(entries, {
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    ...{ cadenceMs, asOf: Date.now() },
  });
  const csv = options.text("csv");
  if (csv) writeWhole(csv, populationCsv(population), { option: "history: --csv" });
  const page = options.text("html");
  if (page) writeWhole(page, renderHistoryHtml(population, headOf(log)), { option: "history: --html" });
  process.stdout.write(
    options.flag("json") ? `${JSON.stringify(population, null, 2)}\n` : populationText(population),
  );
  return 0;
}
