import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { usage } from "./options.ts";

/** Written beside and renamed, so that whoever sees the file sees all of it, and a full disk leaves nothing. A
 *  device or a pipe takes it as it comes. `option`: the one that named the file, as in "kit: --out". Throws USAGE. */
export function writeWhole(
  file: string,
  content: string | Uint8Array,
  { option, mode = 0o666 }: { option: string; mode?: number },
): void {
  const there = statSync(file, { throwIfNoEntry: false });
  const place = there?.isFile() ? realpathSync(file) : file;
  const half = `${place}.${process.pid}.part`;
  try {
    if (there && !there.isFile()) writeFileSync(file, content);
    else {
      writeFileSync(half, content, { flag: "wx", mode });
      renameSync(half, place);
    }
  } catch (cause) {
    rmSync(half, { force: true });
    throw usage(
      `${option}: ${file} cannot be written: ${(cause as Error).message}`,
      `name another file with ${option.split(" ").at(-1)}`,
    );
  }
}
