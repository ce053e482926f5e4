import type { ChildProcess } from "node:child_process";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { RingfenceError } from "../core/errors.ts";
import { jsonLine } from "../core/json-line.ts";
import type { RunningEnvironment } from "../environments/driver.ts";
import type { HomeReport, Stage, ToRegion } from "../observer/job.ts";
import { usage } from "./options.ts";
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
  /** What a region's process wrote to its stderr, though it did its work: why an attempt could not be tried. */
  onComplaint?(region: string, said: string): void;
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
 *  control has been sent. Throws USAGE where a journal cannot be written. */
export async function observeRegions(coordination: Coordination): Promise<void> {
  // All of them before anything starts: of two runs in one folder the first keeps it.
  for (const { region } of coordination.jobs) beginJournal(coordination.directory, region);
  const barrier = new Barrier(coordination.jobs.map((job) => job.region));
  const broken = new AbortController();
  const together = {
    ...coordination,
    signal: AbortSignal.any([coordination.signal, broken.signal]),
    giveUp: (why: unknown) => broken.abort(why),
  };
  await Promise.all(coordination.jobs.map((job) => observeRegion(job, barrier, together)));
  broken.signal.throwIfAborted();
}

async function observeRegion(
  job: RegionJob,
  barrier: Barrier,
  coordination: Coordination & { giveUp: (why: unknown) => void },
) {
  const { environment, secrets, directory, signal, giveUp } = coordination;
  const { onEntry, onLost, onComplaint, onMissing, onSigned } = coordination;
  const file = journalFile(directory, job.region);
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
  const hear = (line: string) => {
    const message = parse(line);
    if (message?.type === "journal") {
      append(file, message.lines);
      for (const entry of message.lines) onEntry(job.region, entry);
    }
    if (message?.type === "missing") onMissing?.(job.region, message.reference);
    if (message?.type === "signed") {
      onSigned?.(job.region, message);
      signed = true;
    }
    if (message?.type === "done") {
      finished ||= message.stage === "finished";
      barrier.arrive(job.region, message.stage, message.report, (go) => child.stdin?.write(jsonLine(go)));
    }
  };
  lines.on("line", (line) => {
    try {
      hear(line);
    } catch (cause) {
      giveUp(cause);
    }
  });
  const given = barrier.watch(job.region, stageDeadlineMs, stop);
  const how = await ended;
  clearInterval(given);
  clearTimeout(hanging);
  signal.removeEventListener("abort", stop);
  barrier.leave(job.region);
  const said = complaint().trim();
  if (!finished || !signed) onLost(job.region, said || `its process ended (${how})`);
  else if (said !== "") onComplaint?.(job.region, said);
}

function journalFile(directory: string, region: string): string {
  return join(directory, region, "observations.jsonl");
}

function beginJournal(directory: string, region: string): void {
  const file = journalFile(directory, region);
  try {
    mkdirSync(join(directory, region), { recursive: true });
    writeFileSync(file, "", { flag: "wx" });
  } catch (cause) {
    throw unwritten(file, cause);
  }
}

function append(file: string, lines: readonly string[]): void {
  try {
    appendFileSync(file, lines.map((line) => `${line}\n`).join(""));
  } catch (cause) {
    throw unwritten(file, cause);
  }
}

function unwritten(file: string, cause: unknown): RingfenceError {
  return usage(
    `${file} cannot be written: ${(cause as Error).message}`,
    "name with --out a folder with room in it, into which no other run writes",
  );
}

function parse(line: string): RegionMessage | null {
  try {
    return JSON.parse(line) as RegionMessage;
  } catch {
    return null;
  }
}

const mostComplaint = 2000;

/** The last whole lines. */
function tail(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.on("data", (chunk) => {
    text = text + String(chunk);
    if (text.length > mostComplaint) text = text.slice(-mostComplaint).replace(/^.*\n/, "");
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
