import { readFileSync } from "node:fs";

/** The list items of a LIMITS.md: what a green in that environment does not say. */
export function limitsOf(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(/^- (.+)$/gm)].map((match) => match[1] ?? "");
}
