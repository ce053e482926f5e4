import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { digestOf } from "../core/digest.ts";
import { RingfenceError } from "../core/errors.ts";
import { type Plan, planDigest } from "../core/plan.ts";
import { redactedMap, redactor } from "../core/redaction.ts";
import type { ResidencyMap } from "../core/residency-map.ts";
import { usage } from "./options.ts";

/** What of a run is published: all of it, or without what its map marks as private. */
export interface Published {
  map: ResidencyMap;
  mapText: string;
  plan: Plan;
  salt?: string;
  /** Text about the run, as it may be published. */
  hide(text: string): string;
}

/** The map and plan without private addresses and names. The salt goes into `file`, which is made for it and
 *  readable by its owner only. Throws USAGE: nothing is marked as private, or the file is there already. */
export function redacted(
  map: ResidencyMap,
  plan: Plan,
  { file, runId, replan }: { file: string; runId: string; replan: (map: ResidencyMap) => Plan },
): Published {
  const { addresses = [], names = [] } = map.private ?? {};
  if (addresses.length + names.length === 0)
    throw usage("--redact: the map marks nothing as private", "name addresses and names under `private`");
  const salt = randomBytes(32).toString("hex");
  const hide = redactor(map, salt);
  const published = redactedMap(map, hide);
  const replanned = replan(published);
  // What is attempted must be what is published, item by item.
  if (planDigest(replanned) !== planDigest(hide.whole({ ...plan, map: digestOf(published) }))) {
    throw new RingfenceError("MAP_INVALID", "without its private addresses the map leads to another plan", {
      fix: "mark whole blocks and whole domains of your own as private, none of a vendor",
    });
  }
  keepSalt(file, { runId, salt });
  return { map: published, mapText: stringify(published), plan: replanned, salt, hide: hide.text };
}

function keepSalt(file: string, content: { runId: string; salt: string }): void {
  try {
    writeFileSync(file, `${JSON.stringify(content)}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === "EEXIST" ? "is there already" : "cannot be written";
    throw new RingfenceError("USAGE", `--redact: ${file} ${why}`, { cause, fix: "name a new file" });
  }
}
