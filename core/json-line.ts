/** A value as the one line by which processes tell it to each other. Node's readline ends a line at U+2028 and
 *  U+2029, too, which JSON leaves as they are. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value).replace(/[\u2028\u2029]/g, escaped)}\n`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16)}`;
}
