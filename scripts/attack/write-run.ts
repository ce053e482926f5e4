import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seal } from "../../attest/envelope.ts";
import { beginRun } from "../../attest/history/begin.ts";
import { FolderStore } from "../../attest/history/folder-store.ts";
import { openSigningKey } from "../../attest/keys.ts";
import { buildObservedStatement, journalName } from "../../attest/observed-statement.ts";
import { localSigner } from "../../attest/signer.ts";
import { sha256 } from "../../core/digest.ts";
import { chainLine, type Entry, emptyHead, readJournal } from "../../core/journal.ts";
import { judge as judgeJournals } from "../../core/judge.ts";
import { observersOf, Plan, planDigest } from "../../core/plan.ts";
import type { RegionGrade } from "../../core/vocabulary.ts";
import { writeEvidence } from "../../reports/evidence.ts";
import { historyResult } from "../../reports/history-result.ts";
import type { Replay } from "../../reports/verify-replay.ts";
import { newRunId } from "../prove.ts";
import { localSigning, SignatureKeeper } from "../signing.ts";
import { version } from "../version.ts";
import type { Dice } from "./dice.ts";

export const environment = "replica";

export interface Template {
  map: ReturnType<Replay["parseMap"]>;
  mapText: string;
  plan: Plan;
  entries: Record<string, Entry[]>;
}

/** A run's journals, and what they were observed for. */
export function templateOf(directory: string, replay: Replay): Template {
  const text = (name: string) => readFileSync(join(directory, name), "utf8");
  const plan = Plan.parse(JSON.parse(text("plan.json")));
  const { startedAt } = JSON.parse(text("run.json")) as { startedAt: string };
  const mapText = text("residency.yaml");
  const map = replay.parseMap(mapText, startedAt.slice(0, 10));
  const entries = observersOf(map, plan).map((region): [string, Entry[]] => [
    region,
    text(journalName(region))
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { entry: Entry }).entry),
  ]);
  return { map, mapText, plan, entries: Object.fromEntries(entries) };
}

/** How another run ended; `unfinished`: a region was lost, and could not sign. */
export const endings = ["as it was", "reached", "controls silent", "late", "unfinished"] as const;
export type Ending = (typeof endings)[number];

/** Another run from the journals of one, chained, signed, judged and written as `run` does. Returns its grade. */
export async function writeRun(
  { map, mapText, plan, entries }: Template,
  of: { directory: string; keys: string; ending: Ending; dice: Dice; history?: string },
): Promise<RegionGrade> {
  const { directory, keys, ending, dice } = of;
  const runId = newRunId();
  const startedAt = new Date().toISOString();
  const regions = Object.keys(entries);
  const changed = dice.pick(regions);
  const { judge } = localSigning(regions, { environment, folder: keys });
  const digests = { map: plan.map, plan: planDigest(plan) };
  const begun = of.history
    ? await beginRun(
        {
          ...{ runId, at: startedAt, trigger: "attack", commit: null, ...digests, version, environment },
          ...{ fidelity: "replica", partial: true, regions: plan.scope.regions },
        },
        { store: new FolderStore(of.history), judge },
      )
    : null;
  const signatures = new SignatureKeeper(directory);
  const journals = [];
  for (const region of regions) {
    const named = (entries[region] ?? []).map((entry) =>
      entry.type === "run-started" ? { ...entry, runId } : entry,
    );
    const text = chained(region === changed ? ended(named, ending, dice) : named);
    journals.push(readJournal(text, { runId, region, ...digests }));
    mkdirSync(join(directory, region), { recursive: true });
    writeFileSync(join(directory, journalName(region)), text);
    if (region === changed && ending === "unfinished") continue;
    const signer = localSigner(openSigningKey(keys, { environment, role: region }));
    const history = begun?.positions[region] ?? null;
    const statement = buildObservedStatement(
      { sha256: sha256(text) },
      { runId, region, version, ...digests, signedAt: new Date().toISOString(), history },
    );
    signatures.keep(region, { ...signer, bundle: await seal(statement, signer) });
  }
  const judgement = judgeJournals(plan, map, journals);
  const written = await writeEvidence(
    directory,
    { map, mapText, plan, planDigest: digests.plan, journals, judgement },
    {
      ...{ judge, signedAt: new Date().toISOString(), drills: null },
      ...(begun ? { history: begun.positions } : {}),
      context: {
        ...{ runId, environment, fidelity: "replica", limits: [], version, startedAt, durationMs: 1000 },
        ...{ rerunOptions: `--env ${environment}`, filtered: false },
        signers: { judge: judge.who, regions: signatures.signers },
      },
    },
  );
  signatures.writePublicKeys(judge);
  await begun?.finish(historyResult(directory, { ...written, at: new Date().toISOString() }));
  return written.run.grade;
}

export function chained(entries: readonly Entry[]): string {
  let head = emptyHead;
  return entries
    .map((entry) => {
      const next = chainLine(head, entry);
      head = next.head;
      return `${next.line}\n`;
    })
    .join("");
}

type Observation = Extract<Entry, { type: "observation" }>;

function ended(entries: Entry[], ending: Ending, dice: Dice): Entry[] {
  if (ending === "as it was") return entries;
  if (ending === "unfinished") return entries.slice(0, -1 - dice.roll(entries.length - 2));
  const isTried = (entry: Entry): entry is Observation =>
    entry.type === "observation" && (entry.phase === "attempt") !== (ending === "controls silent");
  const turned = dice.pick(entries.filter(isTried));
  if (ending === "late") {
    const [{ address, startedAt: at } = { address: null, startedAt: "" }] = turned.tries;
    const late: Entry = { type: "late", item: turned.item, address, rung: "authentication", at };
    return [...entries.slice(0, -1), late, ...entries.slice(-1)];
  }
  const outcome =
    ending === "reached"
      ? ({ kind: "reached", rung: "authentication" } as const)
      : ({ kind: "silent", rung: "network" } as const);
  return entries.map((entry) =>
    entry === turned ? { ...turned, tries: turned.tries.map((one) => ({ ...one, outcome })) } : entry,
  );
}
