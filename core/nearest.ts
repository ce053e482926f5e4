/** At most three words that a typing error, or a part of the word, may have meant; the nearest first. */
export function nearest(asked: string, words: readonly string[]): string[] {
  const allowed = Math.min(asked.length - 1, Math.max(2, Math.floor(asked.length / 3)));
  return words
    .map((word) => ({ word, distance: distanceTo(asked.toLowerCase(), word.toLowerCase()) }))
    .filter(({ distance }) => distance <= allowed)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ word }) => word);
}

function distanceTo(asked: string, word: string): number {
  const part = asked.length >= 3 && (word.includes(asked) || asked.includes(word));
  return part ? 1 : edits(asked, word);
}

/** Letters to insert, delete or replace (Levenshtein). */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
