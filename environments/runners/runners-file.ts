import { dirname, resolve } from "node:path";
import { z } from "zod";
import { RegionId } from "../../core/residency-map.ts";
import { readYamlFile, type YamlKind } from "../../files/yaml-file.ts";

/** Starts Node in Ringfence's folder, where the runner stands; the script to run comes behind it. */
const Command = z.array(z.string().min(1)).min(1);

/** Says how the runners of real regions are reached. */
const RunnersFile = z
  .strictObject({
    format: z.literal(1),
    name: z
      .string()
      .regex(/^[a-z0-9][\w.-]{0,63}$/i, "expected letters, digits, dots and hyphens")
      .describe("What reports and histories call these regions, taken together"),
    map: z.string().min(1).describe("Their residency map, beside this file"),
    regions: z.record(
      RegionId,
      z.strictObject({
        runner: Command,
        planted: z
          .record(z.string(), z.string().regex(/^[0-9a-f]{64}$/, "expected a SHA-256, in hexadecimal"))
          .describe("SHA-256 of the canary that is planted in each system of the region"),
      }),
    ),
    outside: z.strictObject({ runner: Command }).optional(),
  })
  .superRefine(({ regions, outside }, context) => {
    const known = new Map<string, string>();
    for (const [place, { runner }] of [
      ...Object.entries(regions),
      ...(outside ? [["outside", outside] as const] : []),
    ]) {
      const same = known.get(JSON.stringify(runner));
      const path = place === "outside" ? [place, "runner"] : ["regions", place, "runner"];
      if (same) context.addIssue({ code: "custom", path, message: `it is the runner of ${same} already` });
      known.set(JSON.stringify(runner), place);
    }
  });
export type RunnersFile = z.infer<typeof RunnersFile>;

const runnersFile = {
  schema: RunnersFile,
  code: "RUNNERS_INVALID",
  wrong: "does not say how the runners are reached",
  fix: "correct the file; docs/environments.md explains every key",
} as const satisfies YamlKind<RunnersFile>;

/** Throws RUNNERS_INVALID. `map` becomes a path of its own. */
export function readRunners(file: string): RunnersFile {
  const { value } = readYamlFile(file, runnersFile);
  return { ...value, map: resolve(dirname(file), value.map) };
}
