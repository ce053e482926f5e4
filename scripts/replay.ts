import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { digestOf } from "../core/digest.ts";
import { checkMap } from "../core/map-problems.ts";
import type { SystemKind } from "../core/residency-map.ts";
import { parseMap } from "../environments/map-file.ts";
import { scriptArguments } from "../environments/node-script.ts";
import type { Replay } from "../reports/verify.ts";
import { planFor } from "./planning.ts";

export interface MapText {
  text: string;
  today: string;
}

/** A longer text is read in a thread of its own, beside all the rest: that of a thousand systems takes a second,
 *  and leaves more memory used than it needs. */
const longestHere = 200_000;

/** How a run is replayed, with these kinds of systems. */
export function replayWith(kinds: readonly SystemKind[]): Replay {
  return {
    checkMap(value, today) {
      const { map } = checkMap(value, { kinds, today });
      if (!map) throw new Error("map.json is no residency map");
      return map;
    },
    mapDigest: async (text, today) =>
      text.length > longestHere ? digestAside({ text, today }) : mapDigest({ text, today }, kinds),
    plan: (map, scope) => planFor(map, kinds, scope),
  };
}

/** SHA-256 of the map that a text says; throws MAP_INVALID. */
export function mapDigest({ text, today }: MapText, kinds: readonly SystemKind[]): string {
  return digestOf(parseMap(text, { kinds, today, file: "residency.yaml" }));
}

function digestAside(workerData: MapText): Promise<string> {
  const [script = "", ...rest] = scriptArguments(join(import.meta.dirname, "map-digest.ts")).reverse();
  const worker = new Worker(script, { workerData, execArgv: rest.reverse() });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("residency.yaml could not be read")));
  });
}
