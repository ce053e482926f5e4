import { endpointOf } from "../core/residency-map.ts";
import type { Arrival } from "../core/witness.ts";
import type { Probe } from "../probes/probe.ts";
import type { Job } from "./job.ts";

/** What the receivers of this region say that they were sent, by system, and when they were asked. One that
 *  does not answer is left out: it has seen nothing, and nothing rests on it. */
export async function arrivalsAt(
  { map, plan, region }: Job,
  probes: readonly Probe[],
): Promise<Map<string, { at: string; arrivals: Arrival[] }>> {
  const witnessed = plan.items.filter((item) => item.witnessed && item.to.region === region);
  const asked = new Set(witnessed.map(({ to }) => to.system));
  const said = new Map<string, { at: string; arrivals: Arrival[] }>();
  for (const system of map.systems.filter(({ id }) => asked.has(id))) {
    const probe = probes.find(({ kind }) => kind === system.kind);
    const at = new Date().toISOString();
    const arrivals = await probe?.arrivals?.(endpointOf(system, region)).catch(() => null);
    if (arrivals) said.set(system.id, { at, arrivals });
  }
  return said;
}
