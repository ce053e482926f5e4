import { visible } from "./visible.ts";

/** Markup that we wrote. Only the `html` tag makes it, so a plain string is never markup. */
export class Html {
  readonly #markup: string;
  private constructor(markup: string) {
    this.#markup = markup;
  }
  toString(): string {
    return this.#markup;
  }
  static ours(markup: string): Html {
    return new Html(markup);
  }
}

export type Content = Html | string | number | null | readonly Content[];

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Safe as text and inside a double-quoted attribute. */
export function escapeHtml(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

/** Markup with every interpolated string escaped; attributes must be double-quoted. `null` is nothing. */
export function html(ours: TemplateStringsArray, ...contents: Content[]): Html {
  return Html.ours(ours.map((part, index) => part + markupOf(contents[index] ?? null)).join(""));
}

function markupOf(content: Content): string {
  if (content === null) return "";
  if (content instanceof Html) return content.toString();
  if (typeof content === "string") return escapeHtml(content);
  if (typeof content === "number") return String(content);
  return content.map(markupOf).join("");
}
