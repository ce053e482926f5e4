import { openStatement } from "../open-envelope.ts";
import { judgeRole, type Trust } from "../trust.ts";
import { entryOf, type LogEntry, readEntry } from "./log.ts";
import { checkpointName, HistoryStatement, recordName } from "./record.ts";
import { type HistoryStore, settledList } from "./store.ts";
import { leafHash } from "./tree.ts";
import { type Held, heldProblem, openCheckpoint, rootsOf, type Whole } from "./verify-checkpoints.ts";
import { Past } from "./verify-record.ts";

export interface LogVerification {
  /** Empty when everything holds. */
  problems: string[];
  /** What holds, and yet has to be known. */
  notes: string[];
  /** The records that are whole and in their places, from the first on. */
  log: Whole;
  /** What was read of it, and how it was then, by name. */
  files: Readonly<Record<string, Buffer>>;
  checked: { records: number; checkpoints: number; held: number };
}

interface Finding {
  where: string;
  what: string;
}

const readsAtOnce = 16;

/** Checks a log offline: every signature, place, link, sequence and checkpoint, and checkpoints that were kept
 *  elsewhere. Collects all problems. Throws HISTORY_UNAVAILABLE where the store cannot be read. */
export async function verifyLog(
  store: HistoryStore,
  { trust, held = [] }: { trust: Trust; held?: readonly Held[] },
): Promise<LogVerification> {
  const names = await settledList(store);
  const findings: Finding[] = [];
  const notes: string[] = [];
  const files: Record<string, Buffer> = {};
  const checked = { records: 0, checkpoints: 0, held: 0 };
  const past = new Past();
  const size = await walk(/^records\/(\d{8})\.json$/, { from: 0, nameOf: recordName, check: checkRecord });
  findings.push(...past.missingRuns().map((what) => ({ where: "the log", what })));
  const unended = past.unended();
  if (unended.length > 0)
    notes.push(
      `without an end, or still going on: ${unended.slice(0, 5).join(", ")}${moreThan(unended.length - 5)}`,
    );
  const log = wholePart(past, { size, trust });
  const roots = rootsOf(log.leaves);
  const signed = await walk(/^checkpoints\/(\d{8})$/, {
    from: 1,
    nameOf: checkpointName,
    check: checkCheckpoint,
  });
  reportHead();
  await lookBehind();
  const kept = held.map((one) => heldProblem(one, log));
  checked.held = kept.filter((problem) => problem === null).length;
  const strangers = names
    .filter((name) => !/^(records\/\d{8}\.json|checkpoints\/\d{8})$/.test(name))
    .map((where) => ({ where, what: "it belongs to no history" }));
  const problems = [...grouped([...findings, ...strangers]), ...kept.filter((problem) => problem !== null)];
  if (size === 0) problems.push("it holds no record");
  return { problems, notes, log, files, checked };

  /** Looks at what is there by ascending number, and says what is not. Returns the number that would be next. */
  async function walk(
    pattern: RegExp,
    kind: {
      from: number;
      nameOf: (number: number) => string;
      check: (number: number, name: string, content: Buffer) => void;
    },
  ): Promise<number> {
    const numbers = names.flatMap((name) => pattern.exec(name)?.[1] ?? []).map(Number);
    let next = kind.from;
    for (let first = 0; first < numbers.length; first += readsAtOnce) {
      const chunk = numbers.slice(first, first + readsAtOnce);
      const contents = await Promise.all(chunk.map((number) => store.read(kind.nameOf(number))));
      for (const [index, number] of chunk.entries()) {
        const content = contents[index];
        if (number > next) findings.push({ where: rangeOf(next, number - 1, kind.nameOf), what: "missing" });
        const name = kind.nameOf(number);
        if (content) {
          files[name] = content;
          kind.check(number, name, content);
        } else findings.push({ where: name, what: "it is listed, and cannot be read" });
        next = Math.max(next, number + 1);
      }
    }
    return next;
  }

  function checkRecord(index: number, where: string, content: Buffer): void {
    const timeOf = ({ predicate }: HistoryStatement) => predicate.at;
    const expected = { role: judgeRole, trust, schema: HistoryStatement, timeOf };
    const opened = openStatement(content.toString("utf8"), expected);
    if ("problem" in opened) {
      findings.push({ where, what: opened.problem });
      const unproven = readEntry(content);
      if (unproven) past.add(index, unproven);
      return;
    }
    const entry = entryOf(content, opened.statement);
    const wrong = past.problemsOf(index, entry);
    findings.push(...wrong.map((what) => ({ where, what })));
    if (wrong.length === 0) checked.records++;
    const before = past.entries.get(index - 1)?.record.at;
    if (before && Date.parse(entry.record.at) < Date.parse(before))
      notes.push(`${where} says ${entry.record.at}, and the one before it ${before}: a clock went back`);
    past.add(index, entry);
  }

  function checkCheckpoint(number: number, where: string, content: Buffer): void {
    const opened = openCheckpoint(content.toString("utf8"), log);
    const what =
      typeof opened === "string"
        ? opened
        : opened.size !== number
          ? `it is a checkpoint of ${opened.size} records`
          : number > size
            ? `it was signed, and only ${size} records are here: the end was cut off`
            : number <= log.leaves.length && !roots[number]?.equals(opened.root)
              ? "the records up to it are not those that it was signed over"
              : null;
    if (what !== null) findings.push({ where, what });
    else if (number <= log.leaves.length) checked.checkpoints++;
  }

  /** A store that keeps older versions tells what was removed from a log, also from its end. */
  async function lookBehind(): Promise<void> {
    const replaced = await store.replaced?.();
    const what = "the bucket holds an older version of it: it was removed, or written over";
    findings.push(...(replaced ?? []).map((where) => ({ where, what })));
    if (replaced === null)
      notes.push("older versions are not shown, which would tell what was removed: s3:ListBucketVersions");
  }

  /** A writer that was killed between the two leaves its last record without a checkpoint; none leaves more. */
  function reportHead(): void {
    if (signed < size) findings.push({ where: rangeOf(signed, size - 1, checkpointName), what: "missing" });
    if (signed <= size && size > 0)
      notes.push(
        `the last record has no checkpoint yet, or lost it: ${checkpointName(size)}. The next run signs one`,
      );
  }
}

function moreThan(rest: number): string {
  return rest > 0 ? `, and ${rest} more runs` : "";
}

function wholePart({ entries }: Past, of: Pick<Whole, "size" | "trust">): Whole {
  const whole: LogEntry[] = [];
  for (let entry = entries.get(0); entry; entry = entries.get(whole.length)) whole.push(entry);
  const leaves = whole.map(({ content }) => leafHash(content));
  return { origin: whole[0]?.record.origin ?? "", entries: whole, leaves, ...of };
}

function rangeOf(first: number, last: number, nameOf: (number: number) => string): string {
  return first === last ? nameOf(first) : `${nameOf(first)} to ${nameOf(last)}`;
}

/** One line for what many files have in common, in the order in which it was met. */
function grouped(findings: readonly Finding[]): string[] {
  const places = new Map<string, string[]>();
  for (const { where, what } of findings) {
    const known = places.get(what);
    if (known) known.push(where);
    else places.set(what, [where]);
  }
  return [...places].map(([what, [first, ...more]]) =>
    more.length === 0 ? `${first}: ${what}` : `${first}, and ${more.length} more: ${what}`,
  );
}
