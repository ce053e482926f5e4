import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { RingfenceError } from "../../core/errors.ts";
import { seal } from "../envelope.ts";
import type { EvidenceSigner } from "../signer.ts";
import { signCheckpoint } from "./checkpoint.ts";
import { catchUp, extend, headOf, invalid, type Log, type LogEntry, misfit } from "./log.ts";
import {
  checkpointName,
  type HistoryRecord,
  HistoryStatement,
  recordName,
  type Subjects,
  statementOf,
} from "./record.ts";
import { type HistoryStore, mostBytes, unavailable } from "./store.ts";

export interface Pen {
  store: HistoryStore;
  judge: EvidenceSigner;
}

/** What a record will be, at the place of the log that is free now. */
export type Draft = (log: Log) => { record: HistoryRecord; subjects: Subjects };

export interface Appended {
  entry: LogEntry;
  /** Why no checkpoint over it could be written; whoever writes next does. Null where it was. */
  unsigned: Error | null;
}

const mostTries = 200;

/** Writes one record, and the checkpoint over it. Where another writer was quicker, the draft is made anew for
 *  the next place: nothing is lost, and nothing stands twice. Throws where the record is not there. */
export async function append(log: Log, draft: Draft, pen: Pen): Promise<Appended> {
  const { store, judge } = pen;
  for (let tried = 0; tried < mostTries; tried++) {
    const before = log.entries.length;
    await catchUp(log, store);
    // S3 says "exists", too, while another's write to the name is under way.
    if (tried > 0 && log.entries.length === before) await pause();
    await signHead(log, pen);
    const { record, subjects } = draft(log);
    // What a reader would refuse must not be written.
    const statement = HistoryStatement.parse(statementOf(record, subjects));
    const content = Buffer.from(await seal(statement, judge));
    if (content.length > mostBytes) throw tooLarge(content.length, store);
    if (await isPlaced(recordName(record.index), content, store)) {
      const entry = extend(log, content, store);
      const unsigned = await signHead(log, pen).then(
        () => null,
        (error: Error) => error,
      );
      return { entry, unsigned };
    }
  }
  throw notTaken(recordName(log.entries.length), store);
}

/** The checkpoint over all records, unless it is there. */
async function signHead(log: Log, { store, judge }: Pen): Promise<void> {
  if (log.entries.length === 0) return;
  const head = headOf(log);
  const name = checkpointName(head.size);
  let note: Buffer | undefined;
  for (let tried = 0; tried < mostTries; tried++) {
    if ((await store.read(name)) !== null) {
      const problem = await misfit(log, name, store);
      if (problem) throw invalid(store, problem);
      return;
    }
    // "Exists" comes before what can be read, here as well.
    if (tried > 0) await pause();
    note ??= Buffer.from(await signCheckpoint(head, judge));
    if (await isPlaced(name, note, store)) return;
  }
  throw notTaken(name, store);
}

function pause(): Promise<void> {
  return sleep(randomInt(20, 200));
}

function notTaken(name: string, store: HistoryStore): RingfenceError {
  const why = "others were always quicker, or what has its name cannot be read";
  return unavailable(store.name, `did not take ${name} in ${mostTries} tries: ${why}`);
}

function tooLarge(bytes: number, { name }: HistoryStore): RingfenceError {
  const message = `the history in ${name} takes no record of ${bytes} bytes: readers take ${mostBytes}`;
  return new RingfenceError("HISTORY_UNAVAILABLE", message, {
    fix: "prove fewer regions in one run; what was written there before is whole",
  });
}

/** Whether the name holds this very content now. An answer may get lost after the write, and a store may say
 *  more than it did: what counts is what it gives back. */
async function isPlaced(name: string, content: Buffer, store: HistoryStore): Promise<boolean> {
  const answer = await store.create(name, content).catch((error: Error) => error);
  const kept = await store.read(name).catch((error: Error) => {
    throw answer instanceof Error ? answer : error;
  });
  if (kept?.equals(content)) return true;
  if (answer instanceof Error) throw answer;
  if (answer === "exists") return false;
  const given = kept ? "something else" : "nothing";
  throw unavailable(store.name, `says that it took ${name}, and gives back ${given}`);
}
