import { canonicalJson } from "../../core/digest.ts";
import { RingfenceError } from "../../core/errors.ts";
import type { ResidencyMap } from "../../core/residency-map.ts";

/** Throws REPLICA_UNSUPPORTED unless docker-compose.localstack.yml serves everything that the map names. A
 *  map may leave systems out and promise other things of them; it cannot name others. */
export function requireServed(map: ResidencyMap, served: ResidencyMap): void {
  const problems = [
    ...Object.entries(map.regions).flatMap(([id, { addresses }]) => {
      const known = served.regions[id]?.addresses;
      if (!known) return [`it has no region ${id}`];
      return canonicalJson(addresses) === canonicalJson(known)
        ? []
        : [`its ${id} has the addresses ${known.join(", ")}, not ${addresses.join(", ")}`];
    }),
    ...map.systems.flatMap(({ id, kind, home, endpoint, perRegion }) => {
      const known = served.systems.find((system) => system.id === id);
      if (!known) return [`it serves no system ${id}`];
      const same =
        kind === known.kind &&
        String(home) === String(known.home) &&
        canonicalJson({ endpoint, perRegion }) ===
          canonicalJson({ endpoint: known.endpoint, perRegion: known.perRegion });
      return same ? [] : [`its ${id} is served at another home or endpoint`];
    }),
    ...Object.keys(served.regions)
      .filter((id) => !(id in map.regions))
      .map((id) => `it serves ${id}, too`),
  ];
  if (problems.length === 0) return;
  throw new RingfenceError(
    "REPLICA_UNSUPPORTED",
    `docker-compose.localstack.yml does not serve this map: ${problems.join("; ")}`,
    { fix: "start from environments/localstack/residency.yaml, or run the map in the embedded replica" },
  );
}
