import { createPublicKey, generateKeyPairSync, randomUUID } from "node:crypto";
import { type BegunRun, beginRun, type RunFacts, type RunResult } from "../../attest/history/begin.ts";
import type { RecordedRegion } from "../../attest/history/record.ts";
import type { HistoryStore } from "../../attest/history/store.ts";
import { type SigningKey, signingKey } from "../../attest/keys.ts";
import { localSigner } from "../../attest/signer.ts";
import type { Trust } from "../../attest/trust.ts";
import { sha256 } from "../../core/digest.ts";

/** A history in memory, whose content tests may alter. */
export class MemoryStore implements HistoryStore {
  readonly name = "memory";
  readonly files: Map<string, Buffer>;

  constructor(files: Iterable<readonly [string, Buffer]> = []) {
    this.files = new Map(files);
  }

  async list(): Promise<string[]> {
    return [...this.files.keys()].sort();
  }

  async read(name: string): Promise<Buffer | null> {
    return this.files.get(name) ?? null;
  }

  async create(name: string, content: Buffer): Promise<"created" | "exists"> {
    if (this.files.has(name)) return "exists";
    this.files.set(name, content);
    return "created";
  }

  [Symbol.dispose](): void {}
}

export const judgeKey = aKey();
export const judge = localSigner(judgeKey);
export const regions = ["ap-southeast-2", "eu-central-1", "us-east-1"];

export function aKey(type: "p256" | "ed25519" = "p256"): SigningKey {
  const pair =
    type === "p256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
  return signingKey(pair.privateKey);
}

export function trustIn(...keys: readonly SigningKey[]): Trust {
  return {
    signers: keys.map(({ publicPem, fingerprint }) => ({
      signs: "judge",
      key: createPublicKey(publicPem),
      fingerprint,
    })),
  };
}

export const trust = trustIn(judgeKey);

let runs = 0;
let now = Date.parse("2026-10-01T00:00:00.000Z");

/** A clock of its own, which never stands still. */
export function tick(): string {
  now += 60_000;
  return new Date(now).toISOString();
}

export function aRun(facts: Partial<RunFacts> = {}): RunFacts {
  return {
    runId: `20261001T020000Z-${String(runs++).padStart(8, "0")}`,
    at: tick(),
    trigger: "schedule",
    commit: "3f2a91c",
    map: sha256("map"),
    plan: sha256("plan"),
    version: "0.1.0",
    environment: "aws",
    fidelity: "real",
    partial: false,
    regions,
    ...facts,
  };
}

export function aRegion(
  more: Partial<Omit<RecordedRegion, "sequence">> = {},
): Omit<RecordedRegion, "sequence"> {
  return {
    grade: "pass",
    planned: 10,
    contained: 10,
    breached: 0,
    inconclusive: 0,
    waived: 0,
    observed: sha256("observed"),
    evidence: sha256("evidence"),
    tried: [
      { path: "database", system: "orders-db", attempts: { "us-east-1": 6 } },
      { path: "cache", system: "sessions", attempts: { "us-east-1": 4 } },
    ],
    ...more,
  };
}

export function aResult(of: readonly string[] = regions, more: Partial<RunResult> = {}): RunResult {
  return {
    at: tick(),
    evidence: sha256(randomUUID()),
    grade: "pass",
    partial: false,
    regions: Object.fromEntries(of.map((region) => [region, aRegion()])),
    open: [],
    openOmitted: 0,
    ...more,
  };
}

export function begin(store: HistoryStore, facts: Partial<RunFacts> = {}): Promise<BegunRun> {
  return beginRun(aRun(facts), { store, judge });
}

/** One step of a random history: what becomes of the next run. */
export type Step = "pass" | "breach" | "interrupt" | "vanish" | "overlap" | "part";
export const steps = ["pass", "breach", "interrupt", "vanish", "overlap", "part"] as const;

/** A log of runs, some of which fail, overlap, cover a part, or are never heard of again. */
export async function aLog(plan: readonly Step[], store = new MemoryStore()): Promise<MemoryStore> {
  let open: BegunRun | null = null;
  for (const step of plan) {
    const mine = step === "part" ? regions.slice(0, 1) : regions;
    const run = await begin(store, { regions: mine, partial: step === "part" });
    if (open) await open.finish(aResult());
    open = null;
    if (step === "overlap") open = run;
    if (step === "interrupt") await run.interrupt({ at: tick(), reason: "SIGTERM" });
    if (step === "pass" || step === "part") await run.finish(aResult(mine, { partial: step === "part" }));
    if (step === "breach") await run.finish(aBreach());
  }
  if (open) await open.finish(aResult());
  return store;
}

export function aBreach(): RunResult {
  const finding = {
    region: "eu-central-1",
    path: "database",
    system: "orders-db",
    to: "us-east-1",
    count: 2,
  } as const;
  return aResult(regions, {
    grade: "breached",
    open: [{ ...finding, grade: "breached", waived: false }],
    regions: {
      ...aResult().regions,
      "eu-central-1": aRegion({ grade: "breached", contained: 8, breached: 2 }),
    },
  });
}
