import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { RingfenceError } from "../core/errors.ts";
import { Vendor } from "../core/vendors.ts";

/** Every vendor record, by id: each `.yaml` of this folder is one. Throws VENDOR_INVALID. */
export function loadVendors(folder = import.meta.dirname): Vendor[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  return files.sort().map((file) => readVendor(join(folder, file), file.slice(0, -".yaml".length)));
}

function readVendor(file: string, id: string): Vendor {
  const parsed = Vendor.safeParse(plain(file));
  const problem = parsed.success
    ? parsed.data.id === id
      ? null
      : `its id is "${parsed.data.id}", and its file is ${id}.yaml`
    : z.prettifyError(parsed.error);
  if (parsed.success && problem === null) return parsed.data;
  throw new RingfenceError("VENDOR_INVALID", `${file} is no vendor record: ${problem}`, {
    fix: "correct the record; docs/vendors.md explains every key",
  });
}

function plain(file: string): unknown {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new RingfenceError("VENDOR_INVALID", `${file} is not YAML`, { cause, fix: "correct the file" });
  }
}
