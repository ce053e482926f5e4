import type { System } from "../../core/residency-map.ts";
import type { Provision } from "./provision.ts";

/** A tenant leaves `source` for `destination`, whose canary stands for it. */
export interface TenantMove {
  source: Provision;
  destination: Provision;
}

/** On the path `migration` each region's canary is a tenant that moved in from the next region of the map:
 *  it has really been there, so that finding nothing of it there means something. */
export function tenantMoves(provisions: readonly Provision[]): TenantMove[] {
  return provisions
    .filter(({ placement }) => isMoved(placement.system))
    .flatMap((destination) => {
      const everywhere = provisions.filter(
        ({ placement }) => placement.system === destination.placement.system,
      );
      const source = everywhere[(everywhere.indexOf(destination) + 1) % everywhere.length];
      return source && source !== destination ? [{ source, destination }] : [];
    });
}

/** Whether a system's canaries come by a move instead of being planted. Where the map declares a freeze and nothing
 *  that moves, nothing does. */
export function isMoved({ path, home, endpoint: { moving, moved } }: System): boolean {
  const isFrozenOnly = moving !== undefined && moved === undefined;
  return path === "migration" && home === "each-region" && !isFrozenOnly;
}
