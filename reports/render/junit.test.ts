import fc from "fast-check";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { expect, test } from "vitest";
import { aHostileReport } from "./a-hostile-report.ts";
import { aBreach, anInconclusive, aReport, aVerdict, aWaiver } from "./a-report.ts";
import { hostile } from "./hostile.ts";
import { renderJunit } from "./junit.ts";

interface Case {
  "@name": string;
  failure?: unknown;
  error?: unknown;
  skipped?: unknown;
  "system-out"?: string;
  properties?: { property: { "@name": string; "@value": string }[] };
}

function parse(xml: string) {
  expect(XMLValidator.validate(xml)).toBe(true);
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "@",
    isArray: (name) => ["testsuite", "testcase", "property"].includes(name),
  });
  const { testsuites } = parser.parse(xml);
  const cases = testsuites.testsuite.flatMap((suite: { testcase: Case[] }) => suite.testcase) as Case[];
  return { testsuites, cases };
}

test("a breach fails, an inconclusive attempt errs, and neither is skipped, because a skip looks green", () => {
  const { testsuites, cases } = parse(
    renderJunit(aReport({ verdicts: [aVerdict(aBreach), aVerdict(anInconclusive), aVerdict()] })),
  );
  expect(
    cases.map((one) => [one.failure !== undefined, one.error !== undefined, one.skipped !== undefined]),
  ).toEqual([
    [true, false, false],
    [false, true, false],
    [false, false, false],
  ]);
  expect([testsuites["@tests"], testsuites["@failures"], testsuites["@errors"]]).toEqual(["3", "1", "1"]);
});

test("a waived breach passes and says under whose exception, because the waiver is signed for", () => {
  const { cases } = parse(renderJunit(aReport({ verdicts: [aVerdict({ ...aBreach, waiver: aWaiver })] })));
  expect(cases[0]?.failure).toBeUndefined();
  expect(cases[0]?.["system-out"]).toContain("breached, passed only under an exception (owner Payments team");
  expect(cases[0]?.properties?.property).toContainEqual({
    "@name": "exception",
    "@value": expect.stringContaining("R. Meyer"),
  });
});

test("a waiver does not turn an inconclusive attempt green, because it accepts a breach and not a missing proof", () => {
  const { cases } = parse(
    renderJunit(aReport({ verdicts: [aVerdict({ ...anInconclusive, waiver: aWaiver })] })),
  );
  expect(cases[0]?.error).toBeDefined();
});

test("gaps and journal problems are errors, because nobody reads a count that is not red", () => {
  const gap = {
    path: "queue",
    region: "eu-central-1",
    system: "jobs",
    probe: "amqp",
    reason: "no client",
  } as const;
  const { cases } = parse(renderJunit(aReport({ gaps: [gap], journalProblems: ["broken chain"] })));
  expect(cases.filter((one) => one.error !== undefined).map((one) => one["@name"])).toEqual([
    "gap: eu-central-1 jobs amqp",
    "journal problem 1",
  ]);
});

test("a region that did not pass is never all green, because an empty file would be", () => {
  for (const report of [
    aReport({ verdicts: [] }),
    aReport({ verdicts: [], grade: "pass" }),
    aReport({ grade: "inconclusive" }),
    aReport({ grade: "breached" }),
  ]) {
    expect(parse(renderJunit(report)).testsuites["@errors"]).toBe("1");
  }
});

test("every suite carries run, fidelity, plan digest and region, because suites get separated", () => {
  const report = aReport();
  for (const suite of parse(renderJunit(report)).testsuites.testsuite) {
    const names = suite.properties.property.map((one: { "@name": string }) => one["@name"]);
    expect(names).toEqual(expect.arrayContaining(["runId", "fidelity", "planDigest", "region"]));
  }
});

test("no input breaks the XML or adds a case, because banners may hold closing tags and forbidden characters", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const { cases } = parse(renderJunit(aHostileReport(text)));
      expect(cases).toHaveLength(6);
    }),
  );
});
