import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readRun } from "./read-run.ts";
import { aBreach, aReport, aRun, aVerdict, someRegions } from "./render/a-report.ts";
import type { RegionReport, RunSummary } from "./report.ts";

const parent = mkdtempSync(join(tmpdir(), "ringfence-read-"));
afterAll(() => rmSync(parent, { recursive: true }));

const [eu, us] = someRegions(2).map((region, index) =>
  aReport({ region, verdicts: [aVerdict(index === 0 ? aBreach : {})] }),
) as [RegionReport, RegionReport];

function written(run: RunSummary | string, reports: Readonly<Record<string, RegionReport | string>>): string {
  const directory = mkdtempSync(join(parent, "run-"));
  const text = (value: object | string) => (typeof value === "string" ? value : JSON.stringify(value));
  writeFileSync(join(directory, "run.json"), text(run));
  for (const [region, report] of Object.entries(reports)) {
    mkdirSync(join(directory, region));
    writeFileSync(join(directory, region, "report.json"), text(report));
  }
  return directory;
}

const run = aRun([eu, us]);
const [one, other] = [eu.region.id, us.region.id];

test("a run is its summary and a report of each of its regions", () => {
  expect(readRun(written(run, { [one]: eu, [other]: us }))).toEqual({ run, reports: [eu, us] });
});

test.each(["run.json", join(one, "report.json"), "controls.yaml"])(
  "a pipe in the place of %s is named, and not waited for",
  (name) => {
    const directory = written(run, { [one]: eu, [other]: us });
    rmSync(join(directory, name), { force: true });
    execFileSync("mkfifo", [join(directory, name)]);
    expect(() => readRun(directory)).toThrow(
      expect.objectContaining({
        code: "EVIDENCE_INVALID",
        message: `${join(directory, name)} is not what a run writes: it is no file, or an empty folder`,
      }),
    );
  },
);

describe("what a run did not write is no run", () => {
  test.each<[string, string, RegExp]>([
    [
      "without a report",
      written(run, { [one]: eu }),
      /us-east-1\/report\.json is not what a run writes: ENOENT/,
    ],
    ["without sense", written("{", {}), /run\.json is not what a run writes/],
    ["of another form", written("{}", {}), /run\.json is not what a run writes: runId: /],
    [
      "with another region's report in the place of one that failed",
      written(run, { [one]: us, [other]: us }),
      /eu-central-1\/report\.json is not what a run writes: it is of us-east-1/,
    ],
    [
      "with a report of another run",
      written(run, { [one]: { ...eu, runId: "another" }, [other]: us }),
      /eu-central-1\/report\.json is not what a run writes: it is of run another/,
    ],
    [
      "with another grade than its region's report has",
      written(
        { ...run, regions: { ...run.regions, [one]: { ...run.regions[other], grade: "pass" } } } as never,
        {
          [one]: eu,
          [other]: us,
        },
      ),
      /eu-central-1\/report\.json is not what a run writes: it is breached, and pass in run\.json/,
    ],
  ])("%s", (_what, directory, said) => {
    expect(() => readRun(directory)).toThrow(
      expect.objectContaining({ code: "EVIDENCE_INVALID", message: expect.stringMatching(said) }),
    );
  });
});
