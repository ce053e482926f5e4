import type { Problem } from "./errors.ts";
import { nearest } from "./nearest.ts";

/** A map as it was written, before it is known to be one; and where in it. */
export type Path = readonly (string | number)[];
export type MapProblem = Omit<Problem, "path" | "file" | "line"> & { path: Path };

export const secretish = /(AKIA|ASIA)[A-Z0-9]{16}|-----BEGIN|:\/\/[^/\s:@]+:[^/\s@]+@|\b(sk|ghp|xox[bp])[-_]/;
const secretKey = /password|secret|token|accessKeyId|privateKey|apiKey/i;

/** Whether a key is one whose value nobody may see. */
export function looksSecret(path: Path): boolean {
  return secretKey.test(String(path.at(-1)));
}

/** A value as a problem may show it. */
export function show(value: unknown, path: Path): string {
  if (value === undefined) return "nothing";
  const written = JSON.stringify(value) ?? String(value);
  const nested = value !== null && typeof value === "object" && secretKey.test(written);
  if (looksSecret(path) || nested || secretish.test(written)) return "a value that is not shown here";
  return written.length > 80 ? `${written.slice(0, 77)}…` : written;
}

export function suggestion(
  got: string,
  known: readonly string[],
  otherwise = "choose one of the expected values",
): string {
  const [near] = nearest(got, known);
  return near ? `write "${near}"? Or ${otherwise}` : otherwise;
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, part) =>
      at !== null && typeof at === "object" ? (at as Record<string | number, unknown>)[part] : undefined,
    value,
  );
}

export function entries(value: unknown): [string, unknown][] {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? Object.entries(value) : [];
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
