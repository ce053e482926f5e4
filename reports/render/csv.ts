import type { RegionReport } from "../report.ts";
import { attemptColumns, attemptRows } from "./attempt-rows.ts";
import { visible } from "./visible.ts";

/** The population: every attempt of a run, one a row. RFC 4180, with the mark by which Excel knows UTF-8. */
export function renderPopulationCsv(reports: readonly RegionReport[]): string {
  const rows = attemptRows(reports).map((cells) => cells.map(visible));
  return csvTable([attemptColumns.map(({ name }) => name), ...rows]);
}

export function csvTable(rows: readonly (readonly string[])[]): string {
  return `\ufeff${rows.map((cells) => `${cells.map(csvField).join(",")}\r\n`).join("")}`;
}

/** Every field in quotes, for a space or a line break may begin or end one. */
function csvField(text: string): string {
  return `"${withoutFormula(text).replaceAll('"', '""')}"`;
}

/** Where a spreadsheet would begin a formula, an apostrophe makes it text. Also behind a semicolon: where the
 *  list separator is one, Excel opens the file by it, and breaks even a quoted field in two. */
export function withoutFormula(text: string): string {
  return suspect.test(text) ? text.replace(beforeFormula, "$1'") : text;
}

const beforeFormula = /(^|;)(?="*\s*[=+\-@\t\r＝＋－＠])/gu;
/** Cheap, and true of whatever the other finds something in. */
const suspect = /^["\s=+\-@＝＋－＠]|;/u;
