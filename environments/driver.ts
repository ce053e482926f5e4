import type { ChildProcess } from "node:child_process";
import type { DockerTools, DrillTools } from "../core/drill.ts";
import type { ResidencyMap } from "../core/residency-map.ts";

export type AnyTools = DrillTools | DockerTools;
export type RunningEnvironment<Tools = AnyTools> = ReplicaEnvironment<Tools> | RealEnvironment;

/** Only a replica has tools, so a drill against a real region does not compile. */
export interface ReplicaEnvironment<Tools = AnyTools> extends CommonEnvironment {
  fidelity: "replica";
  tools: Tools;
}

export interface RealEnvironment extends CommonEnvironment {
  fidelity: "real";
}

/** A place with regions in it, ready to be observed. Disposing it leaves nothing behind. */
interface CommonEnvironment extends AsyncDisposable {
  name: string;
  /** Whether `observe` also starts a process outside of all regions, by the id that means nobody's region. */
  outside: boolean;
  /** What a green here does not say, one sentence each. */
  limits: string[];
  /** SHA-256 of what is planted: region → system → digest. */
  planted: Record<string, Record<string, string>>;
  /** Starts this project's `scripts/observe-region.ts` inside a region, with that region's credentials
   *  and `secrets` in its environment only; the job goes in on stdin, the journal comes out on stdout. */
  observe(region: string, secrets?: Readonly<Record<string, string>>): ChildProcess;
  /** Where else far systems can be met from inside a region, as the environment's own inventory has it
   *  just now: "region/system" → places. An address at home is learned from its controls instead. */
  elsewhere?(region: string): Promise<Record<string, { address: string; port?: number }[]>>;
}

/** One that is held up for others to attach to, until it is disposed. */
export interface HeldEnvironment extends AsyncDisposable {
  /** What `attach` needs to know, and whoever wants to break it by hand. Secrets are in it. */
  state: unknown;
  /** One line for a person. */
  summary: string;
  /** Settles when it has ended, for whatever reason. */
  ended: Promise<void>;
}

/** One thing that an environment needs of this machine, or that is handy to have. */
export interface Need {
  name: string;
  state: "ok" | "missing" | "optional";
  found: string;
  fix?: string;
}

/** One folder an environment: `environments/NAME/driver.ts` exports one as `driver`. Of real regions one is made
 *  from the file that says how their runners are reached. */
export interface EnvironmentDriver<Tools = AnyTools> {
  name: string;
  fidelity: "replica" | "real";
  /** Whether its environments can be observed from outside of all regions, too. */
  outside: boolean;
  /** The residency map that comes with the environment. */
  mapFile: string;
  needs(): Promise<Need[]>;
  start(map: ResidencyMap, options: { signal: AbortSignal }): Promise<RunningEnvironment<Tools>>;
  /** Uses an environment that is up, and resets nothing in it. `at`: the file that `up` wrote, or what the
   *  environment calls it; null where only one can be meant. */
  attach(at: string | null, map: ResidencyMap): Promise<RunningEnvironment<Tools>>;
  hold?(map: ResidencyMap, options: { signal: AbortSignal }): Promise<HeldEnvironment>;
  /** Runs a command on a host of one that is up, with a region's credentials, on this terminal; a shell
   *  when none is given. */
  enter?(at: string | null, host: string, command: readonly string[]): ChildProcess;
  /** Folder of the drills that its tools can open; left out where there is nothing to drill. */
  drills?: string;
  /** How many of its environments are drilled at once; 1 when left out. */
  drillsAtOnce?: number;
}
