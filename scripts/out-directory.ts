import { readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { RingfenceError } from "../core/errors.ts";
import { projectRoot } from "../environments/node-script.ts";
import { makeFolder } from "../files/make-folder.ts";
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

/** Points `latest` at a run in the default place as soon as it has one: were it still at the run before, whoever
 *  publishes what is there after this one failed would publish an older page. Throws USAGE. */
export function markLatest(directory: string, parent = runsFolder): void {
  if (dirname(directory) !== parent) return;
  const [link, next] = [join(parent, "latest"), join(parent, `latest-${basename(directory)}`)];
  try {
    symlinkSync(basename(directory), next);
    // At once, also where two runs begin together.
    renameSync(next, link);
  } catch (cause) {
    rmSync(next, { force: true });
    throw usage(`${link} cannot be made a link: ${(cause as Error).message}`, "move away what is there");
  }
}
