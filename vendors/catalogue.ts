import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { Vendor } from "../core/vendors.ts";
import { readYamlFile, type YamlKind, yamlProblem } from "../files/yaml-file.ts";
import { collisions, problemsOf } from "./catalogue-rules.ts";

/** Every vendor record, by id: each `.yaml` of this folder is one. Throws VENDOR_INVALID, which names
 *  the file and the keys. */
export function loadVendors(folder = import.meta.dirname): Vendor[] {
  if (folder === import.meta.dirname) {
    records ??= readVendors(folder);
    return records;
  }
  return readVendors(folder);
}

let records: Vendor[] | undefined;

/** One record; throws VENDOR_INVALID. */
export function loadVendor(id: string): Vendor {
  return readVendor(join(import.meta.dirname, `${id}.yaml`));
}

function readVendors(folder: string): Vendor[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  const vendors = files.sort().map((file) => readVendor(join(folder, file)));
  const [collision] = collisions(vendors);
  if (collision) throw yamlProblem(join(folder, `${collision.id}.yaml`), recordFile, collision.problem);
  return vendors;
}

const recordFile = {
  schema: Vendor,
  code: "VENDOR_INVALID",
  wrong: "is no vendor record",
  fix: "correct the record; docs/vendors.md explains every key",
} as const satisfies YamlKind<Vendor>;

function readVendor(file: string): Vendor {
  const { value } = readYamlFile(file, recordFile);
  const id = basename(file, ".yaml");
  const problems = [
    ...(value.id === id ? [] : [`id: it is "${value.id}", and the file is ${id}.yaml`]),
    ...problemsOf(value),
  ];
  if (problems.length > 0) throw yamlProblem(file, recordFile, problems.join("\n"));
  return value;
}
