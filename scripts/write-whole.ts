import { randomBytes } from "node:crypto";
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { usage } from "./options.ts";

interface Named {
  /** The option that named the file, as in "kit: --out". */
  option: string;
  mode?: number;
}

/** Written beside and renamed, so that whoever sees the file sees all of it, and a full disk leaves nothing. A
 *  device or a pipe takes it as it comes. Throws USAGE. */
export function writeWhole(file: string, content: string | Uint8Array, named: Named): void {
  asNamed(file, named, () => {
    const there = statSync(file, { throwIfNoEntry: false });
    if (there && !there.isFile()) writeFileSync(file, content);
    else writeBeside(there ? realpathSync(file) : file, content, named);
  });
}

/** The same where there is nothing yet. Throws USAGE. */
export function writeNew(file: string, content: string | Uint8Array, named: Named): void {
  asNamed(file, named, () => {
    writeFileSync(file, "", { flag: "wx", mode: named.mode });
    try {
      writeBeside(file, content, named);
    } catch (cause) {
      rmSync(file, { force: true });
      throw cause;
    }
  });
}

/** In a container every process may have the same number: chance tells two of them apart. */
function writeBeside(file: string, content: string | Uint8Array, { mode = 0o666 }: Named): void {
  const half = `${file}.${randomBytes(4).toString("hex")}.part`;
  try {
    writeFileSync(half, content, { flag: "wx", mode });
    renameSync(half, file);
  } catch (cause) {
    rmSync(half, { force: true });
    throw cause;
  }
}

function asNamed(file: string, { option }: Named, write: () => void): void {
  try {
    write();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw usage(
      `${option}: ${file} ${code === "EEXIST" ? "is there already" : `cannot be written: ${message}`}`,
      `name another file with ${option.split(" ").at(-1)}`,
    );
  }
}
