import type { Population, PopulationRun } from "../reports/population.ts";
import type { Finding, RunReference } from "../reports/population-findings.ts";
import type { Gap, Place } from "../reports/population-places.ts";
import { counted, regionGradeWords, shortTime, systemWords } from "../reports/render/words.ts";
import { bold, dim, green, plain, red, table, yellow } from "./terminal.ts";

/** The runs of a history as a table, and what an auditor asks about them. */
export function populationText(population: Population): string {
  const { origin, period, runs, places, findings, cadenceMs } = population;
  const regions = [...new Set(runs.flatMap((run) => Object.keys(run.regions)))].sort();
  const open = runs.filter(({ state }) => state !== "judged");
  const gaps = places.flatMap((place) => (place.gaps ?? []).map((gap) => gapLine(place, gap)));
  const odd = runs.filter(({ clockWentBack }) => clockWentBack);
  const sections = [
    `${bold(plain(origin ?? ""))}  ${counted(runs.length, "run")} from ${shortTime(period.from)} to ${shortTime(period.until)} UTC`,
    dim("As it stands there; nothing was verified. `ringfence history verify` does."),
    "",
    runTable(runs, regions),
    ...section("without an end, or interrupted", open.map(endLine)),
    ...section(
      "clocks that went back: these runs fill no gap",
      odd.map(({ runId }) => plain(runId)),
    ),
    ...(cadenceMs === null
      ? ["", dim("no cadence was named, so gaps were not looked for: --cadence 24h")]
      : section(
          `gaps: longer than ${cadenceMs / 3_600_000} h, and a tenth, without a whole run`,
          gaps,
          "no gaps",
        )),
    ...section(
      "what was not contained",
      findings.map(findingLine),
      open.length < runs.length ? "nothing but contained attempts" : undefined,
    ),
    ...(open.length < runs.length
      ? []
      : ["", yellow("no run was judged, so nothing is shown to be contained")]),
  ];
  return `${sections.join("\n")}\n`;
}

function section(title: string, lines: readonly string[], none?: string): string[] {
  if (lines.length === 0) return none ? ["", green(none)] : [];
  return ["", `${bold(title)} (${lines.length})`, ...lines.map((line) => `  ${line}`)];
}

const painters: Record<string, (text: string) => string> = {
  PASS: green,
  "PASS WITH EXCEPTIONS": yellow,
  BREACHED: red,
  INCONCLUSIVE: yellow,
  interrupted: yellow,
  unfinished: yellow,
};

function runTable(runs: readonly PopulationRun[], regions: readonly string[]): string {
  const head = ["record", "started (UTC)", "run", "in", ...regions, "commit", "trigger"];
  const rows = runs.map((run) => [
    String(run.index),
    shortTime(run.startedAt),
    plain(run.runId),
    `${plain(run.environment)}${run.partial ? ", a part" : ""}`,
    ...regions.map((region) => regionCell(run, region)),
    plain(run.commit ?? "").replace(/^([0-9a-f]{10})[0-9a-f]{30,}/, "$1"),
    plain(run.trigger ?? ""),
  ]);
  return table([head, ...rows], (cell, _column, row) =>
    row === 0 ? dim(cell) : (painters[cell]?.(cell) ?? cell),
  );
}

function regionCell(run: PopulationRun, region: string): string {
  const mine = run.regions[region];
  if (!mine) return "";
  return mine.result ? regionGradeWords[mine.result.grade].text : run.state === "judged" ? "?" : run.state;
}

function endLine({ runId, state, reason, startedAt }: PopulationRun): string {
  const why = state === "interrupted" ? `interrupted: ${reason}` : "no end is recorded, or it still goes on";
  return `${shortTime(startedAt)}  ${plain(runId)}  ${plain(why)}`;
}

function gapLine({ environment, region }: Place, { from, until, after, before }: Gap): string {
  const hours = ((until - from) / 3_600_000).toFixed(1);
  const ends = `${after ? `after ${after}` : "from the beginning"}, ${before ? `until ${before}` : "to the end"}`;
  return `${plain(region)} in ${plain(environment)}  ${shortTime(from)} to ${shortTime(until)}: ${hours} h, ${plain(ends)}`;
}

function findingLine(finding: Finding): string {
  const { region, worst, first, last, seen, environment } = finding;
  const grade = (worst === "breached" ? red : yellow)(worst.toUpperCase());
  const since =
    seen.length > 1 ? `, and ${counted(seen.length - 1, "time")} more until ${runText(last.run)}` : "";
  const place = plain(`${region} in ${environment}: ${systemWords(finding)}`);
  return `${grade}  ${place}  ${counted(last.count, "attempt")}, found by ${runText(first)}${since}; ${outcome(finding)}`;
}

function outcome({ state, cleared, triedLess }: Finding): string {
  if (cleared) return green(`cleared by ${runText(cleared)}${cleared.partial ? ", which tried a part" : ""}`);
  if (state === "excepted") return yellow("excepted by the map");
  const less = triedLess
    ? ` (${runText(triedLess)} found it contained, with ${triedLess.attempts} of ${triedLess.of} attempts)`
    : "";
  return red(bold(`STILL OPEN${less}`));
}

function runText({ runId, at }: RunReference): string {
  return plain(`${runId} of ${shortTime(at)}`);
}
