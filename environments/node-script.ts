import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const projectRoot = join(import.meta.dirname, "..");

/** What a user starts: the package's `bin`. */
export const commandLine = join(projectRoot, "scripts", "ringfence.mjs");

/** For the environment of processes that run our files: where Node keeps what it compiled, for the next start. It
 *  keeps what the first of them had come to use; each purpose uses another part of a file. */
export function compileCache(purpose: string): { NODE_COMPILE_CACHE: string } {
  return { NODE_COMPILE_CACHE: join(projectRoot, ".cache", "compiled", purpose) };
}

/** How this Node runs one of our TypeScript files in another process. Node strips types by itself, but
 *  not below node_modules, where an installed package lies: there tsx does it. */
export function scriptArguments(file: string): string[] {
  if (!projectRoot.includes("/node_modules/")) return [file];
  return ["--import", fileURLToPath(import.meta.resolve("tsx")), file];
}
