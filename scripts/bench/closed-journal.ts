import { sha256 } from "../../core/digest.ts";
import { chainLine, type Entry, emptyHead, type Findings, type Phase, type Try } from "../../core/journal.ts";
import type { Plan, PlannedItem } from "../../core/plan.ts";
import { homesOf, type ResidencyMap } from "../../core/residency-map.ts";
import { height, type Outcome } from "../../core/vocabulary.ts";
import { sendToken } from "../../core/witness.ts";
import { version } from "../version.ts";

export interface MadeUpRun {
  plan: Plan;
  map: ResidencyMap;
  digests: { plan: string; map: string };
  runId: string;
  startedAt: string;
}

const secondsIn = { before: 1, attempt: 10, after: 20 } as const satisfies Record<Phase, number>;

/** What a region's journal says where every border holds and every control works. */
export function closedJournal(region: string, run: MadeUpRun): string {
  const { plan, map, digests, runId, startedAt } = run;
  const at = (seconds: number) => new Date(Date.parse(startedAt) + seconds * 1000).toISOString();
  const mine = plan.items.filter((item) => item.from.region === region);
  const observed = (role: PlannedItem["role"], phase: Phase): Entry[] =>
    mine
      .filter((item) => item.role === role)
      .map((item) => {
        const tries = triesOf(item, at(secondsIn[phase]), map);
        return { type: "observation", item: item.id, phase, tries };
      });
  const observations = [
    ...observed("control", "before"),
    ...observed("attempt", "attempt"),
    ...observed("control", "after"),
  ];
  const systems = map.systems.filter((system) => homesOf(system, map).includes(region));
  const planted = Object.fromEntries(systems.map(({ id }) => [id, canaryOf(region, id)]));
  const entries: Entry[] = [
    { type: "run-started", runId, region, version, at: at(0), ...digests, planted },
    ...observations,
    ...witnessed(region, run, at(25)),
    { type: "run-finished", at: at(30), observations: observations.length },
  ];
  let head = emptyHead;
  const lines = entries.map((entry) => {
    const next = chainLine(head, entry);
    head = next.head;
    return `${next.line}\n`;
  });
  return lines.join("");
}

function canaryOf(region: string, system: string): string {
  return sha256(`canary of ${system} in ${region}`);
}

function triesOf(item: PlannedItem, startedAt: string, map: ResidencyMap): Try[] {
  const looksInside = item.role === "attempt" && (item.family === "stray" || item.family === "wiring");
  const outcome = item.role === "control" ? worked(item) : looksInside ? read(item, "data") : stopped(item);
  const address = addressOf(item.contacts === "own" ? item.from.region : item.to.region, item, map);
  const one: Try = {
    address,
    startedAt,
    durationMs: outcome.kind === "silent" && !item.witnessed ? item.deadlineMs : 21.5,
    climbed: null,
    outcome,
    syns: 3,
    ...(looksInside ? { findings: findingsOf(item, addressOf(item.from.region, item, map)) } : {}),
  };
  return Array.from({ length: item.role === "attempt" ? (item.repeats ?? 1) : 1 }, () => one);
}

function read({ from, to }: PlannedItem, rung: PlannedItem["goal"]): Outcome {
  return { kind: "reached", rung, canary: canaryOf(from.region, to.system) };
}

function worked(item: PlannedItem): Outcome {
  if (item.witnessed) return sent(item);
  return item.goal === "data" ? read(item, "data") : { kind: "reached", rung: item.goal };
}

/** Where the own side is asked, it refuses; where a border drops, nobody answers. */
function stopped(item: PlannedItem): Outcome {
  const byWord = height(item.stopBy) > height("tls");
  if (item.witnessed && (byWord || item.contacts === "target")) return sent(item);
  if (byWord) return { kind: "refused", rung: "authorization", code: "AccessDenied" };
  return item.contacts === "own"
    ? { kind: "refused", rung: "network", code: "403", local: true }
    : { kind: "silent", rung: "network" };
}

/** The sender knows nothing; a name server of one's own has to answer. */
function sent({ contacts }: PlannedItem): Outcome {
  return contacts === "own"
    ? { kind: "refused", rung: "authorization", code: "NXDOMAIN" }
    : { kind: "silent", rung: "network" };
}

function findingsOf({ from, to, looksFor, refusals }: PlannedItem, address: string): Findings {
  const rows = { tenant: "moved", part: "orders", rows: 100, digest: sha256("rows") };
  return {
    canaries: [canaryOf(from.region, to.system)],
    ...(looksFor === "links" ? { links: [] } : {}),
    ...(looksFor === "place" ? { servedFrom: { addresses: [address] } } : {}),
    ...(looksFor === "settings"
      ? { settings: [{ what: "region", setting: "AWS_REGION", region: from.region }] }
      : {}),
    ...(looksFor === "sums"
      ? {
          sums: [
            { ...rows, by: "count" },
            { ...rows, by: "manifest" },
          ],
        }
      : {}),
    ...(looksFor === "writes" ? { writes: writes(refusals?.[0] ?? "") } : {}),
  };
}

function writes(code: string): Findings["writes"] {
  return [
    { tenant: "settled", how: "INSERT", met: { kind: "accepted" } },
    { tenant: "moving", how: "INSERT", met: { kind: "refused", code } },
  ];
}

/** One of the region's own plan, or of the documentation's blocks for what is outside (RFC 5737, RFC 3849). */
function addressOf(region: string, item: PlannedItem, map: ResidencyMap): string {
  const { own, contacts, to, vector } = item;
  const name = (contacts === "own" ? own : to.endpoint?.host) ?? to.system;
  const [high = 0, low = 0] = Buffer.from(sha256(name), "hex");
  const plan = map.regions[region]?.addresses ?? ["203.0.0.0/16", "2001:db8::/48"];
  const block = plan.find((cidr) => cidr.includes(":") === (vector.addressFamily === 6)) ?? "";
  return vector.addressFamily === 4
    ? `${block.split(".").slice(0, 2).join(".")}.${high}.${low}`
    : `${block.replace(/\/\d+$/, "")}${(high * 256 + low).toString(16)}`;
}

/** Every receiver saw what its own region sent as a control, and nothing else. */
function witnessed(region: string, { plan, runId, map }: MadeUpRun, at: string): Entry[] {
  const sends = plan.items.filter((item) => item.witnessed && item.to.region === region);
  return [...new Set(sends.map(({ to }) => to.system))].map((system) => ({
    type: "witnessed",
    system,
    at,
    arrivals: sends
      .filter((item) => item.role === "control" && item.to.system === system)
      .flatMap((item) =>
        (["before", "after"] as const).map((phase) => {
          const token = sendToken(runId, item.id, phase);
          return { token, from: addressOf(region, item, map), at };
        }),
      ),
  }));
}
