import type { ChildProcess } from "node:child_process";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { jsonLine } from "../core/json-line.ts";
import type { RunningEnvironment } from "../environments/driver.ts";
import type { HomeReport, Stage, ToRegion } from "../observer/job.ts";
import type { RegionJob, RegionMessage, SignedJournal } from "./region-job.ts";

export interface Coordination {
  environment: Pick<RunningEnvironment<unknown>, "observe">;
  jobs: readonly RegionJob[];
  /** What a region's process finds in its environment, beside its credentials. */
  secrets?: Readonly<Record<string, Record<string, string>>> | undefined;
  /** Each region's journal is written below it, line by line as it comes. */
  directory: string;
  signal: AbortSignal;
  onEntry(region: string, line: string): void;
  /** A region's process ended before its work was done. */
  onLost(region: string, why: string): void;
  /** A region was not given a credential that the map names. */
  onMissing?(region: string, reference: string): void;
  /** A region put its name to its journal. */
  onSigned?(region: string, signed: SignedJournal): void;
}

/** A region that does not reach the next stage within this time is given up, and its lines are missing. */
const stageDeadlineMs = 150_000;
/** Whoever was to end and has not by then hangs, and would keep everybody. */
const endDeadlineMs = 5000;

/** Runs one process in each region and keeps them in step: no attempt starts before every region's
 *  controls have run, no closing control before every attempt has ended, and no receiver is asked before every closing
 *  control has been sent. */
export async function observeRegions(coordination: Coordination): Promise<void> {
  const barrier = new Barrier(coordination.jobs.map((job) => job.region));
  await Promise.all(coordination.jobs.map((job) => observeRegion(job, barrier, coordination)));
}

async function observeRegion(
  job: RegionJob,
  barrier: Barrier,
  { environment, secrets, directory, signal, onEntry, onLost, onMissing, onSigned }: Coordination,
) {
  mkdirSync(join(directory, job.region), { recursive: true });
  const file = join(directory, job.region, "observations.jsonl");
  writeFileSync(file, "");
  const child = environment.observe(job.region, secrets?.[job.region]);
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  child.once("close", (code, killedBy) => end(killedBy ?? `exit code ${code}`));
  let hanging: NodeJS.Timeout | undefined;
  const stop = () => {
    child.stdin?.end();
    hanging ??= setTimeout(() => {
      kill(child);
      end("it hung, and was killed");
    }, endDeadlineMs);
  };
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  const complaint = tail(child);
  child.stdin?.on("error", () => {});
  child.stdin?.write(jsonLine(job));
  child.once("error", () => {});
  let finished = false;
  let signed = job.signing === undefined;
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  lines.on("line", (line) => {
    const message = parse(line);
    if (message?.type === "journal") {
      appendFileSync(file, message.lines.map((entry) => `${entry}\n`).join(""));
      for (const entry of message.lines) onEntry(job.region, entry);
    }
    if (message?.type === "missing") onMissing?.(job.region, message.reference);
    if (message?.type === "signed") {
      signed = true;
      onSigned?.(job.region, message);
    }
    if (message?.type === "done") {
      finished ||= message.stage === "finished";
      barrier.arrive(job.region, message.stage, message.report, (go) => child.stdin?.write(jsonLine(go)));
    }
  });
  const given = barrier.watch(job.region, stageDeadlineMs, stop);
  const how = await ended;
  clearInterval(given);
  clearTimeout(hanging);
  signal.removeEventListener("abort", stop);
  barrier.leave(job.region);
  if (!finished || !signed) onLost(job.region, complaint().trim() || `its process ended (${how})`);
}

function parse(line: string): RegionMessage | null {
  try {
    return JSON.parse(line) as RegionMessage;
  } catch {
    return null;
  }
}

function tail(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.on("data", (chunk) => {
    text = (text + String(chunk)).slice(-2000);
  });
  return () => text;
}

/** With whatever it started, where it leads a group of its own: that holds its output open. */
function kill(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  try {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  } catch {
    // It leads none.
  }
  child.kill("SIGKILL");
}

/** Opens a stage for all regions once every region that is still there has arrived. */
class Barrier {
  readonly #present: Set<string>;
  readonly #arrived = new Map<Stage, Map<string, { report: HomeReport; open: (go: ToRegion) => void }>>();
  /** Since when; who waits for the others is not in it. */
  readonly #atWork = new Map<string, number>();

  constructor(regions: readonly string[]) {
    this.#present = new Set(regions);
  }

  arrive(region: string, stage: Stage, report: HomeReport, open: (go: ToRegion) => void): void {
    const arrived = this.#arrived.get(stage) ?? new Map();
    arrived.set(region, { report, open });
    this.#arrived.set(stage, arrived);
    this.#atWork.delete(region);
    this.#openIfComplete(stage);
  }

  leave(region: string): void {
    this.#present.delete(region);
    for (const stage of this.#arrived.keys()) this.#openIfComplete(stage);
  }

  watch(region: string, deadlineMs: number, giveUp: () => void): NodeJS.Timeout {
    this.#atWork.set(region, performance.now());
    return setInterval(() => {
      if (performance.now() - (this.#atWork.get(region) ?? Number.POSITIVE_INFINITY) > deadlineMs) giveUp();
    }, 1000);
  }

  #openIfComplete(stage: Stage): void {
    const arrived = this.#arrived.get(stage);
    if (!arrived || [...this.#present].some((region) => !arrived.has(region))) return;
    this.#arrived.delete(stage);
    const reports = Object.fromEntries([...arrived].map(([region, { report }]) => [region, report]));
    for (const [region, { open }] of arrived) {
      this.#atWork.set(region, performance.now());
      open({ type: "go", after: stage, reports });
    }
  }
}
