import { type Grade, join } from "../../core/vocabulary.ts";
import type { ReportVerdict } from "../report.ts";
import { isExcepted } from "./findings.ts";

/** What the attempts of one matrix cell came to; no tally is no attempt. */
export interface Tally {
  planned: number;
  breached: number;
  inconclusive: number;
  /** Breached under a waiver. Counted in `breached` too. */
  excepted: number;
  grade: Grade;
}

export interface MatrixRow {
  name: string;
  tallies: (Tally | null)[];
}

/** Rows as named, columns by whose data it is about. Every verdict lands in one cell of one row. */
export function matrixRows(
  verdicts: readonly ReportVerdict[],
  shape: { rows: readonly string[]; columns: readonly string[]; rowOf: (verdict: ReportVerdict) => string },
): MatrixRow[] {
  const cells = new Map<string, Map<string, ReportVerdict[]>>();
  for (const verdict of verdicts) {
    const row = cells.get(shape.rowOf(verdict)) ?? new Map<string, ReportVerdict[]>();
    const cell = row.get(verdict.about) ?? [];
    cell.push(verdict);
    cells.set(shape.rowOf(verdict), row.set(verdict.about, cell));
  }
  return shape.rows.map((name) => ({
    name,
    tallies: shape.columns.map((column) => tally(cells.get(name)?.get(column) ?? [])),
  }));
}

function tally(verdicts: readonly ReportVerdict[]): Tally | null {
  if (verdicts.length === 0) return null;
  return {
    planned: verdicts.length,
    breached: verdicts.filter((verdict) => verdict.grade === "breached").length,
    inconclusive: verdicts.filter((verdict) => verdict.grade === "inconclusive").length,
    excepted: verdicts.filter(isExcepted).length,
    grade: join(verdicts.map((verdict) => verdict.grade)),
  };
}

/** Declared regions first, then any that only a verdict names: nothing may fall out of the matrix. */
export function regionsNamed(declared: readonly string[], named: readonly string[]): string[] {
  return [...new Set([...declared, ...named])];
}
