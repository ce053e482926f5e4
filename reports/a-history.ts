import type { LogEntry } from "../attest/history/log.ts";
import {
  evidenceName,
  type HistoryRecord,
  type JudgedRecord,
  type Started,
  type Tried,
} from "../attest/history/record.ts";
import { sha256 } from "../core/digest.ts";

type Open = JudgedRecord["open"][number];

export const region = "eu-central-1";
export const database = { region, path: "database", system: "orders-db", to: "us-east-1" } as const;

/** How many attempts a run made, and on what; 0: its record does not list them. */
interface Tries {
  attempts?: number;
  of?: Pick<Tried, "path" | "system"> & { to: string };
}

export function aFinding(more: Partial<Open> = {}): Open {
  return { ...database, grade: "breached", waived: false, count: 2, ...more };
}

/** Records of a log, unsigned: the population is made of what they say. Days are of October 2026. */
export class AHistory {
  readonly entries: LogEntry[] = [];
  readonly #sequences = new Map<string, number>();

  start(day: number, more: Partial<Omit<Started, "regions">> & { regions?: readonly string[] } = {}): number {
    const { regions = [region], ...facts } = more;
    const index = this.entries.length;
    return this.#add({
      event: "started",
      origin: "a-log",
      index,
      previous: null,
      runId: `run-${index}`,
      at: aDay(day),
      trigger: null,
      commit: null,
      map: sha256("map"),
      plan: sha256("plan"),
      version: "0.1.0",
      environment: "aws",
      fidelity: "real",
      partial: false,
      ...facts,
      regions: Object.fromEntries(
        regions.map((id) => {
          const sequence = (this.#sequences.get(id) ?? 0) + 1;
          this.#sequences.set(id, sequence);
          return [id, { sequence, previous: null }];
        }),
      ),
    });
  }

  end(start: number, open: readonly Open[] = [], more: Partial<JudgedRecord> & Tries = {}): void {
    const { attempts = 6, of = database, ...facts } = more;
    const started = this.#started(start);
    const grade = gradeOf(open);
    const tried =
      attempts === 0 ? [] : [{ path: of.path, system: of.system, attempts: { [of.to]: attempts } }];
    const counts = { planned: 10, contained: 10, breached: 0, inconclusive: 0, waived: 0 };
    const bundles = { observed: null, evidence: sha256("bundle") };
    this.#add({
      event: "finished",
      ...this.#place(started),
      at: started.at,
      outcome: "judged",
      grade,
      partial: started.partial,
      regions: Object.fromEntries(
        Object.entries(started.regions).map(([id, { sequence }]) => [
          id,
          { sequence, grade: gradeOf(open.filter((one) => one.region === id)), ...counts, ...bundles, tried },
        ]),
      ),
      open: [...open],
      openOmitted: 0,
      ...facts,
    });
  }

  interrupt(start: number): void {
    const started = this.#started(start);
    const reason = "INTERRUPTED: by hand";
    this.#add({ event: "finished", ...this.#place(started), at: started.at, outcome: "interrupted", reason });
  }

  /** A run and its end. */
  run(day: number, open: readonly Open[] = [], more: Parameters<AHistory["start"]>[1] & Tries = {}) {
    const { attempts = 6, of = database, ...facts } = more;
    this.end(this.start(day, facts), open, { attempts, of });
    return this;
  }

  #place({ index, origin, runId }: Started) {
    const started = { index, digest: sha256("start") };
    return { origin, runId, index: this.entries.length, previous: sha256("previous"), started };
  }

  #started(index: number): Started {
    const record = this.entries[index]?.record;
    if (record?.event !== "started") throw new TypeError(`record ${index} starts no run`);
    return record;
  }

  #add(record: HistoryRecord): number {
    const subjects = new Map([[evidenceName, sha256(`evidence ${record.index}`)]]);
    this.entries.push({ content: Buffer.of(), digest: sha256(`${record.index}`), record, subjects });
    return record.index;
  }
}

function gradeOf(open: readonly Open[]): JudgedRecord["grade"] {
  const unwaived = open.filter(({ waived }) => !waived);
  if (unwaived.some(({ grade }) => grade === "breached")) return "breached";
  if (unwaived.length > 0) return "inconclusive";
  return open.length > 0 ? "pass-with-exceptions" : "pass";
}

/** 2 o'clock of a day of October 2026; a fraction is a part of a day. */
export function aDay(day: number): string {
  return new Date(Date.UTC(2026, 9, 1, 2) + (day - 1) * 86_400_000).toISOString();
}
