import type { Journal } from "../core/journal.ts";

/** How far clocks may differ, and how long a region may take to sign or to be started. */
const mostBetweenMs = 3_600_000;

/** When a run was made, as each of its documents says. A signer's time may be proven by an authority: so all
 *  others have to hang together with it, or a run could be dated as somebody likes. */
export interface RunTimes {
  /** As `run.json` says: exceptions hold on that day. */
  startedAt: string;
  journals: readonly Pick<Journal, "region" | "entries">[];
  /** When a region says that it signed its journal; left out where it did not. */
  observedAt: ReadonlyMap<string, string>;
  /** When the judge says that it signed, by the name of the statement. */
  judgedAt: ReadonlyMap<string, string>;
}

/** What cannot have been in that order, or so far apart. */
export function timeProblems({ startedAt, journals, observedAt, judgedAt }: RunTimes): string[] {
  return [
    ...startProblems(startedAt, journals),
    ...journals.flatMap(({ region, entries }) => {
      const [end, signed] = [entries.at(-1), observedAt.get(region)];
      if (!signed || end?.type !== "run-finished" || between(end.at, signed) <= mostBetweenMs) return [];
      return [`${region}: its journal ended ${end.at}, and it signed it ${signed}`];
    }),
    ...[...observedAt].flatMap(([region, signed]) => {
      const early = [...judgedAt].find(([, at]) => Date.parse(at) < Date.parse(signed) - mostBetweenMs);
      if (!early) return [];
      return [
        `${region} signed its journal ${signed}, and the judge signed ${early[0]} before that: ${early[1]}`,
      ];
    }),
  ];
}

function startProblems(startedAt: string, journals: RunTimes["journals"]): string[] {
  const begun = journals.flatMap(({ entries: [start] }) => (start?.type === "run-started" ? start.at : []));
  const [first] = begun.sort((a, b) => Date.parse(a) - Date.parse(b));
  if (first === undefined || between(first, startedAt) <= mostBetweenMs) return [];
  return [
    `run.json says that the run started ${startedAt}, and the first region started ${new Date(first).toISOString()}`,
  ];
}

function between(one: string, other: string): number {
  return Math.abs(Date.parse(one) - Date.parse(other));
}
