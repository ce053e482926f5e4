import { z } from "zod";
import { canonicalJson, sha256 } from "./digest.ts";
import { Outcome, Rung } from "./vocabulary.ts";
import { Arrival, mostArrivals } from "./witness.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const instant = z.iso.datetime({ precision: 3 });
/** The longest text, and the longest list of tries, that one line holds. */
export const mostCharacters = 300;
export const mostTries = 256;
const shortText = z.string().max(mostCharacters);

/** A place where a system's data goes on to, as the system itself says: a subscriber, a replica, a
 *  foreign server, a replication rule. Addresses or a region, where they are known. */
export const Link = z.strictObject({
  what: shortText,
  peer: shortText,
  addresses: z.array(z.string().max(64)).max(64),
  region: z.string().max(64).optional(),
});
export type Link = z.infer<typeof Link>;

const named = z.string().max(253);

/** What one setting of a workload names: never its value, only the host, region, bucket or jurisdiction in it;
 *  the last is a vendor's word for where it works, such as "EU" or "global". `unset`: it is expected and is not there. `unreadable`: it names a place in a form that nobody here can read. */
export const NamedPlace = z.discriminatedUnion("what", [
  z.strictObject({ what: z.literal("host"), setting: named, host: named }),
  z.strictObject({ what: z.literal("region"), setting: named, region: named }),
  z.strictObject({ what: z.literal("bucket"), setting: named, bucket: named }),
  z.strictObject({ what: z.literal("jurisdiction"), setting: named, jurisdiction: named }),
  z.strictObject({ what: z.literal("unset"), setting: named }),
  z.strictObject({ what: z.literal("unreadable"), setting: named }),
]);
export type NamedPlace = z.infer<typeof NamedPlace>;

/** What became of one write that was not kept: into a tenant that is held in the middle of a move, or into one
 *  that is not moving (`settled`), which is its control. `how`: what was written and by whom, alike for both. */
export const Write = z.strictObject({
  tenant: z.enum(["moving", "settled"]),
  how: shortText,
  met: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("accepted") }),
    z.strictObject({ kind: z.literal("refused"), code: z.string().max(120) }),
  ]),
});
export type Write = z.infer<typeof Write>;

/** How many rows of a tenant are in one part of a system, and the SHA-256 over them: by the system's own `count`
 *  just now, or by the `manifest` that the mover made when it froze the tenant. */
export const RowSum = z.strictObject({
  tenant: shortText,
  part: shortText,
  by: z.enum(["count", "manifest"]),
  rows: z.int().min(0),
  digest,
});
export type RowSum = z.infer<typeof RowSum>;

/** What a look inside found: digests of canaries, links, who the answering server says it is, and what became
 *  of tenants that move. */
export const Findings = z.strictObject({
  canaries: z.array(digest).max(1000).optional(),
  links: z.array(Link).max(1000).optional(),
  settings: z.array(NamedPlace).max(1000).optional(),
  writes: z.array(Write).max(200).optional(),
  sums: z.array(RowSum).max(1000).optional(),
  servedFrom: z
    .strictObject({ addresses: z.array(z.string().max(64)), region: z.string().max(64).optional() })
    .optional(),
});
export type Findings = z.infer<typeof Findings>;

/** One try at one address. `climbed`: the highest rung seen passed, on the socket where there is one.
 *  `syns`: SYN segments sent, from the kernel's own table; null where it could not be read. */
export const Try = z.strictObject({
  address: z.string().max(64).nullable(),
  startedAt: instant,
  durationMs: z.number().min(0),
  climbed: Rung.nullable(),
  outcome: Outcome,
  syns: z.int().nullable().optional(),
  findings: Findings.optional(),
});
export type Try = z.infer<typeof Try>;

export const Phase = z.enum(["before", "attempt", "after"]);
export type Phase = z.infer<typeof Phase>;

export const Entry = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("run-started"),
    runId: z.string(),
    region: z.string(),
    plan: digest,
    map: digest,
    version: z.string(),
    at: instant,
    /** SHA-256 of what is planted in this region, by system id. */
    planted: z.record(z.string(), digest),
  }),
  z.strictObject({
    type: z.literal("observation"),
    item: z.string(),
    phase: Phase,
    tries: z.array(Try).min(1).max(mostTries),
  }),
  /** A socket that stayed open was answered after its attempt's deadline: it climbed to this rung, or was refused
   *  there, with that code. */
  z.strictObject({
    type: z.literal("late"),
    item: z.string(),
    address: z.string().nullable(),
    rung: Rung,
    refused: z.string().max(120).optional(),
    at: instant,
  }),
  z.strictObject({
    type: z.literal("removed"),
    item: z.string(),
    what: shortText,
    at: instant,
    done: z.boolean(),
  }),
  /** What the receiver of a system says it was sent, asked when everything had been tried. */
  z.strictObject({
    type: z.literal("witnessed"),
    system: z.string(),
    at: instant,
    arrivals: z.array(Arrival).max(mostArrivals),
  }),
  z.strictObject({ type: z.literal("run-finished"), at: instant, observations: z.int() }),
]);
export type Entry = z.infer<typeof Entry>;

const Line = z.strictObject({ seq: z.int(), prev: digest, entry: Entry });

export interface JournalHead {
  seq: number;
  prev: string;
}

export const emptyHead: JournalHead = { seq: 0, prev: "0".repeat(64) };

/** One line of the hash chain: each names the SHA-256 of the line before it. */
export function chainLine(head: JournalHead, entry: Entry): { line: string; head: JournalHead } {
  const line = canonicalJson({ seq: head.seq, prev: head.prev, entry });
  return { line, head: { seq: head.seq + 1, prev: sha256(line) } };
}

export interface Journal {
  region: string;
  entries: Entry[];
  /** Why this journal is no complete, unbroken record of the planned run; empty when it is one. */
  problems: string[];
}

export interface ExpectedRun {
  runId: string;
  region: string;
  plan: string;
  map: string;
}

/** Reads a journal back, from its text or from the pieces between its line ends. Never throws: what is wrong with
 *  it is said in `problems`. */
export function readJournal(text: string | Iterable<string>, expected: ExpectedRun): Journal {
  const entries: Entry[] = [];
  const problems: string[] = [];
  const once = sharing();
  let head = emptyHead;
  let line: string | undefined;
  for (const piece of typeof text === "string" ? text.split("\n") : text) {
    if (line !== undefined && problems.length === 0) {
      const next = chained(line, head);
      if (typeof next === "string") problems.push(`line ${entries.length + 1}: ${next}`);
      else {
        entries.push(once(next.entry));
        head = next.head;
      }
    }
    line = piece;
  }
  if (line !== "") problems.unshift("its last line is cut off");
  problems.push(...completeness(entries, expected));
  return { region: expected.region, entries, problems };
}

/** A large journal says the same a hundred thousand times: what is equal becomes one. */
function sharing(): (entry: Entry) => Entry {
  const texts = new Map<string, string>();
  const outcomes = new Map<string, Outcome>();
  let at = "";
  return (entry) => {
    if (entry.type !== "observation") return entry;
    for (const one of entry.tries) {
      if (one.startedAt === at) one.startedAt = at;
      else at = one.startedAt;
      if (one.address !== null) one.address = same(texts, one.address, one.address);
      one.outcome = same(outcomes, JSON.stringify(one.outcome), one.outcome);
    }
    return entry;
  };
}

function same<T>(known: Map<string, T>, key: string, one: T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  known.set(key, one);
  return one;
}

function chained(line: string, { seq, prev }: JournalHead): { entry: Entry; head: JournalHead } | string {
  const parsed = parseLine(line);
  if (typeof parsed === "string") return parsed;
  if (parsed.seq !== seq || parsed.prev !== prev) return "the hash chain is broken";
  return { entry: parsed.entry, head: { seq: seq + 1, prev: sha256(line) } };
}

function parseLine(line: string): z.infer<typeof Line> | string {
  try {
    const parsed = Line.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : "not an entry of a journal";
  } catch {
    return "not JSON";
  }
}

function completeness(entries: readonly Entry[], expected: ExpectedRun): string[] {
  const [start] = entries;
  if (start?.type !== "run-started") return ["it does not begin with run-started"];
  const problems: string[] = [];
  for (const key of ["runId", "region", "plan", "map"] as const) {
    if (start[key] !== expected[key]) problems.push(`it is of another ${key}: ${start[key].slice(0, 40)}`);
  }
  const finish = entries.at(-1);
  if (finish?.type !== "run-finished") return [...problems, "it does not end with run-finished"];
  const observations = entries.filter((entry) => entry.type === "observation").length;
  if (finish.observations !== observations) problems.push("its count of observations is wrong");
  if (entries.filter((entry) => entry.type === "run-started" || entry.type === "run-finished").length !== 2) {
    problems.push("it holds more than one run");
  }
  return problems;
}
