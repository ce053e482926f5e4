import type { LogEntry } from "./log.ts";
import { evidenceName, type Finished, recordName, type Started, subjectsOf } from "./record.ts";
import { count, nextOf, type Standing } from "./standing.ts";

/** What the records before one say, as far as they are there. */
export class Past {
  readonly entries = new Map<number, LogEntry>();
  readonly #standing: Standing = new Map();
  readonly #starts = new Map<string, number>();
  readonly #ends = new Map<number, number>();
  readonly #places = new Map<string, number>();
  readonly #evidence = new Map<string, number>();
  /** Which runs of a region were started, by their numbers. */
  readonly #runs = new Map<string, Map<number, string>>();

  add(index: number, entry: LogEntry): void {
    const { record, digest, subjects } = entry;
    const evidence = subjects.get(evidenceName);
    this.entries.set(index, entry);
    if (!this.#places.has(digest)) this.#places.set(digest, index);
    if (evidence !== undefined && !this.#evidence.has(evidence)) this.#evidence.set(evidence, index);
    if (record.event === "started" && !this.#starts.has(record.runId)) this.#starts.set(record.runId, index);
    if (record.event === "finished") this.#ends.set(record.started.index, index);
    count(this.#standing, entry, (at) => this.entries.get(at)?.record);
    if (record.event !== "started") return;
    for (const [region, { sequence }] of Object.entries(record.regions)) {
      const runs = this.#runs.get(region) ?? new Map<number, string>();
      this.#runs.set(region, runs.set(sequence, runs.get(sequence) ?? record.runId));
    }
  }

  /** Each region's runs are counted without a hole; what is missing stood between two that are there. */
  missingRuns(): string[] {
    return [...this.#runs].flatMap(([region, runs]) => {
      const numbers = [0, ...[...runs.keys()].sort((a, b) => a - b)];
      return numbers.slice(1).flatMap((number, index) => {
        const before = numbers[index] as number;
        if (number === before + 1) return [];
        const missing = number === before + 2 ? `run ${before + 1}` : `runs ${before + 1} to ${number - 1}`;
        const after = before === 0 ? "" : `after ${runs.get(before)} and `;
        return [`${missing} of ${region} missing, ${after}before ${runs.get(number)}`];
      });
    });
  }

  unended(): string[] {
    return [...this.entries.values()].flatMap(({ record }) =>
      record.event === "started" && !this.#ends.has(record.index) ? [record.runId] : [],
    );
  }

  /** Why a record that is signed as it should be cannot stand at this place of this log. */
  problemsOf(index: number, entry: LogEntry): string[] {
    const { record } = entry;
    const copied = this.#places.get(entry.digest);
    if (copied !== undefined) return [`it is a copy of ${recordName(copied)}`];
    if (record.index > index)
      return [`it was signed for ${placesOf(record.index - index)} further on: what stood before it is gone`];
    if (record.index < index)
      return [`it was signed for ${placesOf(index - record.index)} further up: something was put before it`];
    return [
      ...this.#linkProblems(index, entry),
      ...this.#evidenceProblems(entry),
      ...(record.event === "started" ? this.#startProblems(record) : this.#endProblems(record)),
    ];
  }

  /** A bundle names its run: one that stands for two hides what the other was. */
  #evidenceProblems({ subjects }: LogEntry): string[] {
    const before = this.#evidence.get(subjects.get(evidenceName) ?? "");
    return before === undefined ? [] : [`its evidence is that of ${recordName(before)} already`];
  }

  #linkProblems(index: number, { record, subjects }: LogEntry): string[] {
    const problems: string[] = [];
    const before = index === 0 ? null : this.entries.get(index - 1)?.digest;
    if (before !== undefined && record.previous !== before)
      problems.push("it was signed behind another record than the one that stands before it");
    const origin = this.entries.get(0)?.record.origin;
    if (origin !== undefined && record.origin !== origin)
      problems.push(`it is of another log, ${record.origin}`);
    const expected = Object.entries(subjectsOf(record, subjects.get(evidenceName) ?? ""));
    if (expected.length !== subjects.size || expected.some(([name, digest]) => subjects.get(name) !== digest))
      problems.push("its subjects are not what it speaks of");
    return problems;
  }

  #startProblems({ runId, regions }: Started): string[] {
    const before = this.#starts.get(runId);
    const again = before === undefined ? [] : [`its run was started by ${recordName(before)} already`];
    const misplaced = Object.entries(regions).flatMap(([region, { sequence, previous }]) => {
      const expected = nextOf(this.#standing, region);
      if (sequence < expected.sequence)
        return [`it is run ${sequence} of ${region}, and run ${expected.sequence - 1} stands before it`];
      if (previous === expected.previous) return [];
      return [`${region}'s last run before it ended by another record than here`];
    });
    return [...again, ...misplaced];
  }

  #endProblems(record: Finished): string[] {
    const { started, runId } = record;
    const start = this.entries.get(started.index);
    const ended = this.#ends.get(started.index);
    if (ended !== undefined) return [`its run was ended by ${recordName(ended)} already`];
    if (start?.record.event !== "started" || start.digest !== started.digest || start.record.runId !== runId)
      return [`${recordName(started.index)} is not the start of its run ${runId}`];
    if (record.outcome === "interrupted") return [];
    const { regions } = start.record;
    const both = new Set([...Object.keys(regions), ...Object.keys(record.regions)]);
    return [...both]
      .filter((region) => regions[region]?.sequence !== record.regions[region]?.sequence)
      .map((region) => `${region} does not stand in it as it did when its run started`);
  }
}

function placesOf(count: number): string {
  return count === 1 ? "one place" : `${count} places`;
}
