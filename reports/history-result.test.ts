import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { sha256 } from "../core/digest.ts";
import { bundleName, observedBundleName } from "./evidence.ts";
import { historyResult, openFindings } from "./history-result.ts";
import { aBreach, anInconclusive, aReport, aRun, aVerdict, aWaiver } from "./render/a-report.ts";

const on = (system: string, parts = {}) =>
  aVerdict({ to: { region: "us-east-1", system, address: null }, ...parts });
const gap = {
  region: "eu-central-1",
  path: "cache",
  system: "sessions",
  probe: "redis",
  reason: "nobody can see it",
} as const;

describe("what a history keeps of a run", () => {
  const directory = mkdtempSync(join(tmpdir(), "ringfence-result-"));
  afterAll(() => rmSync(directory, { recursive: true }));
  const written = (name: string) => {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), name);
    return sha256(name);
  };

  test("is each region's counts, bundles, what was tried and what was not contained, and nothing but that", () => {
    const sydney = { region: "ap-southeast-2", system: "orders-db", address: null };
    const own = aReport({
      verdicts: [on("orders-db"), on("orders-db", aBreach), on("archive"), aVerdict({ to: sydney })],
      gaps: [],
      grade: "breached",
    });
    const region = { id: "us-east-1", jurisdiction: "US", place: "Virginia" };
    const silent = aReport({ region, verdicts: [], gaps: [gap], grade: "inconclusive" });
    const lost = { ...silent, signers: { ...silent.signers, observed: null } };
    const [run, eu, euObserved, us] = [
      bundleName,
      `eu-central-1/${bundleName}`,
      `eu-central-1/${observedBundleName}`,
      `us-east-1/${bundleName}`,
    ].map(written);
    const reports = [own, lost];
    const at = "2026-10-01T02:00:00.000Z";
    const finding = { region: "eu-central-1", path: "database", system: "orders-db", to: "us-east-1" };
    const missing = { region: "us-east-1", path: "cache", system: "sessions", to: null };
    const database = { path: "database" } as const;
    expect(historyResult(directory, { run: aRun(reports), reports, at })).toEqual({
      ...{ at, evidence: run, grade: aRun(reports).grade, partial: aRun(reports).partial },
      regions: {
        "eu-central-1": {
          ...{ grade: "breached", planned: 4, contained: 3, breached: 1, inconclusive: 0, waived: 0 },
          ...{ evidence: eu, observed: euObserved },
          tried: [
            { ...database, system: "orders-db", attempts: { "us-east-1": 2, "ap-southeast-2": 1 } },
            { ...database, system: "archive", attempts: { "us-east-1": 1 } },
          ],
        },
        "us-east-1": {
          ...{ grade: "inconclusive", planned: 0, contained: 0, breached: 0, inconclusive: 0, waived: 0 },
          ...{ evidence: us, observed: null, tried: [] },
        },
      },
      open: [
        { ...finding, grade: "breached", waived: false, count: 1 },
        { ...missing, grade: "inconclusive", waived: false, count: 1 },
      ],
      openOmitted: 0,
    });
  });

  test("is no more findings than a record has room for, and how many there were beside them", () => {
    for (const name of [bundleName, `eu-central-1/${bundleName}`, `eu-central-1/${observedBundleName}`])
      written(name);
    const verdicts = Array.from({ length: 2003 }, (_, index) => on(`orders-${index}`, aBreach));
    const reports = [aReport({ verdicts, gaps: [], grade: "breached" })];
    const at = "2026-10-01T02:00:00.000Z";
    const { open, openOmitted } = historyResult(directory, { run: aRun(reports), reports, at });
    expect([open.length, openOmitted]).toEqual([2000, 3]);
  });
});

describe("what a later run has to clear", () => {
  test("is one row for each leak path, system, region that was tried and grade, with how many attempts", () => {
    const verdicts = [
      on("orders-db"),
      on("orders-db", aBreach),
      on("orders-db", aBreach),
      on("orders-db", anInconclusive),
      on("orders-db", { ...aBreach, waiver: aWaiver }),
      on("archive", aBreach),
      aVerdict({ to: { region: "ap-southeast-2", system: "archive", address: null }, ...aBreach }),
    ];
    const rows = openFindings(aReport({ verdicts, gaps: [], grade: "breached" }));
    expect(rows.map(({ system, to, grade, waived, count }) => [system, to, grade, waived, count])).toEqual([
      ["orders-db", "us-east-1", "breached", false, 2],
      ["orders-db", "us-east-1", "inconclusive", false, 1],
      ["orders-db", "us-east-1", "breached", true, 1],
      ["archive", "us-east-1", "breached", false, 1],
      ["archive", "ap-southeast-2", "breached", false, 1],
    ]);
  });

  test("is a gap as well, because the map promises it and nothing proved it", () => {
    const rows = openFindings(aReport({ verdicts: [on("orders-db")], gaps: [gap], grade: "inconclusive" }));
    expect(rows).toMatchObject([{ path: "cache", system: "sessions", grade: "inconclusive", count: 1 }]);
  });

  test("is what is inconclusive under an exception, because that accepts a breach, and no missing proof", () => {
    const verdicts = [on("orders-db", { ...anInconclusive, waiver: aWaiver })];
    const rows = openFindings(aReport({ verdicts, gaps: [], grade: "inconclusive" }));
    expect(rows).toMatchObject([{ system: "orders-db", grade: "inconclusive", waived: false }]);
  });

  test.each(["inconclusive", "breached"] as const)(
    "is the region as a whole, where no attempt is to blame for being %s",
    (grade) => {
      expect(openFindings(aReport({ verdicts: [], gaps: [], grade }))).toMatchObject([
        { path: null, system: null, to: null, grade, waived: false, count: 1 },
      ]);
    },
  );

  test("is nothing where everything is contained", () => {
    expect(openFindings(aReport({ verdicts: [on("orders-db")], gaps: [], grade: "pass" }))).toEqual([]);
  });
});
