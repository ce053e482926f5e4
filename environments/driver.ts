import type { ChildProcess } from "node:child_process";
import type { DrillTools } from "../core/drill.ts";
import type { ResidencyMap } from "../core/residency-map.ts";

export type RunningEnvironment = ReplicaEnvironment | RealEnvironment;

/** Only a replica has tools, so a drill against a real region does not compile. */
export interface ReplicaEnvironment extends CommonEnvironment {
  fidelity: "replica";
  tools: DrillTools;
}

export interface RealEnvironment extends CommonEnvironment {
  fidelity: "real";
}

/** A place with regions in it, ready to be observed. Disposing it leaves nothing behind. */
interface CommonEnvironment extends AsyncDisposable {
  name: string;
  /** What a green here does not say, one sentence each. */
  limits: string[];
  /** SHA-256 of what is planted: region → system → digest. */
  planted: Record<string, Record<string, string>>;
  /** Starts this project's `scripts/observe-region.ts` inside a region, with that region's credentials
   *  only; the job goes in on stdin, the journal comes out on stdout. */
  observe(region: string): ChildProcess;
}

export interface EnvironmentDriver {
  name: string;
  fidelity: "replica" | "real";
  /** The residency map that comes with the environment. */
  mapFile: string;
  start(map: ResidencyMap, options: { signal: AbortSignal }): Promise<RunningEnvironment>;
  /** Uses an environment that is up, and resets nothing in it. */
  attach(stateFile: string, map: ResidencyMap): Promise<RunningEnvironment>;
}
