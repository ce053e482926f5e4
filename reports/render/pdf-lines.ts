import { type FaceName, face } from "./pdf-fonts.ts";

/** As on the pages: html-base.css, in light. */
export const ink = {
  text: "#191c20",
  quiet: "#545b65",
  line: "#dcdfe4",
  raised: "#f6f7f8",
  paper: "#ffffff",
  good: "#17633a",
  goodTint: "#e8f4ed",
  bad: "#b3231b",
  badTint: "#fcebe9",
  doubt: "#7a4b00",
  doubtTint: "#fdf2da",
} as const;
export type Ink = (typeof ink)[keyof typeof ink];

/** Sizes in points. */
export interface Style {
  face: FaceName;
  size: number;
  ink: Ink;
}

export const styles = {
  body: { face: "regular", size: 9, ink: ink.text },
  strong: { face: "bold", size: 9, ink: ink.text },
  quiet: { face: "regular", size: 8, ink: ink.quiet },
  code: { face: "mono", size: 7.2, ink: ink.text },
  cell: { face: "regular", size: 8, ink: ink.text },
  cellStrong: { face: "bold", size: 8, ink: ink.text },
  head: { face: "regular", size: 7.5, ink: ink.quiet },
} as const satisfies Record<string, Style>;

/** One line that fits where it is drawn. */
export interface Line {
  text: string;
  style: Style;
  indent: number;
  height: number;
}

const leading = 1.38;

/** Breaks a text at spaces, and a word that is longer than a line behind its punctuation, or anywhere. */
export function wrap(text: string, style: Style, width: number, indent = 0): Line[] {
  const { printable, fits } = measured(style, width - indent);
  const lines: string[] = [];
  let line = "";
  for (const word of printable(text).split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (fits(longer)) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    const pieces = piecesOf(word, fits);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? "";
  }
  lines.push(line);
  return lines.map((one) => ({ text: one, style, indent, height: style.size * leading }));
}

/** As much of a text as fits on one line. */
export function oneLine(text: string, style: Style, width: number): Line {
  const { printable, fits } = measured(style, width);
  const whole = printable(text);
  let shown = "";
  for (const character of whole) {
    if (!fits(`${shown}${character}…`)) break;
    shown += character;
  }
  if (shown !== whole) shown = fits(whole) ? whole : `${shown}…`;
  return { text: shown, style, indent: 0, height: style.size * leading };
}

function measured(style: Style, width: number) {
  const used = face(style.face);
  return {
    printable: (text: string) => used.printable(text),
    fits: (text: string) => used.width(text, style.size) <= width,
  };
}

function piecesOf(word: string, fits: (text: string) => boolean): string[] {
  if (fits(word)) return [word];
  const pieces: string[] = [];
  let piece = "";
  for (const part of word.split(/(?<=[/\-.:,_@=&?])/)) {
    if (fits(piece + part)) {
      piece += part;
      continue;
    }
    if (piece !== "") pieces.push(piece);
    piece = "";
    for (const character of part) {
      if (piece !== "" && !fits(piece + character)) {
        pieces.push(piece);
        piece = "";
      }
      piece += character;
    }
  }
  return [...pieces, piece];
}
