import { readdirSync } from "node:fs";
import type { Probe } from "./probe.ts";

/** Every probe kind: each file of this folder that exports one, and is named after it. A new kind is a new file.
 *  `kinds`: whoever needs some of them only does not wait for the others. */
export async function loadProbes(kinds?: ReadonlySet<string>): Promise<Probe[]> {
  const files = readdirSync(import.meta.dirname).filter(
    (file) =>
      file.endsWith(".ts") &&
      !/\.(test|bench)\.ts$/.test(file) &&
      (kinds?.has(file.slice(0, -".ts".length)) ?? true),
  );
  const modules = await Promise.all(
    files
      .sort()
      .map(
        (file) =>
          import(/* @vite-ignore */ `${import.meta.dirname}/${file}`) as Promise<Record<string, unknown>>,
      ),
  );
  return modules
    .flatMap((module) => Object.values(module).filter(isProbe))
    .sort((a, b) => (a.kind < b.kind ? -1 : 1));
}

function isProbe(value: unknown): value is Probe {
  return (
    value !== null && typeof value === "object" && "checks" in value && "run" in value && "explain" in value
  );
}
