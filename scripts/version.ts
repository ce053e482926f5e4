import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../environments/node-script.ts";

export const version = (
  JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as { version: string }
).version;

export function today(): string {
  return new Date().toISOString().slice(0, 10);
}
