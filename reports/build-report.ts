import type { SignerIdentity } from "../attest/signer.ts";
import type { Control } from "../core/control-proof.ts";
import type { Journal } from "../core/journal.ts";
import { exitCodeOf, type Judgement, type Verdict } from "../core/judge.ts";
import type { Plan } from "../core/plan.ts";
import { homesOf, type ResidencyMap, type System } from "../core/residency-map.ts";
import { vectorText } from "../core/vocabulary.ts";
import type { RegionReport, ReportVerdict, RunSummary } from "./report.ts";
import type { ReportHead } from "./report-text.ts";

/** What a report says beyond what the judge found. */
export interface ReportContext {
  runId: string;
  environment: string;
  fidelity: "replica" | "real";
  limits: string[];
  version: string;
  startedAt: string;
  durationMs: number;
  /** Options that every rerun command repeats, such as `--env replica`. */
  rerunOptions: string;
  /** True when only some tests were asked for by name. */
  filtered: boolean;
  signers: { judge: SignerIdentity; regions: Readonly<Record<string, SignerIdentity | null>> };
}

export interface Judged {
  plan: Plan;
  /** SHA-256 of the plan. */
  planDigest: string;
  map: ResidencyMap;
  journals: readonly Journal[];
  judgement: Judgement;
}

export function buildRunSummary(
  { plan, map, judgement }: Omit<Judged, "journals" | "planDigest">,
  context: Pick<
    ReportContext,
    "runId" | "environment" | "fidelity" | "durationMs" | "startedAt" | "filtered"
  >,
): RunSummary {
  return {
    runId: context.runId,
    environment: context.environment,
    fidelity: context.fidelity,
    grade: judgement.grade,
    exitCode: exitCodeOf[judgement.grade],
    durationMs: context.durationMs,
    startedAt: context.startedAt,
    partial: isPartial(plan, map, context),
    regions: Object.fromEntries(
      Object.entries(judgement.regions).map(
        ([region, { grade, planned, contained, breached, inconclusive }]) => [
          region,
          { grade, planned, contained, breached, inconclusive },
        ],
      ),
    ),
  };
}

/** Deterministic: `verify` builds it again from the journals and compares. */
export function buildRegionReport(region: string, judged: Judged, context: ReportContext): RegionReport {
  const head = buildRegionHead(region, judged, context);
  return { ...head, verdicts: [...reportVerdicts(region, judged, context)] };
}

/** One at a time: a large region's are not all needed at once. */
export function* reportVerdicts(
  region: string,
  { judgement }: Pick<Judged, "judgement">,
  context: ReportContext,
): Generator<ReportVerdict> {
  for (const verdict of judgement.verdicts)
    if (verdict.item.from.region === region) yield reportVerdict(verdict, context);
}

/** All of a report but for its verdicts. */
export function buildRegionHead(region: string, judged: Judged, context: ReportContext): ReportHead {
  const { plan, map, judgement } = judged;
  const mine = judgement.regions[region];
  if (!mine) throw new TypeError(`the judgement has no region ${region}`);
  const times = timesOf(
    judged.journals.find((journal) => journal.region === region),
    context,
  );
  const { grade, planned, contained, breached, inconclusive, waived } = mine;
  const controls = plan.items.filter((item) => item.role === "control" && item.from.region === region).length;
  return {
    format: 1,
    runId: context.runId,
    title: map.title,
    environment: context.environment,
    fidelity: context.fidelity,
    limits: context.limits,
    version: context.version,
    ...times,
    partial: isPartial(plan, map, context),
    scope: plan.scope,
    region: describeRegion(region, map),
    regions: Object.keys(map.regions).map((id) => describeRegion(id, map)),
    grade,
    counts: { planned, contained, breached, inconclusive, waived, controls },
    digests: { plan: judged.planDigest, map: plan.map },
    signers: { observed: context.signers.regions[region] ?? null, judged: context.signers.judge },
    gaps: mine.gaps,
    notClaimed: plan.notClaimed,
    journalProblems: mine.journalProblems,
    systems: map.systems.filter((system) => homesOf(system, map).includes(region)).map(inventoryLine),
  };
}

export function isPartial(
  plan: Plan,
  map: ResidencyMap,
  { filtered }: Pick<ReportContext, "filtered">,
): boolean {
  const paths = new Set(map.systems.map((system) => system.path));
  return (
    filtered ||
    plan.scope.regions.length < Object.keys(map.regions).length ||
    plan.scope.paths.length < paths.size
  );
}

function timesOf(journal: Journal | undefined, context: ReportContext) {
  const first = journal?.entries[0];
  const last = journal?.entries.at(-1);
  const startedAt = first?.type === "run-started" ? first.at : context.startedAt;
  const finishedAt = last?.type === "run-finished" ? last.at : startedAt;
  return { startedAt, finishedAt, durationMs: Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) };
}

function describeRegion(id: string, map: ResidencyMap) {
  const region = map.regions[id];
  return { id, jurisdiction: region?.jurisdiction ?? "", place: region?.place ?? "" };
}

function inventoryLine(system: System): RegionReport["systems"][number] {
  const { id, kind, path, holds, retention, readers, exporters, backups } = system;
  const words =
    backups.storedIn === "none"
      ? "none"
      : `${backups.storedIn}, kept ${backups.retention}, restored to ${backups.restoredTo.join(", ") || "nowhere"}`;
  return { id, kind, path, holds, retention, readers, exporters, backups: words };
}

function reportVerdict(verdict: Verdict, context: ReportContext): ReportVerdict {
  const { item, waiver } = verdict;
  return {
    id: item.id,
    family: item.family,
    path: item.path,
    probe: item.probe,
    vector: vectorText(item.vector),
    from: item.from,
    to: { ...item.to, address: verdict.addresses.join(", ") || null },
    about: item.about ?? item.to.region,
    grade: verdict.grade,
    stoppedAt: verdict.stoppedAt,
    code: verdict.code,
    reason: verdict.reason,
    rerun: rerunCommand(item, context.rerunOptions),
    waiver: waiver && {
      owner: waiver.owner,
      reason: waiver.reason,
      approver: waiver.approver,
      expires: waiver.expires,
    },
    controls: { twin: summarise(verdict.twin), targetAlive: summarise(verdict.targetAlive) },
  };
}

function rerunCommand(item: Verdict["item"], options: string): string {
  const pattern = `${item.title.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}$`;
  return `npm run -s ringfence -- run ${options} --region ${item.from.region} --path ${item.path} -t '${pattern}'`;
}

function summarise(control: Control | null) {
  return (
    control && {
      id: control.id,
      ok: control.problem === null,
      problem: control.problem,
      addresses: control.addresses,
    }
  );
}
