interface Look {
  bold?: true;
  /** Colours as ARGB. */
  ink?: string;
  ground?: string;
  wrap?: true;
}

const looks = {
  plain: {},
  head: { bold: true, ink: "FFFFFFFF", ground: "FF3A4250", wrap: true },
  strong: { bold: true },
  wrapped: { wrap: true },
  good: { ink: "FF17633A", ground: "FFE8F4ED" },
  bad: { bold: true, ink: "FFB3231B", ground: "FFFCEBE9" },
  doubt: { bold: true, ink: "FF7A4B00", ground: "FFFDF2DA" },
} as const satisfies Record<string, Look>;

export type CellStyle = keyof typeof looks;

/** The number by which a cell names its style. */
export const styleNumbers = Object.fromEntries(
  Object.keys(looks).map((name, number) => [name, number]),
) as Record<CellStyle, number>;

const all: Look[] = Object.values(looks);
const font = ({ bold, ink }: Look) =>
  `<font>${bold ? "<b/>" : ""}<sz val="10"/>${ink ? `<color rgb="${ink}"/>` : ""}<name val="Calibri"/><family val="2"/></font>`;
const fill = ({ ground }: Look) =>
  ground
    ? `<fill><patternFill patternType="solid"><fgColor rgb="${ground}"/></patternFill></fill>`
    : '<fill><patternFill patternType="none"/></fill>';
/** The first two fills are the format's own, whatever is written there. */
const ownFills = ["none", "gray125"].map((name) => `<fill><patternFill patternType="${name}"/></fill>`);
const cell = ({ wrap }: Look, number: number) =>
  `<xf numFmtId="0" fontId="${number}" fillId="${number + ownFills.length}" borderId="0" xfId="0" applyFont="1" applyFill="1" applyAlignment="1"><alignment vertical="top"${wrap ? ' wrapText="1"' : ""}/></xf>`;
const list = (tag: string, items: readonly string[]) =>
  `<${tag} count="${items.length}">${items.join("")}</${tag}>`;

/** `xl/styles.xml`. */
export const stylesXml = [
  '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">',
  list("fonts", all.map(font)),
  list("fills", [...ownFills, ...all.map(fill)]),
  list("borders", ["<border><left/><right/><top/><bottom/><diagonal/></border>"]),
  list("cellStyleXfs", ['<xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>']),
  list("cellXfs", all.map(cell)),
  list("cellStyles", ['<cellStyle name="Normal" xfId="0" builtinId="0"/>']),
  "</styleSheet>",
].join("");
