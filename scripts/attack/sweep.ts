import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Trust } from "../../attest/trust.ts";
import { RunFolder } from "../../reports/run-folder.ts";

/** A folder's files, by name. */
export type Files = Map<string, Buffer>;

export interface Attack {
  kind: string;
  /** Which one of its kind. */
  what: string;
  alter?(files: Files): unknown;
  /** What files alone cannot say: links, folders. */
  place?(directory: string): void;
  /** In place of the verifier's own. */
  trust?: Trust;
  /** Whether a history is held against checkpoints kept elsewhere, and which folders of runs. */
  against?: { held?: boolean; runs?: readonly string[] };
}

export interface Tally {
  tried: number;
  noticed: number;
  example: string;
}

export interface Sweep {
  kinds: Map<string, Tally>;
  missed: string[];
}

export function filesIn(directory: string): Files {
  return new Map(new RunFolder(directory).names().map((name) => [name, readFileSync(join(directory, name))]));
}

export function note(
  { kinds, missed }: Sweep,
  { kind, what }: Pick<Attack, "kind" | "what">,
  problems: readonly string[],
): void {
  const tally = kinds.get(kind) ?? { tried: 0, noticed: 0, example: "" };
  const [reason = ""] = problems.filter((problem) => problem.trim() !== "");
  tally.tried++;
  if (reason) tally.noticed++;
  else missed.push(`${kind}: ${what}`);
  tally.example ||= reason;
  kinds.set(kind, tally);
}

/** Alters a folder, has it verified, and puts it back, once for each attack. One that alters nothing is none. */
export async function attackFolder(
  directory: string,
  attacks: readonly Attack[],
  into: Sweep,
  verify: (attack: Attack) => Promise<readonly string[]>,
): Promise<void> {
  const before = filesIn(directory);
  for (const attack of attacks) {
    const altered: Files = new Map(before);
    await attack.alter?.(altered);
    const touched = changed(before, altered);
    if (touched.length === 0 && !attack.place && !attack.trust && !attack.against?.runs) continue;
    for (const name of touched) put(directory, name, altered.get(name));
    attack.place?.(directory);
    note(into, attack, await verify(attack));
    if (attack.place) {
      rmSync(directory, { recursive: true });
      for (const [name, content] of before) put(directory, name, content);
    } else for (const name of touched) put(directory, name, before.get(name));
  }
}

/** The names of the files that are not in both, or not the same in both. */
export function changed(before: Files, after: Files): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => {
    const [one, other] = [before.get(name), after.get(name)];
    return !one || !other || !one.equals(other);
  });
}

function put(directory: string, name: string, content: Buffer | undefined): void {
  const file = join(directory, name);
  rmSync(file, { force: true });
  if (!content) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
