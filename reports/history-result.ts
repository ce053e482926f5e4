import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../attest/history/begin.ts";
import { mostFindings, mostTried, type OpenFinding, type Tried } from "../attest/history/record.ts";
import { sha256 } from "../core/digest.ts";
import { bundleName, observedBundleName } from "./evidence.ts";
import type { RegionReport, RunSummary } from "./report.ts";

/** Of all regions' lists of what was tried, so that a record stays within what readers of a history take. */
const mostTriedBytes = 2 * 1024 * 1024;

/** What a history keeps of a run whose evidence lies in a folder. */
export function historyResult(
  directory: string,
  { run, reports, at }: { run: RunSummary; reports: readonly RegionReport[]; at: string },
): RunResult {
  const open = reports.flatMap(openFindings);
  const digest = (name: string) => sha256(readFileSync(join(directory, name)));
  return {
    at,
    evidence: digest(bundleName),
    grade: run.grade,
    partial: run.partial,
    regions: Object.fromEntries(
      reports.map((report) => {
        const { region, grade, counts, signers } = report;
        const { controls: _, ...counted } = counts;
        const observed = signers.observed ? digest(`${region.id}/${observedBundleName}`) : null;
        const evidence = digest(`${region.id}/${bundleName}`);
        return [
          region.id,
          {
            grade,
            ...counted,
            observed,
            evidence,
            tried: within(triedIn(report), mostTriedBytes / reports.length),
          },
        ];
      }),
    ),
    open: open.slice(0, mostFindings),
    openOmitted: Math.max(0, open.length - mostFindings),
  };
}

/** What a later run has to clear, by leak path, system and the region that was tried. A region that proves nothing without any single
 *  attempt to blame has one finding of its own. */
export function openFindings({ region, grade, verdicts, gaps }: RegionReport): OpenFinding[] {
  const of = verdicts.flatMap(({ grade, path, to, waiver }) =>
    grade === "contained"
      ? []
      : [{ path, system: to.system, to: to.region, grade, waived: grade === "breached" && waiver !== null }],
  );
  const missing = gaps.map(({ path, system }) => ({
    ...{ path, system, to: null, grade: "inconclusive" as const, waived: false },
  }));
  const rows = [...Map.groupBy([...of, ...missing], keyOf).values()].map((same) => ({
    region: region.id,
    ...(same[0] as (typeof same)[number]),
    count: same.length,
  }));
  if (rows.length > 0 || grade === "pass") return rows;
  const worth = grade === "breached" ? "breached" : "inconclusive";
  return [{ region: region.id, path: null, system: null, to: null, grade: worth, waived: false, count: 1 }];
}

function triedIn({ verdicts }: RegionReport): Tried[] {
  const systems = Map.groupBy(verdicts, ({ path, to }) => keyOf({ path, system: to.system }));
  return [...systems.values()].map((same) => {
    const [{ path, to }] = same as [(typeof same)[number]];
    const byRegion = Map.groupBy(same, (verdict) => verdict.to.region);
    const attempts = Object.fromEntries([...byRegion].map(([region, { length }]) => [region, length]));
    return { path, system: to.system, attempts };
  });
}

/** As many as a record has room for. What is not listed as tried clears no finding, so that less is safe. */
function within(tried: readonly Tried[], bytes: number): Tried[] {
  let left = bytes;
  const isFitting = (one: Tried) => {
    left -= Buffer.byteLength(JSON.stringify(one)) + 1;
    return left >= 0;
  };
  const end = tried.findIndex((one) => !isFitting(one));
  return tried.slice(0, Math.min(mostTried, end < 0 ? tried.length : end));
}

function keyOf(value: object): string {
  return JSON.stringify(value);
}
