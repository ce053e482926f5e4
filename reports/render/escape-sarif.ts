import { visible } from "./visible.ts";

/** Plain text of a message, in which braces would be placeholders and brackets links (SARIF 2.1.0, 3.11.5 and
 *  3.11.6). */
export function sarifText(text: string): string {
  return visible(text).replace(/[{}]/g, "$&$&").replaceAll("](", "] (");
}
