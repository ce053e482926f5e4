import { type Plan, type PlanScope, planAttempts } from "../core/plan.ts";
import type { ResidencyMap, SystemKind } from "../core/residency-map.ts";
import { parseMap } from "../environments/map-file.ts";
import type { Replay } from "../reports/verify-replay.ts";
import { loadVendors } from "../vendors/catalogue.ts";

/** The plan of a map, with every vendor there is a record of. */
export function planFor(
  map: ResidencyMap,
  kinds: readonly SystemKind[],
  scope: Omit<PlanScope, "vendors">,
): Plan {
  return planAttempts(map, kinds, { ...scope, vendors: loadVendors() });
}

/** How a verifier reads and plans the map of a run again. */
export function replayOf(kinds: readonly SystemKind[]): Replay {
  return {
    parseMap: (text, today) => parseMap(text, { kinds, today, file: "residency.yaml" }),
    plan: (map, scope) => planFor(map, kinds, scope),
  };
}
