import { join } from "node:path";
import { z } from "zod";
import { type LeakPath, leakPaths } from "../core/vocabulary.ts";
import { readYamlFile, type YamlKind } from "../files/yaml-file.ts";
import type { RegionReport } from "./report.ts";

const text = z.string().trim().min(1).max(200);

/** `controls.yaml`: which criteria the evidence of a leak path may support. */
export const Controls = z.strictObject({
  frameworks: z
    .array(
      z.strictObject({
        name: text,
        criteria: z
          .array(
            z.strictObject({
              id: text,
              about: text,
              paths: z.union([z.literal("all"), z.array(z.enum(leakPaths)).min(1)]),
            }),
          )
          .min(1),
      }),
    )
    .min(1),
});
export type Controls = z.infer<typeof Controls>;

/** What comes with Ringfence. */
export const defaultControls = join(import.meta.dirname, "controls.yaml");

const controlsFile = {
  schema: Controls,
  code: "CONTROLS_INVALID",
  wrong: "does not map leak paths to criteria",
  fix: `correct it after the example of ${defaultControls}; leak paths are ${leakPaths.join(", ")}`,
} as const satisfies YamlKind<Controls>;

/** Throws CONTROLS_INVALID, which names the file, and the line or the keys. */
export function readControls(file: string = defaultControls): { text: string; controls: Controls } {
  const { text, value } = readYamlFile(file, controlsFile);
  return { text, controls: value };
}

/** One criterion, and what the run tried of its leak paths. */
export interface Support {
  id: string;
  about: string;
  paths: LeakPath[];
  planned: number;
  contained: number;
}

/** The criteria of which anything was tried, by framework. */
export function supportOf(
  { frameworks }: Controls,
  reports: readonly Pick<RegionReport, "verdicts">[],
): { name: string; criteria: Support[] }[] {
  const verdicts = reports.flatMap((report) => report.verdicts);
  return frameworks
    .map(({ name, criteria }) => ({
      name,
      criteria: criteria
        .map(({ id, about, paths }) => {
          const mine = verdicts.filter(({ path }) => paths === "all" || paths.includes(path));
          const contained = mine.filter(({ grade }) => grade === "contained").length;
          const tried = leakPaths.filter((path) => mine.some((verdict) => verdict.path === path));
          return { id, about, paths: tried, planned: mine.length, contained };
        })
        .filter(({ planned }) => planned > 0),
    }))
    .filter(({ criteria }) => criteria.length > 0);
}
