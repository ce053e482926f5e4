import { dirname } from "node:path";
import { type BegunRun, beginRun, type RunFacts, type Written } from "../attest/history/begin.ts";
import { checkpointName, oneLine } from "../attest/history/record.ts";
import { type HistoryStore, openStore } from "../attest/history/store.ts";
import type { EvidenceSigner } from "../attest/signer.ts";
import { RingfenceError } from "../core/errors.ts";
import { type Plan, planDigest } from "../core/plan.ts";
import type { ResidencyMap } from "../core/residency-map.ts";
import type { EnvironmentDriver } from "../environments/driver.ts";
import { isPartial } from "../reports/build-report.ts";
import { historyResult } from "../reports/history-result.ts";
import type { RegionReport, RunSummary } from "../reports/report.ts";
import type { RegionSigning } from "./region-job.ts";
import { bold, dim, plain, red } from "./terminal.ts";
import { commitFrom, triggerFrom } from "./trigger.ts";
import { version } from "./version.ts";

export interface StartingRun {
  runId: string;
  startedAt: string;
  driver: Pick<EnvironmentDriver, "name" | "fidelity">;
  map: ResidencyMap;
  plan: Plan;
  mapFile: string;
  filtered: boolean;
  trigger: string | undefined;
  judge: EvidenceSigner;
  /** Text about the run, as it may be recorded. */
  hide: (text: string) => string;
  say: (line: string) => void;
}

/** A run that is on record in a history, until it is there, too, how it ended. */
export class RecordedRun implements Disposable {
  readonly #store: HistoryStore;
  readonly #begun: BegunRun;
  readonly #hide: StartingRun["hide"];
  #ended = false;

  private constructor(store: HistoryStore, begun: BegunRun, hide: StartingRun["hide"]) {
    this.#store = store;
    this.#begun = begun;
    this.#hide = hide;
  }

  /** Throws HISTORY_UNAVAILABLE or HISTORY_INVALID, before anything was attempted. */
  static async begin(place: string, run: StartingRun): Promise<RecordedRun> {
    const { judge, hide, say } = run;
    const store = await openStore(place);
    const begun = await beginRun(factsOf(run), { store, judge });
    for (const note of begun.notes) say(plain(note));
    if (begun.written.unsigned) say(plain(unsignedText(begun.written)));
    return new RecordedRun(store, begun, hide);
  }

  /** What each region's process is told, and with it where it stands in the history. */
  placed(regions: Readonly<Record<string, RegionSigning>>): Record<string, RegionSigning> {
    const signing = Object.entries(regions).map(([region, one]): [string, RegionSigning] => [
      region,
      { ...one, history: this.positions[region] ?? null },
    ]);
    return Object.fromEntries(signing);
  }

  get positions(): BegunRun["positions"] {
    return this.#begun.positions;
  }

  /** Whether the history holds how the run ended; why not, if not, is said. */
  async finish(
    directory: string,
    of: { run: RunSummary; reports: readonly RegionReport[] },
  ): Promise<boolean> {
    return this.#write(async () => {
      const at = new Date().toISOString();
      const written = await this.#begun.finish(historyResult(directory, { ...of, at }));
      if (!written.unsigned) process.stdout.write(this.#writtenText(written));
      return written;
    });
  }

  /** For a run that ends without evidence; it stays in the history as one that was interrupted. */
  async interrupt(error: unknown): Promise<void> {
    if (this.#ended) return;
    const why = error instanceof RingfenceError ? `${error.code}: ${error.message}` : "an internal error";
    const at = new Date().toISOString();
    await this.#write(() => this.#begun.interrupt({ at, reason: this.#hide(why) }));
  }

  async #write(end: () => Promise<Written>): Promise<boolean> {
    this.#ended = true;
    try {
      const written = await end();
      if (!written.unsigned) return true;
      this.#complain(unsignedText(written));
    } catch (error) {
      const stands = "it stands there as a run without an end";
      this.#complain(`the end of this run is not in the history: ${(error as Error).message}; ${stands}`);
    }
    return false;
  }

  #complain(text: string): void {
    process.stderr.write(`${red(bold("HISTORY"))}  ${plain(text)}\n`);
  }

  #writtenText({ origin, index, size, root }: Written): string {
    return [
      `history   ${plain(this.#store.name)}, record ${index} of ${plain(origin)}`,
      `          ${checkpointName(size)} has the root ${root}`,
      dim("          Keep that where no holder of the judge's key can change it."),
      "",
      "",
    ].join("\n");
  }

  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]();
  }
}

function factsOf(run: StartingRun): RunFacts {
  const { runId, startedAt, driver, map, plan, mapFile, filtered, hide } = run;
  const trigger = oneLine(run.trigger) ?? triggerFrom(process.env);
  return {
    runId,
    at: startedAt,
    // What stands for something hidden may be longer.
    trigger: trigger === null ? null : oneLine(hide(trigger)),
    commit: commitFrom(process.env, dirname(mapFile)),
    map: plan.map,
    plan: planDigest(plan),
    version,
    environment: driver.name,
    fidelity: driver.fidelity,
    partial: isPartial(plan, map, { filtered }),
    regions: plan.scope.regions,
  };
}

function unsignedText({ index, size, unsigned }: Written): string {
  return `record ${index} is in the history, and ${checkpointName(size)} over it is not yet: ${unsigned?.message}; whoever writes next signs it`;
}
