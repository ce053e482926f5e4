import { face } from "./pdf-fonts.ts";
import { type Ink, ink, type Line, type Style, styles, wrap } from "./pdf-lines.ts";
import type { Paper } from "./pdf-paper.ts";

export interface Column {
  name: string;
  /** Its part of the width, beside the other columns' parts. */
  part: number;
  align?: "right" | "center";
}

/** One or more paragraphs in their styles; a ground of its own, where it has one. */
export type TableCell = string | { texts: readonly (readonly [text: string, style: Style])[]; ground?: Ink };

const mostHeadLines = 3;
const padding = { side: 5, top: 3.5 };

interface Placed extends Column {
  x: number;
  width: number;
}

/** A table whose head comes again on each page, and whose rows stay whole where a page can hold them. */
export function table(
  paper: Paper,
  columns: readonly Column[],
  rows: readonly (readonly TableCell[])[],
): void {
  const placed = place(paper, columns);
  const head = placed.map((column) => headLines(column));
  const headHeight = heightOf(head);
  const drawHead = () => {
    drawRow(paper, placed, head, { texts: [], height: headHeight });
    rule(paper, ink.quiet);
  };
  paper.gap(4);
  paper.need(headHeight + 24);
  drawHead();
  for (const cells of rows) {
    let rest = placed.map((column, index) => linesOf(cells[index] ?? "", column));
    const begin = () => {
      paper.newPage();
      drawHead();
    };
    const whole = heightOf(rest);
    if (whole > paper.room && whole <= paper.bottom - 48 - headHeight) begin();
    while (rest.some((lines) => lines.length > 0)) {
      if (paper.room < 2 * padding.top + tallest(rest)) begin();
      const here = rest.map((lines) => fitting(lines, paper.room - 2 * padding.top));
      rest = rest.map((lines, index) => lines.slice(here[index]?.length ?? 0));
      drawRow(paper, placed, here, { texts: cells, height: heightOf(here) });
    }
    rule(paper, ink.line);
  }
}

/** A head of a few lines: it must leave room for rows on every page. */
function headLines(column: Placed): Line[] {
  const lines = linesOf({ texts: [[column.name, styles.head]] }, column);
  const last = lines[mostHeadLines - 1];
  if (!last || lines.length === mostHeadLines) return lines;
  return [...lines.slice(0, mostHeadLines - 1), { ...last, text: `${last.text.slice(0, -1)}…` }];
}

function place(paper: Paper, columns: readonly Column[]): Placed[] {
  const parts = columns.reduce((sum, { part }) => sum + part, 0);
  let x = paper.left;
  return columns.map((column) => {
    const width = (paper.width * column.part) / parts;
    const placed = { ...column, x, width };
    x += width;
    return placed;
  });
}

function linesOf(cell: TableCell, { width }: Placed): Line[] {
  const texts = typeof cell === "string" ? [[cell, styles.cell] as const] : cell.texts;
  return texts.flatMap(([text, style]) => wrap(text, style, width - 2 * padding.side));
}

const sum = (lines: readonly Line[]) => lines.reduce((height, line) => height + line.height, 0);

function heightOf(cells: readonly (readonly Line[])[]): number {
  return Math.max(0, ...cells.map(sum)) + 2 * padding.top;
}

function tallest(cells: readonly (readonly Line[])[]): number {
  return Math.max(0, ...cells.map(([first]) => first?.height ?? 0));
}

function fitting(lines: readonly Line[], room: number): Line[] {
  let height = 0;
  return lines.filter((line) => {
    height += line.height;
    return height <= room;
  });
}

function drawRow(
  paper: Paper,
  columns: readonly Placed[],
  cells: readonly (readonly Line[])[],
  { texts, height }: { texts: readonly TableCell[]; height: number },
): void {
  for (const [index, { x, width, align }] of columns.entries()) {
    const cell = texts[index];
    if (typeof cell === "object" && cell.ground) {
      paper.rectangle(x + 1, paper.y + 1, { width: width - 2, height: height - 2 }, cell.ground);
    }
    let y = paper.y + padding.top;
    for (const line of cells[index] ?? []) {
      const free = width - 2 * padding.side - face(line.style.face).width(line.text, line.style.size);
      const shift = align === "right" ? free : align === "center" ? free / 2 : 0;
      paper.draw(line, x + padding.side + shift, y);
      y += line.height;
    }
  }
  paper.y += height;
}

function rule(paper: Paper, colour: Ink): void {
  paper.rule(colour, 0.5);
}
