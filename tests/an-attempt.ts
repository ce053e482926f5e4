import { aTrial } from "../core/a-trial.ts";
import type { Try } from "../core/journal.ts";
import type { PlannedItem } from "../core/plan.ts";
import { attempt } from "../probes/attempt.ts";
import type { Ladder } from "../probes/ladder.ts";
import type { Probe } from "../probes/probe.ts";

export interface AnAttempt {
  probe: Probe;
  /** The check's own name. */
  check: string;
  endpoint: Record<string, unknown>;
  /** The vantage's endpoint, where it is another than the target's. */
  own?: Record<string, unknown>;
  credentials?: PlannedItem["vector"]["credentials"];
  /** What stands behind the references. */
  secrets: Readonly<Record<string, string>>;
  deadlineMs?: number;
}

/** Makes one attempt on loopback as the observer would, and gives its only try. */
export async function anAttempt(parts: AnAttempt): Promise<Try> {
  const { probe, check, endpoint, own = endpoint, secrets, deadlineMs = 2000 } = parts;
  const found = probe.checks.find((candidate) => candidate.probe === check);
  const planned = aTrial().plan.items.find(({ role }) => role === "attempt");
  if (!found || !planned) throw new TypeError(`no check ${check}`);
  const { family, goal, contacts } = found;
  const isInside = family === "stray" || family === "wiring";
  const item: PlannedItem = {
    ...planned,
    probe: check,
    kind: probe.kind,
    family,
    goal,
    contacts,
    vector: { route: "name", addressFamily: 4, credentials: parts.credentials ?? "own" },
    from: { region: "eu", principal: "workload" },
    to: { region: isInside ? "eu" : "us", system: "it" },
    deadlineMs,
  };
  const open: Ladder[] = [];
  const secret = (reference: string) => {
    const value = secrets[reference];
    if (value === undefined) throw new TypeError(`no secret ${reference}`);
    return value;
  };
  try {
    const records = await attempt(item, {
      probe,
      context: {
        item,
        own,
        target: endpoint,
        runId: "a-run",
        secret,
        offer: undefined,
        token: "0".repeat(32),
      },
      learned: [],
      onLate: () => {},
      keepOpen: (ladder) => open.push(ladder),
    });
    const [only, ...more] = records;
    if (!only || more.length > 0) throw new TypeError(`expected one try, got ${records.length}`);
    return only.entry;
  } finally {
    for (const ladder of open) ladder.close();
  }
}
