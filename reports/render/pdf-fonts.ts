import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { create, type Font } from "fontkit";
import { visible } from "./visible.ts";

/** DejaVu: Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic, and the marks of the grades. */
const files = {
  regular: "DejaVuSansCondensed.ttf",
  bold: "DejaVuSansCondensed-Bold.ttf",
  mono: "DejaVuSansMono.ttf",
} as const;
export type FaceName = keyof typeof files;
export const faceNames = Object.keys(files) as FaceName[];

const folder = join(dirname(createRequire(import.meta.url).resolve("dejavu-fonts-ttf/package.json")), "ttf");

/** Paper is for reading: nobody reads a line of a far system for pages. */
const longest = 1200;

/** A typeface that measures: how wide a text is, and whether it can be shown at all. */
export class Face {
  readonly bytes: Buffer;
  readonly #font: Font;
  /** Width of each code point at size 1; null where the face has no glyph. */
  readonly #widths = new Map<number, number | null>();

  constructor(name: FaceName) {
    this.bytes = readFileSync(join(folder, files[name]));
    this.#font = create(this.bytes) as Font;
  }

  width(text: string, size: number): number {
    let width = 0;
    for (const character of text) width += this.#advance(character.codePointAt(0) ?? 0) ?? 0;
    return width * size;
  }

  /** One line in which nothing is unseen, also not for want of a glyph: 漢 becomes ⟨U+6F22⟩. */
  printable(text: string): string {
    let printed = "";
    for (const character of visible(text)) {
      if (printed.length >= longest) return `${printed}… (more in report.json)`;
      const codePoint = character.codePointAt(0) ?? 0;
      printed +=
        this.#advance(codePoint) === null
          ? `⟨U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}⟩`
          : character;
    }
    return printed;
  }

  #advance(codePoint: number): number | null {
    const known = this.#widths.get(codePoint);
    if (known !== undefined) return known;
    const advance = this.#font.hasGlyphForCodePoint(codePoint)
      ? this.#font.glyphForCodePoint(codePoint).advanceWidth / this.#font.unitsPerEm
      : null;
    this.#widths.set(codePoint, advance);
    return advance;
  }
}

const faces = new Map<FaceName, Face>();

export function face(name: FaceName): Face {
  const known = faces.get(name) ?? new Face(name);
  faces.set(name, known);
  return known;
}
