import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { aBreach, aReport, aRun, aVerdict, aWaiver } from "../reports/render/a-report.ts";
import type { ReportVerdict } from "../reports/report.ts";
import { ringfence } from "./held-replica.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-compare-"));
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, verdicts: readonly Partial<ReportVerdict>[]): string {
  const report = aReport({
    verdicts: verdicts.map((parts, index) => aVerdict({ id: `attempt-${index}`, ...parts })),
  });
  const run = join(folder, name);
  mkdirSync(join(run, report.region.id), { recursive: true });
  writeFileSync(join(run, "run.json"), JSON.stringify(aRun([report])));
  writeFileSync(join(run, report.region.id, "report.json"), JSON.stringify(report));
  return run;
}

test("what was stopped elsewhere is named, and proves no less where its system allows that rung", () => {
  const compared = ringfence([
    "compare",
    written("before", [{}, {}]),
    written("after", [{ stoppedAt: "authorization" }, {}]),
  ]);
  expect(compared.exitCode).toBe(0);
  expect(compared.output).toMatch(
    /stopped at another rung \(1\)\n {2}eu-central-1 → us-east-1.* contained: network → authorization\n/,
  );
});

test("an exception that took another's place is named with both, and a CI job is stopped by it", () => {
  const excepted = { ...aBreach, waiver: aWaiver };
  const longer = { ...excepted, waiver: { ...aWaiver, expires: "2037-03-31" } };
  const compared = ringfence(["compare", written("short", [excepted, {}]), written("long", [longer, {}])]);
  expect(compared.exitCode).toBe(1);
  expect(compared.output).toMatch(
    /exceptions \(1\)\n.*excepted by Payments team until 2037-03-31.*, before excepted by Payments team until 2027-03-31/,
  );
});

test("a region whose grade fell is named, and with an attempt that is new the exception it is under", () => {
  const excepted = { ...aBreach, waiver: aWaiver };
  const compared = ringfence(["compare", written("one", [{}]), written("two", [{}, excepted])]);
  expect(compared.exitCode).toBe(1);
  expect(compared.output).toMatch(/grades \(1\)\n {2}eu-central-1 {2}PASS → PASS WITH EXCEPTIONS\n/);
  expect(compared.output).toMatch(/newly attempted \(1\)\n.*breached, excepted by Payments team/);
});
