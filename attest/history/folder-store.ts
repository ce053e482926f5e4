import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, mkdir, open, readdir, rm } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { type HistoryStore, mostBytes, unavailable } from "./store.ts";

/** Where files are written before they get their name. */
const unfinished = ".unfinished";

/** A history in a folder of a local disk, or of a network's that keeps POSIX `link`. */
export class FolderStore implements HistoryStore {
  readonly name: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.name = folder;
    this.#folder = resolve(folder);
  }

  async list(): Promise<string[]> {
    try {
      const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(this.#folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/"))
        .filter((name) => !name.startsWith(`${unfinished}/`))
        .sort();
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw unavailable(this.name, "cannot be read", error);
    }
  }

  async read(name: string): Promise<Buffer | null> {
    try {
      await using file = await open(join(this.#folder, name), constants.O_RDONLY | constants.O_NONBLOCK);
      const found = await file.stat();
      const { size } = found;
      // A device would never end.
      if (!found.isFile()) throw new Error(`${name} is no file`);
      if (size > mostBytes) throw new Error(`${name} has ${size} bytes`);
      const content = await file.readFile();
      if (content.length !== size) throw new Error(`${name} gave ${content.length} of ${size} bytes`);
      return content;
    } catch (error) {
      if (codeOf(error) === "ENOENT") return null;
      throw unavailable(this.name, "cannot be read", error);
    }
  }

  /** The name is given by `link`, which refuses one that is taken, to a file that is whole and on the disk. */
  async create(name: string, content: Buffer): Promise<"created" | "exists"> {
    const target = join(this.#folder, name);
    const temporary = join(this.#folder, unfinished, `${process.pid}-${randomBytes(8).toString("hex")}`);
    try {
      await ensureFolder(dirname(target));
      await ensureFolder(dirname(temporary));
      await writeWhole(temporary, content);
      await link(temporary, target);
      await syncFolder(dirname(target));
      return "created";
    } catch (error) {
      // A folder that cannot be made, because a file is there, gives the same code.
      if (codeOf(error) === "EEXIST" && (error as NodeJS.ErrnoException).syscall === "link") return "exists";
      throw unavailable(this.name, `did not take ${name}`, error);
    } finally {
      await rm(temporary, { force: true }).catch(() => {});
    }
  }

  [Symbol.dispose](): void {}
}

async function writeWhole(path: string, content: Buffer): Promise<void> {
  await using file = await open(path, "wx", 0o444);
  await file.writeFile(content);
  await file.sync();
}

/** A new folder's own name has to reach the disk, too. */
async function ensureFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  for (let path = folder; made && path.length >= made.length; path = dirname(path))
    await syncFolder(dirname(path));
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  await handle.sync();
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
