import PDFDocument from "pdfkit";
import { faceNames, face as faceOf } from "./pdf-fonts.ts";
import { type Ink, ink, type Line, oneLine, type Style, styles, wrap } from "./pdf-lines.ts";

const a4 = { width: 595.28, height: 841.89 };
const margin = { side: 48, top: 48, bottom: 58 };

/** A ground under lines, with a bar at its left. */
export interface Look {
  ground: Ink;
  bar: Ink;
}

/** Paper that is filled from the top down; what does not fit goes on on the next page. Measures are points. */
export class Paper {
  readonly left = margin.side;
  readonly width = a4.width - 2 * margin.side;
  readonly #doc: PDFKit.PDFDocument;
  readonly #bytes: Promise<Uint8Array>;
  y = margin.top;

  constructor(about: { title: string; subject: string; moment: Date }) {
    const { title, subject, moment } = about;
    this.#doc = new PDFDocument({
      size: "A4",
      margin: 0,
      bufferPages: true,
      lang: "en",
      displayTitle: true,
      pdfVersion: "1.7",
      info: {
        Title: faceOf("regular").printable(title),
        Subject: faceOf("regular").printable(subject),
        Producer: "Ringfence",
        Creator: "Ringfence",
        CreationDate: moment,
        ModDate: moment,
      },
    });
    for (const name of faceNames) this.#doc.registerFont(name, faceOf(name).bytes);
    this.#bytes = collected(this.#doc);
  }

  get bottom(): number {
    return a4.height - margin.bottom;
  }

  /** Room that is left on this page. */
  get room(): number {
    return this.bottom - this.y;
  }

  newPage(): void {
    this.#doc.addPage();
    this.y = margin.top;
  }

  /** Goes to the next page unless so much fits on this one. */
  need(height: number): void {
    if (height > this.room && this.y > margin.top) this.newPage();
  }

  gap(height: number): void {
    this.y = Math.min(this.y + height, this.bottom);
  }

  /** Draws one line at a place, without moving on. */
  draw({ text, style }: Pick<Line, "text" | "style">, x: number, y: number): void {
    if (text === "") return;
    this.#doc.font(style.face).fontSize(style.size).fillColor(style.ink);
    this.#doc.text(text, x, y, { lineBreak: false });
  }

  rectangle(x: number, y: number, { width, height }: { width: number; height: number }, colour: Ink): void {
    this.#doc.rect(x, y, width, height).fill(colour);
  }

  rule(colour: Ink = ink.line, thickness = 0.6): void {
    this.rectangle(this.left, this.y, { width: this.width, height: thickness }, colour);
  }

  text(text: string, style: Style = styles.body, indent = 0): void {
    this.lines(wrap(text, style, this.width, indent));
  }

  lines(lines: readonly Line[]): void {
    for (const line of lines) {
      this.need(line.height);
      this.draw(line, this.left + line.indent, this.y);
      this.y += line.height;
    }
  }

  /** Lines on a ground of their own, which goes on with them on the next page. `write` makes them to a width. */
  box(look: Look, write: (width: number) => readonly Line[]): void {
    const padding = { side: 12, top: 7 };
    const rest = [...write(this.width - 2 * padding.side)];
    const [first] = rest;
    if (first) this.need(first.height * Math.min(3, rest.length) + 2 * padding.top);
    while (rest.length > 0) {
      let height = 0;
      const here: Line[] = [];
      while (rest[0] && (here.length === 0 || height + rest[0].height + 2 * padding.top <= this.room)) {
        const line = rest.shift() as Line;
        here.push(line);
        height += line.height;
      }
      const full = height + 2 * padding.top;
      this.rectangle(this.left, this.y, { width: this.width, height: full }, look.ground);
      this.rectangle(this.left, this.y, { width: 3, height: full }, look.bar);
      let y = this.y + padding.top;
      for (const line of here) {
        this.draw(line, this.left + padding.side + line.indent, y);
        y += line.height;
      }
      this.y += full;
      if (rest.length > 0) this.newPage();
    }
  }

  /** Begins a section; `keep`: how much of what follows must stand on the same page. */
  section(name: string, { count, keep = 60 }: { count?: string; keep?: number } = {}): void {
    if (this.y > margin.top) this.gap(22);
    this.need(24 + keep);
    const title = oneLine(name, { face: "bold", size: 14, ink: ink.text }, this.width);
    this.draw(title, this.left, this.y);
    if (count !== undefined) {
      const beside = faceOf(title.style.face).width(title.text, title.style.size) + 8;
      this.draw({ text: count, style: { ...styles.body, ink: ink.quiet } }, this.left + beside, this.y + 4.5);
    }
    this.y += title.height + 6;
    this.#doc.outline.addItem(title.text);
  }

  subsection(name: string): void {
    this.gap(8);
    this.need(50);
    this.text(name, { face: "bold", size: 10.5, ink: ink.text });
    this.gap(3);
  }

  /** Writes the foot of every page, and gives the file. */
  async finish(foot: string): Promise<Uint8Array> {
    const { start, count } = this.#doc.bufferedPageRange();
    for (let page = 0; page < count; page++) {
      this.#doc.switchToPage(start + page);
      const number = `Page ${page + 1} of ${count}`;
      const numberWidth = faceOf(styles.head.face).width(number, styles.head.size);
      const y = a4.height - 36;
      this.rectangle(this.left, y - 7, { width: this.width, height: 0.6 }, ink.line);
      this.draw(oneLine(foot, styles.head, this.width - numberWidth - 16), this.left, y);
      this.draw({ text: number, style: styles.head }, this.left + this.width - numberWidth, y);
    }
    this.#doc.end();
    return this.#bytes;
  }
}

function collected(doc: PDFKit.PDFDocument): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    doc.on("data", (chunk: Buffer) => chunks.push(chunk));
    doc.on("end", () => resolve(Buffer.concat(chunks)));
    doc.on("error", reject);
  });
}
