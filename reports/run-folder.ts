import { createHash } from "node:crypto";
import {
  closeSync,
  type Dirent,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { encoded, sha256 } from "../core/digest.ts";
import { RingfenceError } from "../core/errors.ts";

const bytesPerRead = 1 << 20;

/** A run's folder. Large files pass through it piece by piece, and each file is digested once: as it was
 *  written here, or as it was first read. */
export class RunFolder {
  readonly directory: string;
  readonly #digests = new Map<string, string>();

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Half a file is never there under its name. Throws USAGE where it cannot be written. */
  write(name: string, content: string | Uint8Array | Iterable<string>): void {
    const place = this.#path(name);
    const half = `${place}.part`;
    const isWhole = typeof content === "string" || content instanceof Uint8Array;
    try {
      this.#digests.set(name, isWhole ? writeBytes(half, content) : writePieces(half, content));
      renameSync(half, place);
    } catch (cause) {
      rmSync(half, { force: true });
      if ((cause as NodeJS.ErrnoException).syscall === undefined) throw cause;
      throw new RingfenceError("USAGE", `${place} cannot be written: ${(cause as Error).message}`, {
        cause,
        fix: "make room there, or name another folder with --out",
      });
    }
  }

  /** Throws where there is no such file. */
  read(name: string): Buffer {
    const bytes = readFileSync(this.#path(name));
    this.#remember(name, sha256(bytes));
    return bytes;
  }

  text(name: string): string {
    return this.read(name).toString("utf8");
  }

  /** Throws, too, where it is not JSON, or not of that shape. */
  json<T>(name: string, schema: z.ZodType<T>): T {
    return schema.parse(JSON.parse(this.text(name)));
  }

  /** The pieces between line ends, as splitting the whole text would leave them. */
  *lines(name: string): Generator<string> {
    const digest = createHash("sha256");
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let rest = "";
    for (const chunk of this.chunks(name)) {
      digest.update(chunk);
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
    yield rest + decoder.decode();
    this.#remember(name, digest.digest("hex"));
  }

  /** In hex; throws where there is no such file. */
  sha256(name: string): string {
    const known = this.#digests.get(name);
    if (known !== undefined) return known;
    const digest = createHash("sha256");
    for (const bytes of this.chunks(name)) digest.update(bytes);
    return this.#remember(name, digest.digest("hex"));
  }

  /** Whatever is read has to be what was digested. */
  #remember(name: string, digest: string): string {
    const known = this.#digests.get(name) ?? digest;
    if (known !== digest)
      throw new RingfenceError("EVIDENCE_INVALID", `${name} was changed while it was read`, {
        fix: "find out who else writes there, and begin again",
      });
    this.#digests.set(name, digest);
    return digest;
  }

  /** Each chunk is overwritten by the next one. */
  *chunks(name: string): Generator<Buffer> {
    const chunk = Buffer.allocUnsafe(bytesPerRead);
    const file = openSync(this.#path(name), "r");
    try {
      for (;;) {
        const length = readSync(file, chunk);
        if (length === 0) return;
        yield chunk.subarray(0, length);
      }
    } finally {
      closeSync(file);
    }
  }

  /** Everything that is no folder, in order. */
  names(): string[] {
    return this.#entries((entry) => !entry.isDirectory());
  }

  /** What is neither a file nor a folder with something in it. A link may lead to other content tomorrow. */
  oddNames(): string[] {
    return this.#entries((entry) =>
      entry.isDirectory() ? readdirSync(join(entry.parentPath, entry.name)).length === 0 : !entry.isFile(),
    );
  }

  #entries(keep: (entry: Dirent) => boolean): string[] {
    return this.#below("", keep).sort();
  }

  /** Node's own way down follows links, also in circles. */
  #below(folder: string, keep: (entry: Dirent) => boolean): string[] {
    return readdirSync(this.#path(folder), { withFileTypes: true }).flatMap((entry) => {
      const name = join(folder, entry.name);
      return [...(keep(entry) ? [name] : []), ...(entry.isDirectory() ? this.#below(name, keep) : [])];
    });
  }

  #path(name: string): string {
    return join(this.directory, name);
  }
}

function writeBytes(file: string, content: string | Uint8Array): string {
  writeFileSync(file, content);
  return sha256(content);
}

function writePieces(file: string, pieces: Iterable<string>): string {
  const digest = createHash("sha256");
  const descriptor = openSync(file, "w");
  try {
    for (const bytes of encoded(pieces)) {
      digest.update(bytes);
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    }
  } finally {
    closeSync(descriptor);
  }
  return digest.digest("hex");
}
