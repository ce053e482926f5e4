import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../core/digest.ts";
import type { Drill } from "../../core/drill.ts";
import { leakPaths } from "../../core/vocabulary.ts";

/** Every drill there is, in the order of leak paths: `suites/drills/<leak path>.ts` exports `drills`. */
export async function loadDrills(): Promise<Drill[]> {
  const files = drillFiles();
  const paths = leakPaths.filter((path) => files.includes(`${path}.ts`));
  const modules = await Promise.all(
    paths.map((path) => import(join(import.meta.dirname, `${path}.ts`)) as Promise<{ drills: Drill[] }>),
  );
  return modules.flatMap((module) => module.drills);
}

/** What the score is a score of: the source of all drills. */
export function catalogueDigest(): string {
  return sha256(
    drillFiles()
      .map((file) => `${file} ${sha256(readFileSync(join(import.meta.dirname, file)))}\n`)
      .join(""),
  );
}

function drillFiles(): string[] {
  return readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .sort();
}
