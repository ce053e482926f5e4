import { randomBytes } from "node:crypto";
import { stringify } from "yaml";
import { digestOf } from "../core/digest.ts";
import { RingfenceError } from "../core/errors.ts";
import { type Plan, planDigest } from "../core/plan.ts";
import { redactedMap, redactor } from "../core/redaction.ts";
import type { ResidencyMap } from "../core/residency-map.ts";
import { isWithin } from "./is-within.ts";
import { usage } from "./options.ts";
import { writeNew } from "./write-whole.ts";

/** What of a run is published: all of it, or without what its map marks as private. */
export interface Published {
  map: ResidencyMap;
  mapText: string;
  plan: Plan;
  salt?: string;
  /** Text about the run, as it may be published. */
  hide(text: string): string;
}

/** The map and plan without private addresses and names. Throws USAGE where nothing is marked as private,
 *  or a region's own id. */
export function redacted(
  map: ResidencyMap,
  plan: Plan,
  replan: (map: ResidencyMap) => Plan,
): Published & { salt: string } {
  const { addresses = [], names = [] } = map.private ?? {};
  if (addresses.length + names.length === 0)
    throw usage("--redact: the map marks nothing as private", "name addresses and names under `private`");
  const salt = randomBytes(32).toString("hex");
  const hide = redactor(map, salt);
  const published = redactedMap(map, hide);
  // Folders and journals are named by it.
  const renamed = Object.keys(map.regions).find((id) => !Object.hasOwn(published.regions, id));
  if (renamed !== undefined)
    throw usage(
      `--redact: the id of the region ${renamed} holds what is private`,
      "mark whole domains such as acme.internal, or give the region another id",
    );
  const replanned = replan(published);
  // What is attempted must be what is published, item by item.
  if (planDigest(replanned) !== planDigest(hide.whole({ ...plan, map: digestOf(published) }))) {
    throw new RingfenceError("MAP_INVALID", "without its private addresses the map leads to another plan", {
      fix: "mark whole blocks and whole domains of your own as private, none of a vendor",
    });
  }
  return { map: published, mapText: stringify(published), plan: replanned, salt, hide: hide.text };
}

/** Into a file that is made for it outside of the run's folder, and readable by its owner only. Throws USAGE. */
export function keepSalt(
  file: string,
  { directory, ...content }: { directory: string; runId: string; salt: string },
): void {
  if (isWithin(directory, file))
    throw usage(
      `--redact: ${file} is in the run's own folder, and would be handed over with the evidence`,
      "name a file somewhere else",
    );
  writeNew(file, `${JSON.stringify(content)}\n`, { option: "--redact", mode: 0o600 });
}
