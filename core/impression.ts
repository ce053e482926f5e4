import type { Try } from "./journal.ts";
import { passed } from "./judge-crossing.ts";
import type { PlannedItem } from "./plan.ts";
import { height } from "./vocabulary.ts";

/** What an attempt looks like to the region that made it, before anyone else was asked. */
export function firstImpression(
  item: PlannedItem,
  tries: readonly Try[],
): "nothing seen to get through" | "something got through" | "the attempt failed" {
  const inside = item.family === "stray" || item.family === "wiring";
  if (!inside && tries.some((one) => height(passed(one)) >= height(item.stopBy)))
    return "something got through";
  const failed = tries.some(({ outcome }) =>
    inside ? outcome.kind !== "reached" : outcome.kind === "faulted",
  );
  return failed ? "the attempt failed" : "nothing seen to get through";
}
