import { expect, test } from "vitest";
import { sha256 } from "../core/digest.ts";
import { bundleName, coveredFiles, observedBundleName } from "./evidence.ts";
import { aReport, aRun, someRegions } from "./render/a-report.ts";
import { buildRegionStatement, buildRunStatement, RegionStatement, RunStatement } from "./statement.ts";

test("what is signed for a run of many regions can be read, because nobody could verify it otherwise", () => {
  const regions = someRegions(1500);
  const ids = regions.map(({ id }) => id);
  const reports = regions.map((region) => aReport({ region, verdicts: [] }));
  const [first] = reports as [(typeof reports)[number]];
  const signedAt = new Date(0).toISOString();
  const digests = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, sha256(name)]));
  const perRegion = [...coveredFiles("x", []).filter((name) => name.startsWith("x/")), "x/report.html"];
  const files = ids.flatMap((id) =>
    [...perRegion, `x/${bundleName}`, `x/${observedBundleName}`].map((name) => name.replace("x/", `${id}/`)),
  );
  const ofRun = buildRunStatement(aRun(reports), reports, { files: digests(files), signedAt });
  const pages = { region: sha256("page"), run: sha256("page") };
  const covered = digests(coveredFiles(first.region.id, ids));
  const ofRegion = buildRegionStatement(first, covered, { drills: null, history: null, pages, signedAt });
  expect(RunStatement.safeParse(ofRun).error?.issues ?? []).toEqual([]);
  expect(RegionStatement.safeParse(ofRegion).error?.issues ?? []).toEqual([]);
});
