import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { RingfenceError } from "../core/errors.ts";
import { projectRoot } from "../environments/node-script.ts";
import { usage } from "./options.ts";

/** A new or empty folder for one run; nothing is ever written over. */
export function claimDirectory(asked: string | undefined, runId: string): string {
  const directory = resolve(asked ?? join(projectRoot, "reports", "out", runId));
  if (filesIn(directory).length > 0) {
    throw new RingfenceError("OUT_NOT_EMPTY", `--out: ${directory} is not empty`, {
      fix: "name a new or an empty folder",
    });
  }
  return directory;
}

/** What lies in a folder, which is made where there is none. Throws USAGE. */
export function filesIn(directory: string): string[] {
  try {
    makeFolder(directory);
    return readdirSync(directory);
  } catch (cause) {
    throw usage(
      `--out: ${directory} cannot be written to: ${(cause as Error).message}`,
      "name a folder that is yours to write to",
    );
  }
}

/** One by one: Node's recursive way never ends below /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

/** Points `reports/out/latest` at a run in the default place. */
export function markLatest(directory: string): void {
  const parent = join(projectRoot, "reports", "out");
  if (dirname(directory) !== parent) return;
  rmSync(join(parent, "latest"), { force: true });
  symlinkSync(basename(directory), join(parent, "latest"));
}
