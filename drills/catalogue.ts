import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../core/digest.ts";
import type { Drill } from "../core/drill.ts";
import { leakPaths } from "../core/vocabulary.ts";

/** Every drill of a catalogue, in the order of leak paths: `<folder>/<leak path>.ts` exports `drills`, made
 *  for the tools of the environments that name the folder. */
export async function loadDrills<Tools>(folder: string): Promise<Drill<Tools>[]> {
  const files = drillFiles(folder);
  const paths = leakPaths.filter((path) => files.includes(`${path}.ts`));
  const modules = await Promise.all(
    paths.map((path) => import(join(folder, `${path}.ts`)) as Promise<{ drills: Drill<Tools>[] }>),
  );
  return modules.flatMap((module) => module.drills);
}

/** What the score is a score of: the source of all its drills. */
export function catalogueDigest(folder: string): string {
  return sha256(
    drillFiles(folder)
      .map((file) => `${file} ${sha256(readFileSync(join(folder, file)))}\n`)
      .join(""),
  );
}

function drillFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .sort();
}
