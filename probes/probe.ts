import type { z } from "zod";
import { RingfenceError } from "../core/errors.ts";
import type { Findings } from "../core/journal.ts";
import type { PlannedItem } from "../core/plan.ts";
import type { SystemKind } from "../core/residency-map.ts";
import type { Outcome } from "../core/vocabulary.ts";
import type { Arrival } from "../core/witness.ts";
import type { Ladder } from "./ladder.ts";

/** What one try is given. `own` and `target` are the endpoints of the vantage's and the attacked system;
 *  on a control they are the same. `address` is the literal address to contact. */
export interface TryContext<Endpoint> {
  runId: string;
  item: PlannedItem;
  own: Endpoint;
  target: Endpoint;
  address: string;
  /** Literal addresses that the target's home proved, for ways whose own contact is another. */
  learned: readonly string[];
  ladder: Ladder;
  /** What a witnessed attempt sends: 32 hexadecimal digits. */
  token: string;
  /** Looks a reference up; throws CREDENTIAL_MISSING. */
  secret(reference: string): string;
  /** What the target's home minted for this attempt (a presigned link), if it did. */
  offer: string | undefined;
}

export interface Answer {
  outcome: Outcome;
  findings?: Findings;
  /** What the attempt left behind because a hole was open, and whether it could be removed. */
  removed?: { what: string; done: boolean };
}

/** One file a kind. `run` reports facts and never judges; what it throws is explained by `explain`,
 *  which sees how high the socket climbed. */
export interface Probe<Schema extends z.ZodObject = z.ZodObject> extends SystemKind {
  endpoint: Schema;
  /** Where a try connects to. */
  contact(endpoint: z.infer<Schema>, item: PlannedItem): { host: string; port: number };
  run(context: TryContext<z.infer<Schema>>): Promise<Answer>;
  explain(error: unknown, ladder: Ladder): Outcome;
  /** Loads what takes its time, so that no control's time holds it: that time is the measure of silence. */
  prepare?(): Promise<unknown>;
  /** How much one connection may bring while it searches the region's own system; 1 MiB if left out. */
  longestSearchBytes?: number;
  /** What the system's receiver, in this very region, says it was sent; asked when all has been tried. */
  arrivals?(endpoint: z.infer<Schema>): Promise<Arrival[]>;
  /** Made at home before the attempts, for the other regions to use. */
  mint?(context: Pick<TryContext<z.infer<Schema>>, "own" | "secret">): Promise<string>;
}

export function defineProbe<Schema extends z.ZodObject>(probe: Probe<Schema>): Probe<Schema> {
  return probe;
}

/** Resolves `env:NAME` and `file:/PATH` in this process; the value never leaves it. */
export function secretLookup(
  environment: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): (reference: string) => string {
  return (reference) => {
    const value = reference.startsWith("env:")
      ? environment[reference.slice(4)]
      : reference.startsWith("file:")
        ? tryRead(() => readFile(reference.slice(5)))
        : undefined;
    const trimmed = value?.trim();
    if (trimmed) return trimmed;
    throw new RingfenceError("CREDENTIAL_MISSING", `the credential ${reference} is not set in this region`, {
      fix: `provide ${reference} to the region's own process`,
    });
  };
}

function tryRead(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
