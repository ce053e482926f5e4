import { escapeXml } from "./escape-xml.ts";
import { type CellStyle, styleNumbers, stylesXml } from "./workbook-styles.ts";
import { zip } from "./zip.ts";

export interface Sheet {
  /** At most 31 characters, without []:*?/\ */
  name: string;
  columns: readonly { name: string; width: number }[];
  rows: readonly (readonly Cell[])[];
}

/** Text stays text, whatever it begins with: no cell of ours is ever a formula. */
export type Cell = string | number | { value: string | number; style: CellStyle };

const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const packaged = "http://schemas.openxmlformats.org/package/2006";
const xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/** An Office Open XML workbook (ECMA-376). Its bytes depend on the sheets alone, and on no clock. */
export function workbook(sheets: readonly Sheet[]): Uint8Array {
  const texts = new SharedTexts();
  const pages = sheets.map((sheet, index) => sheetXml(sheet, { texts, first: index === 0 }));
  const parts: Record<string, string> = {
    "[Content_Types].xml": contentTypes(sheets.length),
    "_rels/.rels": relationships([["officeDocument", "xl/workbook.xml"]]),
    "xl/workbook.xml": workbookXml(sheets),
    "xl/_rels/workbook.xml.rels": relationships([
      ...sheets.map((_, index): [string, string] => ["worksheet", `worksheets/sheet${index + 1}.xml`]),
      ["styles", "styles.xml"],
      ["sharedStrings", "sharedStrings.xml"],
    ]),
    "xl/styles.xml": stylesXml,
    ...Object.fromEntries(pages.map((page, index) => [`xl/worksheets/sheet${index + 1}.xml`, page])),
    "xl/sharedStrings.xml": texts.xml(),
  };
  return zip(Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, xml + part])));
}

/** Each text once, by number. */
class SharedTexts {
  readonly #numbers = new Map<string, number>();
  #uses = 0;

  number(text: string): number {
    this.#uses++;
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  xml(): string {
    const items = [...this.#numbers.keys()].map(
      (text) => `<si><t xml:space="preserve">${cellText(text)}</t></si>`,
    );
    return `<sst xmlns="${main}" count="${this.#uses}" uniqueCount="${this.#numbers.size}">${items.join("")}</sst>`;
  }
}

/** Excel reads `_x0041_` as the character 0x41, so an underscore that begins such a thing is written as one. */
function cellText(text: string): string {
  return escapeXml(text).replace(/_(?=x[0-9a-fA-F]{4}_)/g, "_x005F_");
}

/** The first row names the columns: it stays in view, and each has a filter. */
function sheetXml(
  { columns, rows }: Sheet,
  { texts, first }: { texts: SharedTexts; first: boolean },
): string {
  const letters = columns.map((_, index) => columnLetters(index));
  const head = columns.map(({ name }): Cell => ({ value: name, style: "head" }));
  const lines = [head, ...rows].map((cells, row) => {
    const inner = cells.map((cell, column) => cellXml(cell, `${letters[column]}${row + 1}`, texts)).join("");
    return `<row r="${row + 1}">${inner}</row>`;
  });
  const range = `A1:${letters.at(-1)}${rows.length + 1}`;
  return `<worksheet xmlns="${main}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><dimension ref="${range}"/>
<sheetViews><sheetView workbookViewId="0"${first ? ' tabSelected="1"' : ""}><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>
<cols>${columns.map(({ width }, index) => `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"/>`).join("")}</cols>
<sheetData>${lines.join("\n")}</sheetData>
<autoFilter ref="${range}"/><pageSetup orientation="landscape" fitToHeight="0"/></worksheet>`;
}

function cellXml(cell: Cell, reference: string, texts: SharedTexts): string {
  const { value, style } = typeof cell === "object" ? cell : { value: cell, style: "plain" as const };
  if (value === "") return "";
  const look = style === "plain" ? "" : ` s="${styleNumbers[style]}"`;
  if (typeof value === "number") return `<c r="${reference}"${look}><v>${value}</v></c>`;
  return `<c r="${reference}"${look} t="s"><v>${texts.number(value)}</v></c>`;
}

/** A, B, … Z, AA, AB, … */
function columnLetters(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : columnLetters(Math.floor(index / 26) - 1) + last;
}

function workbookXml(sheets: readonly Sheet[]): string {
  const list = sheets.map(
    ({ name }, index) => `<sheet name="${escapeXml(name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`,
  );
  return `<workbook xmlns="${main}" xmlns:r="${relations}"><sheets>${list.join("")}</sheets></workbook>`;
}

function relationships(targets: readonly [kind: string, target: string][]): string {
  const list = targets.map(
    ([kind, target], index) =>
      `<Relationship Id="rId${index + 1}" Type="${relations}/${kind}" Target="${target}"/>`,
  );
  return `<Relationships xmlns="${packaged}/relationships">${list.join("")}</Relationships>`;
}

function contentTypes(sheets: number): string {
  const kinds: [part: string, kind: string][] = [
    ["workbook", "sheet.main"],
    ["styles", "styles"],
    ["sharedStrings", "sharedStrings"],
    ...Array.from({ length: sheets }, (_, index): [string, string] => [
      `worksheets/sheet${index + 1}`,
      "worksheet",
    ]),
  ];
  const list = kinds.map(
    ([part, kind]) =>
      `<Override PartName="/xl/${part}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.${kind}+xml"/>`,
  );
  return `<Types xmlns="${packaged}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${list.join("")}</Types>`;
}
