import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { RingfenceError } from "../core/errors.ts";
import { projectRoot } from "../environments/node-script.ts";

/** A new or empty folder for one run; nothing is ever written over. */
export function claimDirectory(asked: string | undefined, runId: string): string {
  const directory = resolve(asked ?? join(projectRoot, "reports", "out", runId));
  if (existsSync(directory) && readdirSync(directory).length > 0) {
    throw new RingfenceError("OUT_NOT_EMPTY", `--out: ${directory} is not empty`, {
      fix: "name a new or an empty folder",
    });
  }
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** Points `reports/out/latest` at a run in the default place. */
export function markLatest(directory: string): void {
  const parent = join(projectRoot, "reports", "out");
  if (dirname(directory) !== parent) return;
  rmSync(join(parent, "latest"), { force: true });
  symlinkSync(basename(directory), join(parent, "latest"));
}
