import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type ChangedRegion,
  type ChangedVerdict,
  type Comparison,
  compareRuns,
  hasFallen,
  isOtherException,
  isWorse,
} from "../../reports/compare.ts";
import { readRun } from "../../reports/read-run.ts";
import { crossingWords, gradeWords, regionGradeWords, stopWords } from "../../reports/render/words.ts";
import type { ReportVerdict, RunSummary } from "../../reports/report.ts";
import { parseOptions, usage } from "../options.ts";
import { bold, dim, green, plain, red, yellow } from "../terminal.ts";

export const help = `ringfence compare A B: what changed from one run to a later one

  A, B            folders that \`ringfence run\` wrote
  --json          the whole comparison

Reads what stands there, and verifies nothing: \`ringfence verify\` does.
Exit: 0 the later run proves no less; 1 it does: a verdict got worse, an exception came or was replaced by
another, an attempt is no longer made or a new one is not contained, a gap opened, a grade fell, a replica came
after real regions; 64 usage. Another map may promise less: the first lines say whether it is another. What was
stopped at another rung than before is named, and proves no less as long as its system allows that rung.`;

export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions("compare", args, { json: { type: "boolean" } });
  const [before, after, ...more] = options.rest;
  if (!before || !after || more.length > 0)
    throw usage("compare: two folders are compared", "name the earlier run, and then the later one");
  for (const folder of [before, after])
    if (!existsSync(join(folder, "run.json")))
      throw usage(`compare: ${folder} holds no run`, "name folders that `ringfence run` wrote");
  const runs = [readRun(before), readRun(after)] as const;
  const comparison = compareRuns(...runs);
  process.stdout.write(
    options.flag("json")
      ? `${JSON.stringify(comparison, null, 2)}\n`
      : textOf(comparison, [runs[0].run, runs[1].run]),
  );
  return isWorse(comparison) ? 1 : 0;
}

const mostLines = 20;

function textOf(comparison: Comparison, runs: readonly [RunSummary, RunSummary]): string {
  const { differences, verdicts, added, removed, gapsAdded, gapsRemoved, unclaimed, regions } = comparison;
  const of = (change: ChangedVerdict["change"]) => verdicts.filter((one) => one.change === change);
  const sections = [
    ...runs.map((run) => headline(run)),
    ...differences.map((difference) => dim(`  ${plain(difference)}`)),
    ...section("grades", regions.map(regionLine)),
    ...section(red("worse"), of("worse").map(changeLine)),
    ...section(yellow("exceptions"), verdicts.filter(isOtherException).map(exceptionLine)),
    ...section(yellow("stopped at another rung"), of("moved").map(movedLine)),
    ...section(green("better"), of("better").map(changeLine)),
    ...section("no longer attempted", removed.map(verdictLine)),
    ...section("newly attempted", added.map(verdictLine)),
    ...section("new gaps", gapsAdded.map(plain)),
    ...section("closed gaps", gapsRemoved.map(plain)),
    ...section("no longer promised", unclaimed.map(plain)),
  ];
  const verdict = isWorse(comparison)
    ? red(bold("the later run proves less"))
    : green(bold("the later run proves no less"));
  return `${[...sections, "", verdict].join("\n")}\n`;
}

function headline({ runId, startedAt, grade, environment }: RunSummary): string {
  const { symbol, text } = regionGradeWords[grade];
  return `${bold(plain(runId))}  ${startedAt}  ${plain(environment)}  ${symbol} ${text}`;
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const shown = lines.slice(0, mostLines).map((line) => `  ${line}`);
  const rest = lines.length - shown.length;
  return ["", `${title} (${lines.length})`, ...shown, ...(rest > 0 ? [dim(`  and ${rest} more`)] : [])];
}

function changeLine({ before, after }: ChangedVerdict): string {
  const grades = `${gradeWords[before.grade].text} → ${gradeWords[after.grade].text}`;
  return `${plain(whichOf(after))}  ${grades}: ${plain(after.reason)}`;
}

function regionLine(change: ChangedRegion): string {
  const { region, before, after } = change;
  const grades = `${regionGradeWords[before].text} → ${regionGradeWords[after].text}`;
  return `${plain(region)}  ${hasFallen(change) ? red(grades) : grades}`;
}

function exceptionLine({ before, after }: ChangedVerdict): string {
  const said = after.waiver ? exceptionWords(after.waiver) : "no longer excepted";
  const was = after.waiver && before.waiver ? `, before ${exceptionWords(before.waiver)}` : "";
  return plain(`${whichOf(after)}  ${said}${was}`);
}

function exceptionWords({ owner, approver, expires, reason }: NonNullable<ReportVerdict["waiver"]>): string {
  return `excepted by ${owner} until ${expires}, approved by ${approver}: ${reason}`;
}

function movedLine({ before, after }: ChangedVerdict): string {
  return plain(
    `${whichOf(after)}  ${gradeWords[after.grade].text}: ${stopWords(before)} → ${stopWords(after)}`,
  );
}

function verdictLine(verdict: ReportVerdict): string {
  const exception = verdict.waiver ? `, ${exceptionWords(verdict.waiver)}` : "";
  return plain(`${whichOf(verdict)}  ${gradeWords[verdict.grade].text}${exception}`);
}

function whichOf(verdict: ReportVerdict): string {
  return `${crossingWords(verdict)}, ${verdict.probe} ${verdict.vector}`;
}
