import { type Plan, type PlanScope, planAttempts } from "../core/plan.ts";
import type { ResidencyMap, SystemKind } from "../core/residency-map.ts";
import { loadVendors } from "../vendors/catalogue.ts";

/** The plan of a map, with every vendor there is a record of. */
export function planFor(
  map: ResidencyMap,
  kinds: readonly SystemKind[],
  scope: Omit<PlanScope, "vendors">,
): Plan {
  return planAttempts(map, kinds, { ...scope, vendors: loadVendors() });
}
