import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { RingfenceError } from "../core/errors.ts";
import { projectRoot } from "../environments/node-script.ts";
import { usage } from "./options.ts";

const runsFolder = join(projectRoot, "reports", "out");

/** A new or empty folder for one run; nothing is ever written over. */
export function claimDirectory(asked: string | undefined, runId: string): string {
  const directory = resolve(asked ?? join(runsFolder, runId));
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

/** Points `reports/out/latest` at a run in the default place. Null, or why it could not: the evidence is whole
 *  without it. By a rename, because another run may end in the same moment. */
export function markLatest(directory: string, parent = runsFolder): string | null {
  if (dirname(directory) !== parent) return null;
  const [latest, made] = [join(parent, "latest"), join(parent, `.latest-${process.pid}`)];
  try {
    // Of a run that was killed here, and had the same number.
    rmSync(made, { force: true });
    symlinkSync(basename(directory), made);
    renameSync(made, latest);
    return null;
  } catch (error) {
    rmSync(made, { force: true });
    return `${latest} is not this run: ${(error as Error).message}`;
  }
}
