import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { seal } from "../../attest/envelope.ts";
import { buildObservedStatement, journalName } from "../../attest/observed-statement.ts";
import { openSigner } from "../../attest/signer-reference.ts";
import { sha256 } from "../../core/digest.ts";
import { type Journal, readJournal } from "../../core/journal.ts";
import { judge } from "../../core/judge.ts";
import { observersOf, planDigest } from "../../core/plan.ts";
import type { SystemKind } from "../../core/residency-map.ts";
import type { RegionGrade } from "../../core/vocabulary.ts";
import { parseMap } from "../../environments/map-file.ts";
import { writeEvidence } from "../../reports/evidence.ts";
import { planFor } from "../planning.ts";
import type { RegionSigning } from "../region-job.ts";
import { localSigning, SignatureKeeper } from "../signing.ts";
import { version } from "../version.ts";
import { closedJournal } from "./closed-journal.ts";

const startedAt = "2026-11-22T13:05:09.000Z";
const runId = "20261122T130509Z-00000000";

/** The sample map with many copies of every system. Those that are tried against each other's systems stay
 *  single, because theirs would grow with the square. */
export function estateMap(
  sample: string,
  { copies, kinds }: { copies: number; kinds: readonly SystemKind[] },
): string {
  const map = parse(sample) as { systems: { id: string; kind: string }[] };
  const single = new Set(
    kinds.filter(({ checks }) => checks.some(({ everySystem }) => everySystem)).map(({ kind }) => kind),
  );
  const systems = map.systems.flatMap((system) =>
    Array.from({ length: single.has(system.kind) ? 1 : copies }, (_, index) => ({
      ...system,
      id: index === 0 ? system.id : `${system.id}-${index}`,
    })),
  );
  return stringify({ ...map, systems }, { aliasDuplicateObjects: false });
}

export interface WrittenEstate {
  attempts: number;
  regions: string[];
  grade: RegionGrade;
  /** Reading the journals and judging, and then writing and signing the evidence. */
  judgeMs: number;
  writeMs: number;
}

/** Writes a run of that map into a folder, signed as every run is. */
export async function writeEstate(
  directory: string,
  { mapText, kinds }: { mapText: string; kinds: readonly SystemKind[] },
): Promise<WrittenEstate> {
  const map = parseMap(mapText, { kinds, today: startedAt.slice(0, 10), file: "residency.yaml" });
  const plan = planFor(map, kinds, { environment: "replica", outside: true });
  const digests = { plan: planDigest(plan), map: plan.map };
  const observers = observersOf(map, plan);
  const signing = localSigning(observers, { environment: "replica", folder: join(directory, "..", "keys") });
  const signatures = new SignatureKeeper(directory);
  for (const region of observers) {
    mkdirSync(join(directory, region), { recursive: true });
    const text = closedJournal(region, { plan, map, digests, runId, startedAt });
    writeFileSync(join(directory, journalName(region)), text);
    const { signer: reference } = signing.regions[region] as RegionSigning;
    const signer = await openSigner(reference, { environment: signing.secrets[region] ?? {} });
    const statement = buildObservedStatement(
      { sha256: sha256(text) },
      { runId, region, version, ...digests, signedAt: startedAt, history: null },
    );
    const bundle = await seal(statement, signer);
    signatures.keep(region, { bundle, who: signer.who, publicPem: signer.publicPem });
  }
  const begun = performance.now();
  const journals = observers.map(
    (region): Journal =>
      readJournal(readFileSync(join(directory, journalName(region)), "utf8"), { runId, region, ...digests }),
  );
  const judgement = judge(plan, map, journals);
  const judged = performance.now();
  await writeEvidence(
    directory,
    { plan, planDigest: digests.plan, map, journals, judgement, mapText },
    {
      judge: signing.judge,
      signedAt: startedAt,
      drills: null,
      context: {
        ...{ runId, environment: "replica", fidelity: "replica", version, startedAt, durationMs: 30_000 },
        limits: ["Nothing was observed: this run is made up, to measure what a large one costs."],
        rerunOptions: "--env replica",
        filtered: false,
        signers: { judge: signing.judge.who, regions: signatures.signers },
      },
    },
  );
  signatures.writePublicKeys(signing.judge);
  return {
    attempts: judgement.verdicts.length,
    regions: plan.scope.regions,
    grade: judgement.grade,
    judgeMs: judged - begun,
    writeMs: performance.now() - judged,
  };
}
