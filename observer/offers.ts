import type { Phase } from "../core/journal.ts";
import type { PlannedItem } from "../core/plan.ts";
import { homesOf } from "../core/residency-map.ts";
import type { Probe } from "../probes/probe.ts";
import type { Job } from "./job.ts";

interface Means {
  probes: readonly Probe[];
  endpointIn(system: string, region: string): Record<string, unknown>;
  secret(reference: string): string;
}

/** Links for the other regions to try, made with what the workload here holds. */
export class Offers {
  /** By system, as the other regions are told. */
  readonly made: Record<string, string> = {};
  readonly #job: Job;
  readonly #means: Means;

  constructor(job: Job, means: Means) {
    this.#job = job;
    this.#means = means;
  }

  async make(): Promise<void> {
    const { map, region } = this.#job;
    for (const system of map.systems.filter((one) => homesOf(one, map).includes(region))) {
      const offer = await this.#minted(system.kind, { system: system.id, region });
      if (offer) this.made[system.id] = offer;
    }
  }

  /** At home the opening control uses a link minted just then, and the closing one the very link that was
   *  offered to the far side: had it expired meanwhile, its refusal there would have proven nothing. */
  async forControl({ kind, to }: PlannedItem, phase: Phase): Promise<string | undefined> {
    return phase === "after" ? this.made[to.system] : this.#minted(kind, to);
  }

  /** A link that cannot be made is none: its attempts then say so. */
  async #minted(kind: string, at: { system: string; region: string }): Promise<string | undefined> {
    const { probes, endpointIn, secret } = this.#means;
    const probe = probes.find((candidate) => candidate.kind === kind);
    try {
      return await probe?.mint?.({ own: endpointIn(at.system, at.region), secret });
    } catch {
      return undefined;
    }
  }
}
