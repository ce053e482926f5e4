import { describe, expect, test } from "vitest";
import { openFindings } from "./history-result.ts";
import { aBreach, anInconclusive, aReport, aVerdict, aWaiver } from "./render/a-report.ts";

const on = (system: string, parts = {}) =>
  aVerdict({ to: { region: "us-east-1", system, address: null }, ...parts });
const gap = {
  region: "eu-central-1",
  path: "cache",
  system: "sessions",
  probe: "redis",
  reason: "nobody can see it",
} as const;

describe("what a later run has to clear", () => {
  test("is one row for each leak path, system and grade, with how many attempts", () => {
    const verdicts = [
      on("orders-db"),
      on("orders-db", aBreach),
      on("orders-db", aBreach),
      on("orders-db", anInconclusive),
      on("orders-db", { ...aBreach, waiver: aWaiver }),
      on("archive", aBreach),
    ];
    const rows = openFindings(aReport({ verdicts, gaps: [], grade: "breached" }));
    expect(rows.map(({ system, grade, waived, count }) => [system, grade, waived, count])).toEqual([
      ["orders-db", "breached", false, 2],
      ["orders-db", "inconclusive", false, 1],
      ["orders-db", "breached", true, 1],
      ["archive", "breached", false, 1],
    ]);
  });

  test("is a gap as well, because the map promises it and nothing proved it", () => {
    const rows = openFindings(aReport({ verdicts: [on("orders-db")], gaps: [gap], grade: "inconclusive" }));
    expect(rows).toMatchObject([{ path: "cache", system: "sessions", grade: "inconclusive", count: 1 }]);
  });

  test("is the region as a whole, where no attempt is to blame for its grade", () => {
    const rows = openFindings(aReport({ verdicts: [], gaps: [], grade: "inconclusive" }));
    expect(rows).toMatchObject([{ path: null, system: null, grade: "inconclusive" }]);
  });

  test("is nothing where everything is contained", () => {
    expect(openFindings(aReport({ verdicts: [on("orders-db")], gaps: [], grade: "pass" }))).toEqual([]);
  });
});
