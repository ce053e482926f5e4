import { visible } from "./visible.ts";

/** Pipe and backslash become references and not `\|`: table parsers disagree about `\\|`. The comment
 *  behind @ keeps forges from notifying whoever a banner names. */
const replacements: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "|": "&#124;",
  "\\": "&#92;",
  "`": "&#96;",
  $: "&#36;",
  "@": "&#64;<!---->",
};

/** Text on one line of GitHub Flavored Markdown: no table cell, link, code, HTML or mention can start in
 *  it. It must follow words of ours, for what only counts at the start of a line is left alone. */
export function escapeMarkdown(text: string): string {
  return visible(text)
    .replace(/[&<>|\\`$@*_[\]~!]/g, (character) => replacements[character] ?? `\\${character}`)
    .replace(/:(?=\/\/)/g, "&#58;")
    .replace(/(www)\./gi, "$1&#46;");
}

/** A code span by tag, because no number of backticks is safe inside a table. */
export function markdownCode(text: string): string {
  return `<code>${escapeMarkdown(text)}</code>`;
}

/** One row; cells are already Markdown. */
export function markdownRow(cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  return [markdownRow(header), markdownRow(header.map(() => "---")), ...rows.map(markdownRow)].join("\n");
}
