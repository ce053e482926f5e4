import { chainLine, type Entry, emptyHead, readJournal } from "../core/journal.ts";
import { judge } from "../core/judge.ts";
import { planDigest } from "../core/plan.ts";
import {
  anythingOf,
  type CleanRun,
  type Context,
  everything,
  type Footing,
  far,
  home,
  type Result,
  resultOf,
  type Sabotage,
} from "./record.ts";

type Lines = string[];

/** Judges a clean run once more, with what is left of its journals. */
function rejudged({ judged, runId }: CleanRun, texts: Record<string, string>, unfounded: Footing): Result {
  const { plan, map } = judged;
  const journals = Object.entries(texts).map(([region, text]) =>
    readJournal(text, { runId, region, plan: planDigest(plan), map: plan.map }),
  );
  return resultOf(judge(plan, map, journals), unfounded);
}

interface Damage {
  id: string;
  title: string;
  /** The home region's journal, whole, and what becomes of it; null when it is gone. */
  alter(run: CleanRun, context: Context): Promise<string | null> | string | null;
  unfounded?: Footing;
}

const textOf = ({ texts }: CleanRun, region: string) => texts[region] ?? "";
const linesOf = (run: CleanRun): Lines => textOf(run, home).split("\n").slice(0, -1);
const joined = (lines: Lines) => lines.map((line) => `${line}\n`).join("");

/** The entries in a chain of their own, as somebody would write them who knows how the chain is made. */
function rechained(entries: readonly Entry[]): string {
  let head = emptyHead;
  return joined(
    entries.map((entry) => {
      const next = chainLine(head, entry);
      head = next.head;
      return next.line;
    }),
  );
}

const entriesOf = (run: CleanRun) => linesOf(run).map((line) => (JSON.parse(line) as { entry: Entry }).entry);

/** A forged journal without some observations, its chain and its count made anew. */
function forgedWithout(
  run: CleanRun,
  dropped: (entry: Extract<Entry, { type: "observation" }>) => boolean,
): string {
  const kept = entriesOf(run).filter((entry) => entry.type !== "observation" || !dropped(entry));
  const observations = kept.filter(({ type }) => type === "observation").length;
  return rechained(kept.map((entry) => (entry.type === "run-finished" ? { ...entry, observations } : entry)));
}

const damages: readonly Damage[] = [
  { id: "missing", title: "a region's journal missing", alter: () => null },
  { id: "empty", title: "a region's journal empty", alter: () => "" },
  { id: "blank", title: "a region's journal nothing but a line feed", alter: () => "\n" },
  {
    id: "cut-mid-line",
    title: "a region's journal truncated mid-line",
    alter: (run) => textOf(run, home).slice(0, Math.floor(textOf(run, home).length / 2)),
  },
  {
    id: "cut-last-byte",
    title: "a region's journal without its last byte",
    alter: (run) => textOf(run, home).slice(0, -1),
  },
  {
    id: "cut-last-line",
    title: "a region's journal without its last line",
    alter: (run) => joined(linesOf(run).slice(0, -1)),
  },
  {
    id: "reordered",
    title: "a region's journal reordered: two observations exchanged",
    alter: (run) => {
      const [first = "", a = "", b = "", ...rest] = linesOf(run);
      return joined([first, b, a, ...rest]);
    },
  },
  {
    id: "reversed",
    title: "a region's journal reversed",
    alter: (run) => joined(linesOf(run).toReversed()),
  },
  {
    id: "line-removed",
    title: "one line removed from a region's journal",
    alter: (run) => joined(linesOf(run).toSpliced(9, 1)),
  },
  {
    id: "line-repeated",
    title: "one line of a region's journal written twice",
    alter: (run) => joined(linesOf(run).flatMap((line, index) => (index === 9 ? [line, line] : [line]))),
  },
  {
    id: "twice",
    title: "a region's journal written twice into one file",
    alter: (run) => textOf(run, home).repeat(2),
  },
  {
    id: "of-another-run",
    title: "a region's journal from another run, of the same map and plan",
    alter: async (_run, { prove, state }) => {
      const other = await rawRun(prove, state);
      return other;
    },
  },
  {
    id: "of-another-region",
    title: "a region's journal is another region's",
    alter: (run) => textOf(run, far),
  },
  {
    id: "of-another-region-renamed",
    title: "another region's journal, with the region's name forged into its first line",
    alter: (run) => {
      const lines = textOf(run, far).split("\n").slice(0, -1);
      const entries = lines.map((line) => (JSON.parse(line) as { entry: Entry }).entry);
      return rechained(
        entries.map((entry) => (entry.type === "run-started" ? { ...entry, region: home } : entry)),
      );
    },
  },
  {
    id: "of-another-map",
    title: "a region's journal from a run of another map",
    alter: async (_run, { clean }) => textOf(await clean("tcp"), home),
  },
  {
    id: "attempt-unobserved",
    title: "one attempt left out, and the chain and the count made anew",
    alter: (run) => {
      const [first] = entriesOf(run).filter(
        (entry) => entry.type === "observation" && entry.phase === "attempt",
      );
      return forgedWithout(
        run,
        (entry) =>
          entry === first ||
          (first?.type === "observation" && entry.item === first.item && entry.phase === "attempt"),
      );
    },
    unfounded: () => false,
  },
  {
    id: "closing-controls-unobserved",
    title: "the closing controls left out, and the chain and the count made anew",
    alter: (run) => forgedWithout(run, ({ phase }) => phase === "after"),
    unfounded: ({ item }) => anythingOf(home)({ item } as never) && item.from.region !== item.to.region,
  },
  {
    id: "opening-controls-unobserved",
    title: "the opening controls left out, and the chain and the count made anew",
    alter: (run) => forgedWithout(run, ({ phase }) => phase === "before"),
    unfounded: ({ item }) => anythingOf(home)({ item } as never) && item.from.region !== item.to.region,
  },
  {
    id: "attempts-swapped-for-controls",
    title: "closing controls copied from the opening ones",
    alter: (run) => {
      const opening = new Map(
        entriesOf(run).flatMap((entry) =>
          entry.type === "observation" && entry.phase === "before" ? [[entry.item, entry] as const] : [],
        ),
      );
      return rechained(
        entriesOf(run).map((entry) => {
          const copied =
            entry.type === "observation" && entry.phase === "after" ? opening.get(entry.item) : undefined;
          return copied ? { ...copied, phase: "after" as const } : entry;
        }),
      );
    },
    unfounded: () => false,
  },
  {
    id: "not-text",
    title: "a region's journal filled with other bytes",
    alter: () => "\u0000\u0001\n".repeat(1000),
  },
];

async function rawRun(prove: Context["prove"], state: Context["state"]): Promise<string> {
  const lines: Lines = [];
  await prove({ kind: "redis", state, onLine: (region, line) => void (region === home && lines.push(line)) });
  return joined(lines);
}

/** Runs are real; only what becomes of their journals is not. */
export const journals: readonly Sabotage[] = damages.map(
  ({ id, title, alter, unfounded = anythingOf(home) }): Sabotage => ({
    id: `journals/${id}`,
    kind: "all",
    title,
    async run(context) {
      const run = await context.clean("redis");
      const text = await alter(run, context);
      const { [home]: _replaced, ...others } = run.texts;
      return rejudged(run, text === null ? others : { ...others, [home]: text }, unfounded);
    },
  }),
);

export const noJournals: Sabotage = {
  id: "journals/none",
  kind: "all",
  title: "no journal at all, of any region",
  run: async ({ clean }) => rejudged(await clean("redis"), {}, everything),
};
