import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { residencyMapSchema } from "../core/residency-map.ts";
import { projectRoot } from "../environments/node-script.ts";
import { loadProbes } from "../probes/catalog.ts";

export const schemaFile = join(projectRoot, "core", "residency-map.schema.json");

/** The JSON Schema by which editors complete and check a residency map; made from the zod schema. */
export async function residencySchemaText(): Promise<string> {
  const schema = z.toJSONSchema(residencyMapSchema(await loadProbes()), { io: "input" });
  return `${JSON.stringify({ ...schema, title: "Ringfence residency map" }, null, 2)}\n`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(schemaFile, await residencySchemaText());
