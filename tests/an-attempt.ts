import { aTrial } from "../core/a-trial.ts";
import type { Try } from "../core/journal.ts";
import type { PlannedItem } from "../core/plan.ts";
import { outside } from "../core/residency-map.ts";
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
  role?: PlannedItem["role"];
  /** Where it is made; in the region "eu" when left out. */
  from?: string;
  route?: PlannedItem["vector"]["route"];
  addressFamily?: PlannedItem["vector"]["addressFamily"];
  /** The literal addresses that the target's home proved. */
  learned?: readonly string[];
  token?: string;
  /** What stands behind the references. */
  secrets?: Readonly<Record<string, string>>;
  deadlineMs?: number;
}

/** Makes one attempt on loopback as the observer would, and gives its only try. */
export async function anAttempt(parts: AnAttempt): Promise<Try> {
  const { probe, check, endpoint, own = endpoint, secrets = {}, deadlineMs = 2000 } = parts;
  const { role = "attempt", route = "name", addressFamily = 4 } = parts;
  const found = probe.checks.find((candidate) => candidate.probe === check);
  const planned = aTrial().plan.items.find(({ role }) => role === "attempt");
  if (!found || !planned) throw new TypeError(`no check ${check}`);
  const { family, goal, contacts } = found;
  const isInside = family === "stray" || family === "wiring";
  const item: PlannedItem = {
    ...planned,
    role,
    probe: check,
    kind: probe.kind,
    family,
    goal,
    contacts,
    ...(found.witnessed ? { witnessed: true } : {}),
    vector: { route, addressFamily, credentials: parts.credentials ?? "own" },
    from: { region: parts.from ?? "eu", principal: "workload" },
    to: { region: found.outward ? outside : isInside ? "eu" : "us", system: "it" },
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
        token: parts.token ?? "0".repeat(32),
      },
      learned: parts.learned ?? [],
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
