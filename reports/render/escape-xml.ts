import { visible } from "./visible.ts";

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Safe as XML 1.0 text and inside a double-quoted attribute. Characters that XML forbids even as
 *  references (section 2.2) are already pictures after `visible`. */
export function escapeXml(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
