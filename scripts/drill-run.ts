import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Drill, Hole } from "../core/drill.ts";
import { RingfenceError } from "../core/errors.ts";
import type { ResidencyMap, SystemKind } from "../core/residency-map.ts";
import type { LeakPath, RegionGrade } from "../core/vocabulary.ts";
import type { AnyTools, ReplicaEnvironment } from "../environments/driver.ts";
import type { Judged } from "../reports/build-report.ts";
import { type DrillResult, isCaught } from "../reports/drill-report.ts";
import { planFor } from "./planning.ts";
import { newRunId, observeAndJudge } from "./prove.ts";

export interface DrillGround<Tools = AnyTools> {
  environment: ReplicaEnvironment<Tools>;
  map: ResidencyMap;
  kinds: readonly SystemKind[];
  /** Where the journals of what went wrong are kept, below the drill's id. */
  directory: string;
  signal: AbortSignal;
}

/** Shorter than a run's: a breach needs no control, and all of a hole is seen within two SYN segments. */
function drillDeadlineMs({ attempts }: ResidencyMap): number {
  return Math.max(1500, Math.round(attempts.deadlineMs * 0.375));
}

/** Opens one hole, proves its leak path, closes it. Refuses whatever is no replica, though the types do too.
 *  `patient`: with the map's own deadline, as a run of that map has it. */
export async function runDrill<Tools>(
  ground: DrillGround<Tools>,
  drill: Drill<Tools>,
  { patient = false } = {},
): Promise<DrillResult> {
  refuseReal(ground.environment);
  const begun = performance.now();
  const { plan, judgement } = await withHole(ground, drill, patient).catch((cause: unknown) => {
    if (cause instanceof RingfenceError && cause.code === "INTERRUPTED") throw cause;
    throw new RingfenceError("DRILL_FAILED", `the drill ${drill.id} could not be opened or closed`, {
      cause,
      fix: "see the cause; the replica it ran in is gone, so nothing stays open",
    });
  });
  const attempts = plan.items.filter((item) => item.role === "attempt");
  const expected = attempts.filter(drill.expects).map((item) => item.id);
  if (expected.length === 0) throw new TypeError(`the drill ${drill.id} expects nothing to be found`);
  const found = judgement.verdicts.filter(({ grade }) => grade === "breached").map(({ item }) => item.id);
  const unseen = expected.filter((id) => !found.includes(id));
  const enough = drill.atLeastOne === true && unseen.length < expected.length;
  const missed = enough ? [] : unseen;
  const contained = judgement.verdicts
    .filter(({ grade }) => grade === "contained")
    .map(({ item }) => item.id);
  const result: DrillResult = {
    id: drill.id,
    path: drill.path,
    title: drill.title,
    expected,
    found,
    missed,
    extra: found.filter((id) => !expected.includes(id)),
    falselyContained: missed.filter((id) => contained.includes(id)),
    durationMs: Math.round(performance.now() - begun),
    ...(patient ? { patient } : {}),
  };
  if (isCaught(result)) for (const id of [drill.id, again(drill.id)]) forget(ground, id);
  return result;
}

async function withHole<Tools>(
  ground: DrillGround<Tools>,
  drill: Drill<Tools>,
  patient: boolean,
): Promise<Judged> {
  await using hole = new Hole();
  await drill.open(ground.environment.tools, hole);
  const hasty = drill.deadlineMs ?? drillDeadlineMs(ground.map);
  const id = patient ? again(drill.id) : drill.id;
  const deadlineMs = patient ? Math.max(hasty, ground.map.attempts.deadlineMs) : hasty;
  return await proveQuietly(ground, { id, paths: [drill.path], deadlineMs });
}

/** A run with every hole closed, as patient as any. Whatever it finds, the drills around it prove nothing. */
export async function runBaseline(
  ground: DrillGround<unknown>,
  { id, paths }: { id: string; paths: readonly LeakPath[] },
): Promise<RegionGrade> {
  const { deadlineMs } = ground.map.attempts;
  const { grade } = (await proveQuietly(ground, { id, paths, deadlineMs })).judgement;
  if (grade === "pass") forget(ground, id);
  return grade;
}

/** Where the journals of a second look lie, beside those of the first. */
export function again(id: string): string {
  return `${id}-again`;
}

function forget({ directory }: DrillGround<unknown>, id: string): void {
  rmSync(join(directory, id), { recursive: true, force: true });
}

async function proveQuietly(
  { environment, map, kinds, directory, signal }: DrillGround<unknown>,
  { id, paths, deadlineMs }: { id: string; paths: readonly LeakPath[]; deadlineMs: number },
): Promise<Judged> {
  const hasty = { ...map, attempts: { deadlineMs } };
  const plan = planFor(hasty, kinds, { environment: environment.name, outside: environment.outside, paths });
  return await observeAndJudge({
    environment,
    map: hasty,
    plan,
    runId: newRunId(),
    directory: join(directory, id),
    signal,
    onEntry: () => {},
    onLost: () => {},
  });
}

function refuseReal(environment: { fidelity: string; name: string }): void {
  if (environment.fidelity === "replica") return;
  throw new RingfenceError("USAGE", `${environment.name} is real, and drills open holes`, {
    fix: "drill a replica: --env replica",
  });
}
