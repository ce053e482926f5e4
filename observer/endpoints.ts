import { endpointOf, type ResidencyMap } from "../core/residency-map.ts";

/** Each is filled in once: thousands of attempts ask for the same few. */
export function endpointsOf(map: ResidencyMap): (system: string, region: string) => Record<string, unknown> {
  const known = new Map<string, Record<string, unknown>>();
  return (id, region) => {
    const place = `${region}/${id}`;
    const filled = known.get(place);
    if (filled) return filled;
    const system = map.systems.find((candidate) => candidate.id === id);
    if (!system) throw new TypeError(`the plan names a system that the map lacks: ${id}`);
    const endpoint = endpointOf(system, region);
    known.set(place, endpoint);
    return endpoint;
  };
}
