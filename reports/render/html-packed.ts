/** Rows of a table whose markup is mostly the same, as data: what differs from row to row, by position in a list
 *  of its own for each place. The page's script puts them together again (`html-packed.js`). */
export interface PackedRows {
  shapes: PackedShape[];
  /** For each group, row after row: a shape, and the positions of its texts. */
  groups: { path: string; rows: number[] }[];
}

/** Markup between texts, one part more than there are texts; and for each place of a text all that stand there,
 *  in turn how many characters each has in common with the one before, and the rest of it. */
interface PackedShape {
  parts: string[];
  texts: (number | string)[][];
}

interface Shape {
  parts: string[];
  /** Where each text stands in its list, in the order of the list. */
  texts: Map<string, number>[];
}

export function packRows(groups: readonly { path: string; rows: Iterable<string> }[]): PackedRows {
  const shapes = new Map<string, { index: number; shape: Shape }>();
  const packed = groups.map(({ path, rows }) => {
    const numbers: number[] = [];
    for (const row of rows) {
      const { parts, texts } = partsOf(row);
      const key = parts.join("\0");
      const { index, shape } = shapes.get(key) ?? {
        index: shapes.size,
        shape: { parts, texts: texts.map(() => new Map<string, number>()) },
      };
      shapes.set(key, { index, shape });
      numbers.push(index, ...texts.map((text, place) => positionIn(shape.texts[place], text)));
    }
    return { path, rows: numbers };
  });
  return {
    shapes: [...shapes.values()].map(({ shape: { parts, texts } }) => ({
      parts,
      texts: texts.map((known) => frontCoded([...known.keys()])),
    })),
    groups: packed,
  };
}

/** Tags and space between them, and the texts between those. */
function partsOf(markup: string): { parts: string[]; texts: string[] } {
  const parts: string[] = [];
  const texts: string[] = [];
  let part = "";
  for (const token of markup.split(/(<[^>]*>)/)) {
    if (token.startsWith("<") || token.trim() === "") {
      part += token;
      continue;
    }
    parts.push(part);
    texts.push(token);
    part = "";
  }
  return { parts: [...parts, part], texts };
}

function positionIn(known: Map<string, number> | undefined, text: string): number {
  if (!known) throw new TypeError("a row has more texts than others of its shape");
  const position = known.get(text) ?? known.size;
  known.set(text, position);
  return position;
}

function frontCoded(texts: readonly string[]): (number | string)[] {
  return texts.flatMap((text, index) => {
    const before = texts[index - 1] ?? "";
    let common = 0;
    while (common < before.length && before[common] === text[common]) common++;
    return [common, text.slice(common)];
  });
}
