const coloured = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

function paint(code: number): (text: string) => string {
  return (text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
}

export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);

/** Text from outside, made harmless for a terminal: control and direction characters are dropped. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, "");
}

/** Columns as wide as their widest cell, measured before painting. */
export function table(
  rows: readonly (readonly string[])[],
  paintCell: (cell: string, column: number, row: number) => string = (cell) => cell,
): string {
  const widths = rows.reduce<number[]>(
    (sofar, row) => row.map((cell, column) => Math.max(sofar[column] ?? 0, cell.length)),
    [],
  );
  return rows
    .map((row, index) =>
      row
        .map(
          (cell, column) =>
            paintCell(cell, column, index) +
            " ".repeat(column === row.length - 1 ? 0 : (widths[column] ?? 0) - cell.length),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
