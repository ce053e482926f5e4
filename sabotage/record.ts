import type { ChildProcess } from "node:child_process";
import type { Judgement, Verdict } from "../core/judge.ts";
import type { ResidencyMap } from "../core/residency-map.ts";
import type { RegionGrade } from "../core/vocabulary.ts";
import type { ReplicaState } from "../environments/replica/state.ts";
import type { Judged } from "../reports/build-report.ts";

export const kinds = ["postgres", "redis", "s3", "tcp"] as const;
/** Those that are broken in fewer ways, in `others.ts`. */
export const otherKinds = [
  "vendor",
  "proxy",
  "datagram",
  "dns",
  "smtp",
  "ssh",
  "https",
  "sqs",
  "sns",
  "aws-snapshots",
  "settings",
] as const;
export type Kind = (typeof kinds)[number] | (typeof otherKinds)[number];
/** What a row breaks: one kind's system, all of `kinds`, or the systems between which tenants move. */
export type Ground = Kind | "all" | "moves";

/** The two regions of every trial: one stands at home, the other far away. */
export const home = "eu-central-1";
export const far = "us-east-1";

/** One way to break the footing of a run. Whatever it breaks, the run must not pass. */
export interface Sabotage {
  /** `theme/what[/kind]` */
  id: string;
  kind: Ground;
  title: string;
  run(context: Context): Promise<Result>;
}

/** `refused`: the input was turned down with the expected code. `unverified`: the evidence does not hold. */
export interface Result {
  result: RegionGrade | "refused" | "unverified";
  /** The reason that was given most often. */
  because: string;
  /** Attempts that were called contained though their footing was gone. */
  unfounded: number;
}

/** One run of the harness. What is left out is as in a clean run. */
export interface Trial {
  kind: Ground;
  /** What the regions' processes are given: credentials, planted digests, the way to start them. */
  state?: ReplicaState;
  map?: ResidencyMap;
  /** A pattern of leak paths and titles. */
  only?: string;
  /** A copy of this project whose code is sabotaged. */
  project?: string;
  /** Stands between a region's process and its coordinator. */
  wrap?(region: string, child: ChildProcess): ChildProcess;
  /** A line of a region's journal has arrived. */
  onLine?(region: string, line: string): void;
}

export interface Context {
  /** The replica that all rows share; who changes it puts it back. */
  state: ReplicaState;
  /** The map of what a row breaks, and nothing else. */
  mapOf(kind: Ground): ResidencyMap;
  prove(trial: Trial): Promise<Judged>;
  /** A clean run, and its journals as they were written. */
  clean(kind: Ground): Promise<CleanRun>;
  /** A replica of those systems, to be ruined. */
  boot(kind: Ground): Promise<{ state: ReplicaState } & AsyncDisposable>;
  /** Reads a residency map as the command line does; throws MAP_INVALID. */
  parse(text: string): ResidencyMap;
  /** Writes a clean run's signed evidence into a folder. Gives what verifies it: all problems, if any. */
  sign(run: CleanRun, directory: string): Promise<() => Promise<string[]>>;
  /** A new folder, gone at the end. */
  folder(): string;
}

export interface CleanRun {
  judged: Judged;
  runId: string;
  texts: Record<string, string>;
  /** From its start until the first closing control. */
  attemptsEndedMs: number;
}

/** Whether an attempt stood on what was broken, and so must not be called contained. */
export type Footing = (verdict: Verdict) => boolean;

export const everything: Footing = () => true;
export const crossing: Footing = ({ item }) => item.from.region !== item.to.region;
export const crossingTo =
  (region: string): Footing =>
  ({ item }) =>
    item.from.region !== region && item.to.region === region;
export const anythingOf =
  (region: string): Footing =>
  ({ item }) =>
    item.from.region === region || item.to.region === region;

/** What a judgement is worth to a sabotage that took the footing from `unfounded`. */
export function resultOf(judgement: Judgement, unfounded: Footing = () => false): Result {
  const wrong = judgement.verdicts.filter((verdict) => verdict.grade === "contained" && unfounded(verdict));
  return { result: judgement.grade, because: commonestReason(judgement), unfounded: wrong.length };
}

function commonestReason({ grade, verdicts, regions }: Judgement): string {
  const counts = new Map<string, number>();
  for (const verdict of verdicts) {
    if (verdict.grade === grade) counts.set(verdict.reason, (counts.get(verdict.reason) ?? 0) + 1);
  }
  const [commonest] = [...counts].sort((a, b) => b[1] - a[1]);
  const broken = Object.values(regions).flatMap((region) => region.journalProblems)[0];
  return commonest?.[0] ?? broken ?? (verdicts.length === 0 ? "nothing was planned" : "");
}

/** A row holds when nothing passed, and nothing was called contained without its footing. */
export function holds({ result, unfounded }: Result): boolean {
  return result !== "pass" && result !== "pass-with-exceptions" && unfounded === 0;
}
