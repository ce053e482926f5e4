import { digestOfPieces } from "../../core/digest.ts";

/** The element that carries what was signed: made after the page, so that its content is not of the page. */
export const carrierId = "statement";

const tag = /<(\/?)([a-z][a-z0-9]*)((?: [a-z-]+(?:="[^"]*")?)*)>/y;
const attribute = / ([a-z-]+)(?:="([^"]*)")?/g;
const text = /[^<]+/y;
const raw = new Set(["style", "script"]);
const empty = new Set(["meta", "input", "br"]);
const space = /^[\t\n\f\r ]*$/;
/** Where a parser drops or moves what is only space. */
const loose = new Set(["html", "body"]);

const characters: Record<string, string> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
};

/** SHA-256 of all that a page shows or hides: every element, attribute and text of it, its style and its script
 *  included, but not what it carries. A browser makes the same of its document (`html-form.js`). */
export function pageDigest(page: string): string {
  return digestOfPieces(formOf(page));
}

/** What a browser would read, as one text: each part begins with U+0000, which no document can hold. Only for
 *  markup that the `html` tag made: throws a TypeError at anything else. */
export function* formOf(page: string): Generator<string> {
  const doctype = "<!doctype html>\n";
  if (!page.startsWith(doctype)) throw new TypeError("a page begins with its doctype");
  yield "\0!html";
  const open: string[] = [];
  /** A large page has few tags, many times each. */
  const started = new Map<string, string>();
  for (let at = doctype.length; at < page.length; ) {
    const found = matchAt(tag, page, at);
    if (!found) {
      const words = matchAt(text, page, at)?.[0];
      if (words === undefined) throw new TypeError(`not markup of ours: ${page.slice(at, at + 40)}`);
      at += words.length;
      if (space.test(words) && (open.length === 0 || loose.has(open.at(-1) ?? ""))) continue;
      yield `\0.${plain(words)}`;
      continue;
    }
    const [whole, closing, name = "", attributes = ""] = found;
    at += whole.length;
    if (closing) {
      if (open.pop() !== name) throw new TypeError(`</${name}> closes what is not open`);
      yield "\0>";
      continue;
    }
    const start = started.get(whole) ?? `\0<${name}${attributesIn(name, attributes)}`;
    started.set(whole, start);
    yield start;
    if (empty.has(name)) yield "\0>";
    else if (raw.has(name)) {
      const end = page.indexOf(`</${name}>`, at);
      if (end < 0) throw new TypeError(`not closed: ${name}`);
      const carries = attributes.includes(` id="${carrierId}"`);
      if (end > at && !carries) yield `\0.${page.slice(at, end)}`;
      yield "\0>";
      at = end + `</${name}>`.length;
    } else open.push(name);
  }
  if (open.length > 0) throw new TypeError(`not closed: ${open.join(", ")}`);
}

function matchAt(pattern: RegExp, page: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(page);
}

/** Whether details are open is up to the reader, and to the link that they came by. */
function attributesIn(element: string, markup: string): string {
  return [...markup.matchAll(attribute)]
    .map(([, name = "", value = ""]) => ({ name, value: plain(value) }))
    .filter(({ name }) => !(element === "details" && name === "open"))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, value }) => `\0@${name}\0=${value}`)
    .join("");
}

function plain(escaped: string): string {
  if (!escaped.includes("&")) return escaped;
  return escaped.replace(/&[^;]*;?/g, (entity) => {
    const character = characters[entity];
    if (character === undefined) throw new TypeError(`no entity of ours: ${entity}`);
    return character;
  });
}
