import { crc32, deflateRawSync } from "node:zlib";
import { RingfenceError } from "../../core/errors.ts";

const newYear1980 = 0x0021;
const namesAreUtf8 = 0x0800;
const deflated = 8;
const zip20 = 20;
/** Its number has 16 bits. */
const mostFiles = 65_535;

/** Throws USAGE where an archive cannot hold that many. */
export function requireRoom(files: number): void {
  if (files <= mostFiles) return;
  throw new RingfenceError("USAGE", `${files} files are more than a zip archive holds (${mostFiles})`, {
    fix: "put fewer runs into one archive",
  });
}

/** An archive's names are paths on whatever unpacks it, and some systems know more ways out of a folder than
 *  others. Throws EVIDENCE_INVALID. */
function requireWithin(name: string): void {
  if (!/[\\:\p{Cc}]|^\/|(^|\/)\.{0,2}(\/|$)/u.test(name)) return;
  throw new RingfenceError("EVIDENCE_INVALID", `${JSON.stringify(name)} could leave the archive's folder`, {
    fix: "find out who put that file there; Ringfence gives none such a name",
  });
}

/** A zip archive (PKWARE APPNOTE 4.3) of the given files, in their order. All are dated to the first day that the
 *  format knows, so that the same files make the same bytes. */
export function zip(files: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  requireRoom(Object.keys(files).length);
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, given] of Object.entries(files)) {
    requireWithin(name);
    const path = Buffer.from(name);
    const content = typeof given === "string" ? Buffer.from(given) : given;
    const packed = deflateRawSync(content);
    const facts = numbers(
      [zip20, namesAreUtf8, deflated, 0, newYear1980],
      [crc32(content), packed.length, content.length],
      [path.length, 0],
    );
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), facts, path, packed]);
    directory.push(
      Buffer.from("PK\x01\x02"),
      numbers([zip20], [], []),
      facts,
      numbers([0, 0, 0], [0, offset], []),
      path,
    );
    parts.push(local);
    offset += local.length;
  }
  const index = Buffer.concat(directory);
  const count = parts.length;
  const end = numbers([0, 0, count, count], [index.length, offset], [0]);
  return Buffer.concat([...parts, index, Buffer.from("PK\x05\x06"), end]);
}

/** Little-endian: 16-bit numbers, then 32-bit ones, then 16-bit ones again. */
function numbers(first: readonly number[], wide: readonly number[], last: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * first.length + 4 * wide.length + 2 * last.length);
  let at = 0;
  for (const number of first) at = bytes.writeUInt16LE(number, at);
  for (const number of wide) at = bytes.writeUInt32LE(number, at);
  for (const number of last) at = bytes.writeUInt16LE(number, at);
  return bytes;
}
