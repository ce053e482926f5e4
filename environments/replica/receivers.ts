import { endpointOf, type ResidencyMap } from "../../core/residency-map.ts";

/** The hosts of customers' receivers to which a region's services deliver. */
export function receiversOf({ systems, regions }: ResidencyMap): string[] {
  return systems.flatMap((system) =>
    Object.keys(regions).flatMap((region) => receiverOf(endpointOf(system, region)) ?? []),
  );
}

export function receiverOf({ deliveries }: Record<string, unknown>): string | null {
  if (typeof deliveries !== "object" || deliveries === null || !("receiver" in deliveries)) return null;
  return new URL(String(deliveries.receiver)).hostname;
}
