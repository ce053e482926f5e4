import type { HistoryPosition } from "../observed-statement.ts";
import { type Appended, append, type Draft, type Pen } from "./append.ts";
import { requireKeyId } from "./checkpoint.ts";
import { headOf, type Log, type LogEntry, readLog } from "./log.ts";
import {
  type Finished,
  type JudgedRecord,
  oneLine,
  type RecordedRegion,
  type Started,
  subjectsOf,
} from "./record.ts";
import { nextOf, standingOf } from "./standing.ts";

type Place = "event" | "origin" | "index" | "previous";

/** What is known of a run before its first attempt. */
export interface RunFacts extends Omit<Started, Place | "regions"> {
  regions: readonly string[];
}

/** What is known of it once its evidence is written. */
export interface RunResult extends Pick<JudgedRecord, "at" | "grade" | "partial" | "open" | "openOmitted"> {
  /** SHA-256 of the judge's bundle over all of it. */
  evidence: string;
  regions: Readonly<Record<string, Omit<RecordedRegion, "sequence">>>;
}

/** A record that is in the log, and the log's head with it. */
export interface Written {
  origin: string;
  index: number;
  size: number;
  /** Base64, as in the checkpoint. */
  root: string;
  /** Why no checkpoint says so; null where one does. */
  unsigned: Error | null;
}

export interface BegunRun {
  written: Written;
  /** What has to be known of the log before going on. */
  notes: string[];
  /** Where each region of the run stands. */
  positions: Record<string, HistoryPosition>;
  finish(result: RunResult): Promise<Written>;
  interrupt(why: { at: string; reason: string }): Promise<Written>;
}

/** Writes that a run starts, before its first attempt. Throws HISTORY_UNAVAILABLE or HISTORY_INVALID where that
 *  cannot be: what nobody wrote down must not be attempted. */
export async function beginRun(facts: RunFacts, pen: Pen): Promise<BegunRun> {
  const log = await readLog(pen.store);
  // A signer that cannot sign the log is refused before anything is written.
  requireKeyId(originOf(log, facts), pen.judge.publicPem);
  const begun = await append(log, startOf(facts), pen);
  const write = async (ending: (place: EndPlace) => Ending) =>
    writtenAs(await append(log, endOf(begun.entry, ending), pen), log);
  return {
    written: writtenAs(begun, log),
    notes: notesOn(begun.entry, log, pen.store.name),
    positions: positionsOf(begun.entry),
    finish: (result) => write((place) => judgedAs(result, place, begun.entry)),
    interrupt: ({ at, reason }) =>
      write((place) => ({
        record: { ...place, at, outcome: "interrupted", reason: oneLine(reason) ?? "it is not known why" },
        evidence: "",
      })),
  };
}

function originOf({ entries }: Log, { runId }: Pick<RunFacts, "runId">): string {
  return entries[0]?.record.origin ?? `ringfence-history/${runId}`;
}

function placeIn(log: Log, runId: string) {
  const previous = log.entries.at(-1)?.digest ?? null;
  return { origin: originOf(log, { runId }), index: log.entries.length, previous, runId };
}

function startOf({ regions, ...facts }: RunFacts): Draft {
  return (log) => {
    const standing = standingOf(log.entries);
    const record: Started = {
      event: "started",
      ...placeIn(log, facts.runId),
      ...facts,
      regions: Object.fromEntries(regions.map((region) => [region, nextOf(standing, region)])),
    };
    return { record, subjects: subjectsOf(record, "") };
  };
}

type EndPlace = Pick<Finished, "event" | "origin" | "index" | "previous" | "runId" | "started">;
interface Ending {
  record: Finished;
  evidence: string;
}

function endOf({ record: { index, runId }, digest }: LogEntry, ending: (place: EndPlace) => Ending): Draft {
  return (log) => {
    const place = { event: "finished", ...placeIn(log, runId), started: { index, digest } } as const;
    const { record, evidence } = ending(place);
    return { record, subjects: subjectsOf(record, evidence) };
  };
}

function judgedAs({ evidence, regions, ...result }: RunResult, place: EndPlace, start: LogEntry): Ending {
  const places = positionsOf(start);
  const recorded = Object.entries(regions).map(([region, one]): [string, RecordedRegion] => {
    const place = places[region];
    if (!place) throw new TypeError(`the run was begun without ${region}`);
    return [region, { sequence: place.sequence, ...one }];
  });
  const record = { ...place, outcome: "judged" as const, ...result, regions: Object.fromEntries(recorded) };
  return { record, evidence };
}

function positionsOf({ record, digest }: LogEntry): Record<string, HistoryPosition> {
  if (record.event !== "started") throw new TypeError("a run stands where it was started");
  const { origin, index, regions } = record;
  return Object.fromEntries(
    Object.entries(regions).map(([region, place]) => [region, { origin, index, started: digest, ...place }]),
  );
}

function notesOn({ record: { index, origin, at } }: LogEntry, { entries }: Log, store: string): string[] {
  const before = entries[index - 1]?.record;
  if (!before) return [`a new history begins in ${store}: ${origin}`];
  return Date.parse(at) < Date.parse(before.at)
    ? [`this machine's clock says ${at}, and the last record of the history is from ${before.at}`]
    : [];
}

function writtenAs({ entry, unsigned }: Appended, log: Log): Written {
  const { origin, index } = entry.record;
  const { size, root } = headOf(log, index + 1);
  return { origin, index, size, root: root.toString("base64"), unsigned };
}
