import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { RingfenceError } from "../core/errors.ts";
import { Vendor } from "../core/vendors.ts";
import { collisions, problemsOf } from "./catalogue-rules.ts";

/** Every vendor record, by id: each `.yaml` of this folder is one. Throws VENDOR_INVALID, which names
 *  the file and the keys. */
export function loadVendors(folder = import.meta.dirname): Vendor[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  const vendors = files.sort().map((file) => readVendor(join(folder, file)));
  const [collision] = collisions(vendors);
  if (collision) throw invalid(join(folder, `${collision.id}.yaml`), collision.problem);
  return vendors;
}

function readVendor(file: string): Vendor {
  const parsed = Vendor.safeParse(plain(file));
  if (!parsed.success) throw invalid(file, z.prettifyError(parsed.error));
  const id = basename(file, ".yaml");
  const problems = [
    ...(parsed.data.id === id ? [] : [`id: it is "${parsed.data.id}", and the file is ${id}.yaml`]),
    ...problemsOf(parsed.data),
  ];
  if (problems.length > 0) throw invalid(file, problems.join("\n"));
  return parsed.data;
}

function plain(file: string): unknown {
  const text = textOf(file);
  try {
    return parse(text, { logLevel: "error" });
  } catch (cause) {
    const line = cause instanceof YAMLParseError ? cause.linePos?.[0].line : undefined;
    throw invalid(file, line === undefined ? "it is not YAML" : `it is not YAML at line ${line}`, cause);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw invalid(file, "it cannot be read", cause);
  }
}

/** The problem may quote the record, and ends on a terminal. */
function invalid(file: string, problem: string, cause?: unknown): RingfenceError {
  const legible = problem.replace(/[^\P{C}\n]/gu, "");
  return new RingfenceError("VENDOR_INVALID", `${file} is no vendor record:\n${legible}`, {
    ...(cause === undefined ? {} : { cause }),
    fix: "correct the record; docs/vendors.md explains every key",
  });
}
