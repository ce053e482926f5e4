import { canonicalJson, digestOfPieces } from "../core/digest.ts";
import { judge, type Verdict } from "../core/judge.ts";
import { Plan, planDigest } from "../core/plan.ts";
import type { ResidencyMap } from "../core/residency-map.ts";
import { buildRegionHead, buildRunSummary, type Judged, reportVerdicts } from "./build-report.ts";
import { bundleName, coveredFiles, isCovered } from "./evidence.ts";
import type { RegionReport } from "./report.ts";
import { type ReportHead, reportPieces } from "./report-text.ts";
import {
  buildRegionStatement,
  buildRunStatement,
  differencesIn,
  type RegionStatement,
  type RunStatement,
  regionExtension,
  subjectsOf,
  timeOfRun,
} from "./statement.ts";
import type { Examined } from "./verify.ts";
import type { Statements } from "./verify-statements.ts";

/** What the reports layer may not know: how a map is read and planned (that takes the probes). */
export interface Replay {
  parseMap(text: string, today: string): ResidencyMap;
  plan(map: ResidencyMap, scope: Plan["scope"] & { environment: string }): Plan;
}

export function replayMap({ folder, run, problems }: Examined, replay: Replay): ResidencyMap {
  const map = replay.parseMap(folder.text("residency.yaml"), run.startedAt.slice(0, 10));
  const stored = folder.text("map.json");
  if (canonicalJson(map) !== canonicalJson(JSON.parse(stored)))
    problems.push("map.json is not what residency.yaml says");
  else if (!isItsText(stored)) problems.push(otherText("map.json"));
  return map;
}

/** A key that stands twice is read by some as the first, and by others as the last. */
function isItsText(json: string): boolean {
  return `${JSON.stringify(JSON.parse(json), null, 2)}\n` === json;
}

function otherText(name: string): string {
  return `${name}: its text is not the one that its content has`;
}

/** The plan that the map asks for, in the scope that the reports name. A `plan.json` of that very digest needs
 *  no reading; any other is judged as it stands, and is a problem where it is not what its map asks for. */
export function replayPlan(
  { folder, run, problems, reportOf }: Examined,
  replay: Replay,
  map: ResidencyMap,
): Pick<Judged, "plan" | "planDigest"> {
  const [first] = Object.keys(run.regions);
  if (first !== undefined) {
    const { scope, environment } = reportOf(first).head;
    const asked = replay.plan(map, { ...scope, environment });
    const digest = planDigest(asked);
    if (digest === folder.sha256("plan.json")) return { plan: asked, planDigest: digest };
  }
  const stored = folder.json("plan.json", Plan);
  const digest = planDigest(stored);
  if (digest !== folder.sha256("plan.json")) problems.push(otherText("plan.json"));
  const replanned = replay.plan(map, { ...stored.scope, environment: stored.environment });
  if (planDigest(replanned) !== digest)
    problems.push("plan.json is not the plan of this map by this version of Ringfence");
  return { plan: stored, planDigest: digest };
}

/** Judges again, and compares whatever follows from it: reports, summary, and what was signed. */
export function replayVerdicts(
  examined: Examined,
  observed: Omit<Judged, "judgement">,
  statements: Statements,
): void {
  const { problems, checked, run, folder } = examined;
  const { map, plan } = observed;
  const judgement = judge(plan, map, observed.journals);
  // What is left to compare takes their first and last entries only: a large run's are best forgotten.
  observed.journals = observed.journals.map(({ entries, ...rest }) => ({
    ...rest,
    entries: [...entries.slice(0, 1), ...entries.slice(1).slice(-1)],
  }));
  const judged = { ...observed, judgement };
  const heads = plan.scope.regions.map((region) => {
    checked.verdicts += judgement.regions[region]?.planned ?? 0;
    return compareReport(region, judged, { examined, statements });
  });
  const summary = buildRunSummary(judged, { ...run, filtered: run.partial });
  const stored = folder.text("run.json");
  // As it stands: Zod passes over a key by the name of `__proto__`, which other readers see.
  if (canonicalJson(summary) !== canonicalJson(JSON.parse(stored)))
    problems.push("run.json is not what the journals say");
  else if (!isItsText(stored)) problems.push(otherText("run.json"));
  for (const [region, { grade }] of Object.entries(judgement.regions)) {
    const signed = statements.ofRegions.get(region)?.predicate[regionExtension].grade;
    if (signed && signed !== grade) problems.push(`${region}: ${signed} was signed, and it is ${grade}`);
  }
  const { ofRun } = statements;
  if (!ofRun || heads.length === 0) return;
  const files = filesOf(ofRun, folder.names().filter(isCovered));
  const rebuilt = buildRunStatement(summary, heads, { files, signedAt: timeOfRun(ofRun) });
  problems.push(...contradictions(bundleName, ofRun, rebuilt));
}

/** A report of the very text that the journals lead to needs no reading. What it says of its making (version,
 *  limits, options of its commands) is taken from it. */
function compareReport(
  region: string,
  judged: Judged,
  { examined, statements }: { examined: Examined; statements: Statements },
): ReportHead {
  const { folder, problems, run, reportOf } = examined;
  const { head, rerunOptions, whole } = reportOf(region);
  const { runId, environment, fidelity, durationMs, startedAt, partial } = run;
  const context = {
    ...{ runId, environment, fidelity, durationMs, startedAt, filtered: partial },
    ...{ limits: head.limits, version: head.version, rerunOptions },
    signers: { judge: head.signers.judged, regions: { [region]: head.signers.observed } },
  };
  const rebuilt = buildRegionHead(region, judged, context);
  const verdicts = judged.judgement.verdicts.filter(({ item }) => item.from.region === region);
  problems.push(...contradicted(rebuilt, verdicts, statements));
  // One line at a time: a large region's are best not held all at once.
  const lines = () => reportVerdicts(region, judged, context);
  if (digestOfPieces(reportPieces(rebuilt, lines())) === folder.sha256(`${region}/report.json`))
    return rebuilt;
  const [stored, right] = [whole(), { ...rebuilt, verdicts: [...lines()] }];
  if (canonicalJson(right) === canonicalJson(stored)) {
    const name = `${region}/report.json`;
    const { verdicts: given, ...rest } = JSON.parse(folder.text(name)) as RegionReport;
    // Its own keys, in its own order: a plan that was read has others than one that was made.
    if (digestOfPieces(reportPieces(rest, given)) !== folder.sha256(name)) problems.push(otherText(name));
    return rebuilt;
  }
  const wrong = stored.verdicts.find((verdict, index) => verdict.grade !== right.verdicts[index]?.grade);
  problems.push(
    `${region}/report.json is not what the journals say${wrong ? `: ${wrong.id} is ${wrong.grade} there` : ""}`,
  );
  return rebuilt;
}

/** What only the judge knows is taken from what was signed: when, the drills' score, and the place in a history. */
function contradicted(
  head: ReportHead,
  verdicts: readonly Verdict[],
  { ofRegions, observers }: Statements,
): string[] {
  const { id } = head.region;
  const signed = ofRegions.get(id);
  if (!signed) return [];
  const { drills, history, pages, signedAt } = signed.predicate[regionExtension];
  const files = filesOf(signed, coveredFiles(id, observers));
  const graded = verdicts.map(({ item, grade, waiver }) => ({ id: item.id, grade, waiver }));
  const claims = { drills, history, pages, signedAt };
  const rebuilt = buildRegionStatement({ ...head, verdicts: graded }, files, claims);
  return contradictions(`${id}/${bundleName}`, signed, rebuilt);
}

function contradictions<S extends RegionStatement | RunStatement>(
  name: string,
  signed: S,
  rebuilt: S,
): string[] {
  const different = differencesIn(signed, rebuilt);
  return different.length === 0
    ? []
    : [`${name}: it says otherwise than the journals: ${different.join(", ")}`];
}

/** A statement's files under the names that it has to have, with the digests that it gives. */
function filesOf(
  statement: RegionStatement | RunStatement,
  names: readonly string[],
): Record<string, string> {
  const subjects = subjectsOf(statement);
  return Object.fromEntries(names.map((name) => [name, subjects.get(name) ?? ""]));
}
