import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { aBreach, aReport, aRun, aVerdict } from "../reports/render/a-report.ts";
import { ringfence } from "./held-replica.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-export-"));
afterAll(() => rmSync(folder, { recursive: true }));

const run = join(folder, "run");
const report = aReport({ verdicts: [aVerdict(aBreach)] });
mkdirSync(join(run, report.region.id), { recursive: true });
writeFileSync(join(run, "run.json"), JSON.stringify(aRun([report])));
writeFileSync(join(run, report.region.id, "report.json"), JSON.stringify(report));
writeFileSync(join(run, "residency.yaml"), "systems:\n  - id: orders-db\n");

describe("ringfence export", () => {
  test("makes each kind of file of a run, and names what it wrote", () => {
    const out = join(folder, "out");
    const done = ringfence([
      "export",
      run,
      "--to",
      "pdf,xlsx",
      "--to",
      "csv",
      "--to",
      "sarif,oscal",
      "--out",
      out,
    ]);
    expect(done).toMatchObject({ exitCode: 0, output: expect.stringContaining("report.pdf") });
    expect(readdirSync(out).sort()).toEqual([
      "assessment-results.json",
      "population.csv",
      "population.xlsx",
      "report.pdf",
      "results.sarif",
    ]);
    const begins = (name: string) => readFileSync(join(out, name)).subarray(0, 4).toString("latin1");
    expect([begins("report.pdf"), begins("population.xlsx")]).toEqual(["%PDF", "PK\x03\x04"]);
  });

  test("places results in the repository's own map, because its alerts go by that path", () => {
    const out = join(folder, "placed");
    ringfence(["export", run, "--to", "sarif", "--map", "deploy/our map.yaml", "--out", out]);
    const log = JSON.parse(readFileSync(join(out, "results.sarif"), "utf8"));
    expect(log.runs[0].results[1].locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: "deploy/our%20map.yaml", index: 0 },
      region: { startLine: 2 },
    });
  });

  test.each(["", "deep/er"])("refuses the run's own folder, because no signature covers it: %j", (below) => {
    const link = join(folder, `link-${below.length}`);
    symlinkSync(run, link);
    for (const out of [join(run, below), join(link, below)])
      expect(ringfence(["export", run, "--to", "csv", "--out", out])).toMatchObject({
        exitCode: 64,
        output: expect.stringContaining("own folder"),
      });
    expect(existsSync(join(run, below, "population.csv"))).toBe(false);
  });

  test("refuses another run's folder, because that run would no longer verify", () => {
    const other = join(folder, "other");
    cpSync(run, other, { recursive: true });
    expect(ringfence(["export", run, "--to", "csv", "--out", other])).toMatchObject({
      exitCode: 64,
      output: expect.stringContaining("holds a run of its own"),
    });
    expect(existsSync(join(other, "population.csv"))).toBe(false);
  });

  test("writes over nothing, because somebody may have handed the file out", () => {
    const out = join(folder, "twice");
    expect(ringfence(["export", run, "--to", "csv", "--out", out]).exitCode).toBe(0);
    writeFileSync(join(out, "population.csv"), "mine");
    expect(ringfence(["export", run, "--to", "csv", "--out", out]).exitCode).toBe(64);
    expect(readFileSync(join(out, "population.csv"), "utf8")).toBe("mine");
  });

  test("says which file of the run is missing", () => {
    const mapless = join(folder, "mapless");
    cpSync(run, mapless, { recursive: true });
    rmSync(join(mapless, "residency.yaml"));
    expect(ringfence(["export", mapless, "--to", "sarif", "--out", join(folder, "none")])).toMatchObject({
      exitCode: 64,
      output: expect.stringMatching(/mapless\/residency\.yaml cannot be read: there is no such file/),
    });
  });

  test.each([["doc"], ["constructor"]])("knows no %j, and says what it knows", (kind) => {
    expect(ringfence(["export", run, "--to", kind])).toMatchObject({
      exitCode: 64,
      output: expect.stringContaining("pdf, xlsx, csv, sarif, oscal"),
    });
  });
});
