import { endpointOf, type ResidencyMap } from "../../core/residency-map.ts";

/** The hosts outside that say what they were sent: customers' receivers to which a region's services deliver, and
 *  those of one's own that a region's proxy is tried with. */
export function receiversOf({ systems, regions }: ResidencyMap): string[] {
  return systems.flatMap((system) =>
    Object.keys(regions).flatMap((region) => {
      const endpoint = endpointOf(system, region);
      return [receiverOf(endpoint) ?? [], greetedBy(endpoint) ?? []].flat();
    }),
  );
}

export function receiverOf({ deliveries }: Record<string, unknown>): string | null {
  if (typeof deliveries !== "object" || deliveries === null || !("receiver" in deliveries)) return null;
  return new URL(String(deliveries.receiver)).hostname;
}

/** No region may reach it but through its proxy. */
export function greetedBy({ greetings }: Record<string, unknown>): string | null {
  if (typeof greetings !== "object" || greetings === null || !("receiver" in greetings)) return null;
  return String((greetings.receiver as { host?: unknown }).host);
}
