import { isUtf8 } from "node:buffer";
import { sha256 } from "../../core/digest.ts";
import { RingfenceError } from "../../core/errors.ts";
import { type Checkpoint, readCheckpoint } from "./checkpoint.ts";
import { checkpointName, type HistoryRecord, HistoryStatement, recordName } from "./record.ts";
import type { HistoryStore } from "./store.ts";
import { frontierOf, leafHash, rootOf } from "./tree.ts";

/** A record as it is stored. */
export interface LogEntry {
  content: Buffer;
  /** SHA-256 of the content. */
  digest: string;
  record: HistoryRecord;
  /** SHA-256 of what the record is of, by name. */
  subjects: ReadonlyMap<string, string>;
}

export interface Log {
  entries: LogEntry[];
  leaves: Buffer[];
}

const readsAtOnce = 16;

/** The log as it stands, without a look at its signatures: `previous`, places and the last checkpoint have to
 *  fit. Whoever goes on writing needs that; whoever believes needs `verifyLog`. Throws HISTORY_INVALID. */
export async function readLog(store: HistoryStore): Promise<Log> {
  const log: Log = { entries: [], leaves: [] };
  const names = await store.list();
  const listed = names.filter((name) => /^records\/\d{8}\.json$/.test(name)).length;
  for (let from = 0; from < listed; from += readsAtOnce) {
    const indices = Array.from({ length: Math.min(readsAtOnce, listed - from) }, (_, index) => from + index);
    for (const content of await Promise.all(indices.map((index) => store.read(recordName(index))))) {
      if (!content)
        throw invalid(store, `${recordName(log.entries.length)} is missing, and later ones are there`);
      extend(log, content, store);
    }
  }
  await catchUp(log, store);
  await requireHead(log, names, store);
  return log;
}

/** Adds what others have written since. */
export async function catchUp(log: Log, store: HistoryStore): Promise<void> {
  for (;;) {
    const content = await store.read(recordName(log.entries.length));
    if (!content) return;
    extend(log, content, store);
  }
}

export function extend({ entries, leaves }: Log, content: Buffer, store: HistoryStore): LogEntry {
  const name = recordName(entries.length);
  const entry = readEntry(content);
  if (!entry) throw invalid(store, `${name} is no record that this version writes`);
  const { index, previous, origin } = entry.record;
  const last = entries.at(-1);
  if (index !== entries.length) throw invalid(store, `${name} is record ${index}`);
  if (previous !== (last?.digest ?? null))
    throw invalid(store, `${name} follows another record than it says`);
  if (last && origin !== last.record.origin) throw invalid(store, `${name} is of the log ${origin}`);
  entries.push(entry);
  leaves.push(leafHash(content));
  return entry;
}

export function headOf(
  { entries, leaves }: { entries: readonly LogEntry[]; leaves: readonly Buffer[] },
  size = leaves.length,
): Checkpoint {
  const origin = entries[0]?.record.origin;
  if (origin === undefined) throw new TypeError("a log without records has no name yet");
  return { origin, size, root: rootOf(frontierOf(leaves.slice(0, size))) };
}

/** The payload of a bundle, unverified; null where it holds no record. */
export function readEntry(content: Buffer): LogEntry | null {
  try {
    const bundle = JSON.parse(content.toString("utf8")) as { dsseEnvelope?: { payload?: string } };
    const payload = Buffer.from(bundle.dsseEnvelope?.payload ?? "", "base64");
    if (!isUtf8(payload)) return null;
    return entryOf(content, HistoryStatement.parse(JSON.parse(payload.toString("utf8"))));
  } catch {
    return null;
  }
}

export function entryOf(content: Buffer, { predicate, subject }: HistoryStatement): LogEntry {
  const subjects = new Map(subject.map(({ name, digest }) => [name, digest.sha256]));
  return { content, digest: sha256(content), record: predicate, subjects };
}

/** Nobody may go on from a log that its last checkpoint does not know, or knows more of. */
async function requireHead(log: Log, names: readonly string[], store: HistoryStore): Promise<void> {
  const last = names.filter((name) => name.startsWith("checkpoints/")).at(-1);
  if (last === undefined) return;
  const problem = await misfit(log, last, store);
  if (problem) throw invalid(store, problem);
}

/** Why a checkpoint in the store is none of this log; null where it is one. Its signature is not looked at. */
export async function misfit(log: Log, name: string, store: HistoryStore): Promise<string | null> {
  const opened = readCheckpoint((await store.read(name))?.toString("utf8") ?? "");
  if (!opened) return `${name} is no checkpoint`;
  const { size, root, origin } = opened.checkpoint;
  if (name !== checkpointName(size)) return `${name} is a checkpoint of ${size} records`;
  if (size < 1) return `${name} is of no record`;
  if (size > log.entries.length)
    return `${name} was signed, and only ${log.entries.length} records are there`;
  const head = headOf(log, size);
  if (origin !== head.origin) return `${name} is of the log ${origin}`;
  return root.equals(head.root)
    ? null
    : `the first ${size} records are not those that ${name} was signed for`;
}

export function invalid(store: HistoryStore, problem: string): RingfenceError {
  return new RingfenceError("HISTORY_INVALID", `the history in ${store.name} is broken: ${problem}`, {
    fix: "find out why with `ringfence history verify`; keep it as it is, and begin another to go on",
  });
}
