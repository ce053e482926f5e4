const longest = 4000;

/** Everything a reader would not see, or that moves or reverses what they see: control characters, ANSI
 *  escapes, newlines, bidi controls, zero-width characters, lone surrogates, noncharacters. */
const unseen =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;

/** Most texts are this, and the class above takes ten times as long. */
const plain = /^[ -~]*$/;

/** One line of text in which nothing is invisible: ESC becomes ␛, a right-to-left override ⟨U+202E⟩.
 *  Strings in a report come from far systems and are hostile until shown otherwise. What is left is legal
 *  in XML 1.0. Beyond 4,000 characters the rest is counted instead of shown. */
export function visible(text: string): string {
  const shown = text.length > longest ? text.slice(0, longest) : text;
  const rest = text.length - shown.length;
  return pictured(shown) + (rest > 0 ? `… (${rest} more characters)` : "");
}

/** The same without a limit. */
export function pictured(text: string): string {
  return plain.test(text) ? text : text.replace(unseen, picture);
}

function picture(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  if (codePoint < 0x20) return String.fromCodePoint(0x2400 + codePoint);
  if (codePoint === 0x7f) return "␡";
  return `⟨U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}
