import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { RingfenceError } from "../core/errors.ts";
import { type LeakPath, leakPaths } from "../core/vocabulary.ts";
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

/** Throws CONTROLS_INVALID, which names the file, and the line or the keys. */
export function readControls(file: string = defaultControls): { text: string; controls: Controls } {
  const content = contentOf(file);
  const parsed = Controls.safeParse(parsedYaml(content, file));
  if (!parsed.success) throw invalid(file, z.prettifyError(parsed.error));
  return { text: content, controls: parsed.data };
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

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw invalid(file, "it cannot be read", cause);
  }
}

function parsedYaml(content: string, file: string): unknown {
  try {
    return parse(content, { logLevel: "error" });
  } catch (cause) {
    const line = cause instanceof YAMLParseError ? cause.linePos?.[0].line : undefined;
    throw invalid(file, line === undefined ? "it is not YAML" : `it is not YAML at line ${line}`, cause);
  }
}

/** The problem may quote the file, and ends on a terminal. */
function invalid(file: string, problem: string, cause?: unknown): RingfenceError {
  const legible = problem.replace(/[^\P{C}\n]/gu, "");
  return new RingfenceError("CONTROLS_INVALID", `${file} does not map leak paths to criteria:\n${legible}`, {
    ...(cause === undefined ? {} : { cause }),
    fix: `correct it after the example of ${defaultControls}; leak paths are ${leakPaths.join(", ")}`,
  });
}
