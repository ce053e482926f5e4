import type { KeyObject } from "node:crypto";
import { judgeRole, type Trust } from "../trust.ts";
import { type Checkpoint, isSignedBy, readCheckpoint } from "./checkpoint.ts";
import type { LogEntry } from "./log.ts";
import { consistencyProof, frontierOf, grow, isBeginningOf, noFrontier, rootOf } from "./tree.ts";

/** The records of a log from its first on, as far as they go without a hole. */
export interface Whole {
  origin: string;
  /** How many places the log has, holes included. */
  size: number;
  entries: readonly LogEntry[];
  leaves: readonly Buffer[];
  trust: Trust;
}

/** A checkpoint that somebody kept elsewhere. */
export interface Held {
  name: string;
  note: string;
}

/** The tree's root at each size, from 0 on. */
export function rootsOf(leaves: readonly Buffer[]): Buffer[] {
  let frontier = noFrontier;
  const roots = [rootOf(frontier)];
  for (const leaf of leaves) {
    frontier = grow(frontier, leaf);
    roots.push(rootOf(frontier));
  }
  return roots;
}

/** A checkpoint opened with the judge's keys; a text says why it cannot be. */
export function openCheckpoint(note: string, { origin, entries, trust }: Whole): Checkpoint | string {
  const opened = readCheckpoint(note);
  if (!opened) return "it is no checkpoint";
  const { checkpoint } = opened;
  if (entries.length > 0 && checkpoint.origin !== origin) return `it is of another log, ${checkpoint.origin}`;
  const last = entries[checkpoint.size - 1]?.record.at;
  if (!isSignedBy(opened, judgesSince(trust, last)))
    return "it is not signed by a judge's key that may sign it";
  return checkpoint;
}

/** The keys that could have signed after a record was made: also a later one, where the first try failed. */
function judgesSince({ signers }: Trust, at: string | undefined): KeyObject[] {
  return signers.flatMap((signer) => {
    const ended = at && signer.until && signer.until.getTime() <= Date.parse(at);
    return signer.signs === judgeRole && "key" in signer && !ended ? [signer.key] : [];
  });
}

/** Why a held checkpoint is of no earlier state of this log; null where it is of one. */
export function heldProblem({ name, note }: Held, whole: Whole): string | null {
  const opened = openCheckpoint(note, whole);
  if (typeof opened === "string") return `${name}: ${opened}`;
  const size = whole.leaves.length;
  if (opened.size > whole.size)
    return `${name} was signed over ${opened.size} records, and here are ${whole.size}: the end of the log was cut off`;
  if (opened.size > size)
    return `${name} was signed over ${opened.size} records, of which only the first ${size} are here without a hole`;
  if (opened.size === 0) return null;
  const now = { size, root: rootOf(frontierOf(whole.leaves)) };
  return isBeginningOf(opened, now, consistencyProof(whole.leaves, opened.size))
    ? null
    : `${name} was signed over ${opened.size} other records than the first ${opened.size} here: the log was rewritten, or is a second one of the same name`;
}
