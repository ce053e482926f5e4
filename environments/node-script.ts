import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const projectRoot = join(import.meta.dirname, "..");

/** How this Node runs one of our TypeScript files in another process. Node strips types by itself, but
 *  not below node_modules, where an installed package lies: there tsx does it. */
export function scriptArguments(file: string): string[] {
  if (!projectRoot.includes("/node_modules/")) return [file];
  return ["--import", fileURLToPath(import.meta.resolve("tsx")), file];
}
