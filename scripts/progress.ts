import type { Entry } from "../core/journal.ts";
import { bold, dim, plain } from "./terminal.ts";

/** What a run shows while it runs: one live line on a terminal, plain lines elsewhere. */
export class Progress {
  readonly #live = process.stdout.isTTY === true;
  readonly #begun = performance.now();
  readonly #planned: number;
  #observed = 0;
  #shown = false;

  constructor(planned: number) {
    this.#planned = planned;
  }

  say(text: string): void {
    this.#clear();
    const seconds = ((performance.now() - this.#begun) / 1000).toFixed(1).padStart(5);
    process.stdout.write(`${dim(`${seconds} s`)}  ${text}\n`);
  }

  entry(line: string): void {
    const { entry } = JSON.parse(line) as { entry: Entry };
    if (entry.type === "late") {
      const met = entry.refused === undefined ? "climbed to" : `met ${entry.refused} at`;
      this.say(bold(plain(`a late answer: ${entry.item} ${met} ${entry.rung}`)));
    }
    if (entry.type !== "observation") return;
    this.#observed++;
    if (!this.#live) return;
    this.#clear();
    process.stdout.write(dim(`         ${this.#observed} of ${this.#planned} observations`));
    this.#shown = true;
  }

  done(): void {
    this.#clear();
  }

  #clear(): void {
    if (this.#shown) process.stdout.write("\r\u001b[2K");
    this.#shown = false;
  }
}
