import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readControls } from "../controls.ts";
import type { RegionReport, ReportVerdict } from "../report.ts";
import { aHostileReport } from "./a-hostile-report.ts";
import { aBreach, anInconclusive, aReport, aRun, aVerdict, aWaiver, someRegions } from "./a-report.ts";
import { hostile, hostileTexts } from "./hostile.ts";
import { renderOscal } from "./oscal.ts";
import { pictured } from "./visible.ts";

/** go-oscal, as `.ci/oscal` builds it: it holds the document against NIST's own schema. */
const validator = process.env.RINGFENCE_OSCAL_VALIDATOR;

const gap = {
  path: "queue",
  region: "eu-central-1",
  system: "jobs",
  probe: "sqs",
  reason: "no client",
} as const;
const excepted = aVerdict({ ...aBreach, waiver: aWaiver });

const reports: Record<string, RegionReport> = {
  "a pass": aReport(),
  "a breach": aReport({ verdicts: [aVerdict(), aVerdict({ ...aBreach, id: "another" })] }),
  "an exception": aReport({ verdicts: [aVerdict({ path: "cache" }), excepted] }),
  "what proves nothing": aReport({ verdicts: [aVerdict(anInconclusive)] }),
  "a gap": aReport({ gaps: [gap] }),
  "a part of the map": aReport({ partial: true }),
  "no attempt": aReport({ verdicts: [] }),
  "a broken record": aReport({ journalProblems: ["the chain is broken"] }),
  ...Object.fromEntries(hostileTexts.map((text) => [JSON.stringify(text), aHostileReport(text)])),
};

interface Result {
  observations?: { uuid: string; title: string }[];
  risks?: { status: string }[];
  findings: {
    title: string;
    target: { "target-id": string; status: { state: string; reason: string } };
    props?: { value: string }[];
  }[];
}

function textOf(...all: RegionReport[]): string {
  const run = { ...aRun(all), partial: all.some(({ partial }) => partial) };
  const names = all.flatMap(({ region }) =>
    ["report.json", "observations.jsonl"].map((name) => `${region.id}/${name}`),
  );
  const files = Object.fromEntries(["plan.json", ...names].map((name) => [name, "0".repeat(64)]));
  return renderOscal(run, all, { controls: readControls().controls, files });
}

function resultOf(report: RegionReport): Result {
  return JSON.parse(textOf(report))["assessment-results"].results[0];
}

function statesOf({ findings }: Result): Record<string, string> {
  return Object.fromEntries(
    findings.map(({ target }) => [target["target-id"], `${target.status.state}, ${target.status.reason}`]),
  );
}

if (validator) {
  test.each(Object.entries({ ...reports, regions: aReport({ regions: someRegions(30) }) }))(
    "NIST's schema accepts %s",
    (_, report) => {
      const folder = mkdtempSync(join(tmpdir(), "ringfence-oscal-"));
      try {
        const file = join(folder, "assessment-results.json");
        writeFileSync(file, textOf(report));
        const done = spawnSync(validator, ["validate", "-f", file], { encoding: "utf8", timeout: 30_000 });
        expect(`${done.stdout}${done.stderr}`).toContain("is valid OSCAL version 1.1.3 assessment-results");
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
}

test.each(Object.entries(reports))(
  "every reference leads somewhere, and every UUID is of one thing: %s",
  (_, report) => {
    const [uuids, references] = [[] as string[], [] as string[]];
    JSON.parse(
      textOf(report, aReport({ region: { id: "us-east-1", jurisdiction: "US", place: "Virginia" } })),
      (key, value) => {
        if (key === "uuid") uuids.push(value);
        else if (key.endsWith("-uuid")) references.push(value);
        else if (key === "href" && value.startsWith("#")) references.push(value.slice(1));
        return value;
      },
    );
    expect(new Set(uuids).size).toBe(uuids.length);
    expect(new Set(references).difference(new Set(uuids))).toEqual(new Set());
  },
);

test("a leak path and the region are satisfied by a whole pass", () => {
  const states = statesOf(resultOf(aReport()));
  expect(states).toMatchObject({ isolation: "satisfied, pass", database: "satisfied, pass" });
  expect(new Set(Object.values(states))).toEqual(new Set(["satisfied, pass"]));
});

test("what is not shown is not satisfied, and says that it is no failure either", () => {
  const unknown = "not-satisfied, other";
  expect(statesOf(resultOf(reports["what proves nothing"] as RegionReport))).toEqual({
    isolation: unknown,
    database: unknown,
  });
  expect(statesOf(resultOf(reports["a gap"] as RegionReport))).toMatchObject({
    isolation: unknown,
    queue: unknown,
  });
  expect(statesOf(resultOf(reports["a part of the map"] as RegionReport))).toMatchObject({
    isolation: unknown,
  });
  expect(statesOf(resultOf(reports["no attempt"] as RegionReport))).toEqual({ isolation: unknown });
  expect(statesOf(resultOf(reports["a broken record"] as RegionReport))).toMatchObject({
    isolation: unknown,
    database: unknown,
  });
});

test("an exception leaves the breach unsatisfied, and its risk approved", () => {
  const result = resultOf(reports["an exception"] as RegionReport);
  expect(statesOf(result)).toEqual({
    isolation: "not-satisfied, fail",
    cache: "satisfied, pass",
    database: "not-satisfied, fail",
  });
  expect(result.risks?.map(({ status }) => status)).toEqual(["deviation-approved"]);
  expect(resultOf(reports["a breach"] as RegionReport).risks?.map(({ status }) => status)).toEqual(["open"]);
});

test("criteria are named as what the evidence may support, and never as targets", () => {
  const { findings } = resultOf(aReport());
  const database = findings.find(({ target }) => target["target-id"] === "database");
  expect(database?.props?.map(({ value }) => value)).toContain(
    "SOC 2 (Trust Services Criteria, 2017 with the points of focus of 2022): CC6.1",
  );
  expect(JSON.stringify(findings)).toContain("The evidence may support it.");
});

test("whatever the verdicts, a path is satisfied where all of it is contained, and nowhere else", () => {
  const verdict = fc
    .record({
      path: fc.constantFrom("database", "cache", "llm"),
      grade: fc.constantFrom<Partial<ReportVerdict>>({}, aBreach, anInconclusive, {
        ...aBreach,
        waiver: aWaiver,
      }),
    })
    .map(({ path, grade }) => aVerdict({ path: path as ReportVerdict["path"], ...grade }));
  fc.assert(
    fc.property(fc.array(verdict, { maxLength: 8 }), fc.boolean(), (verdicts, hasGap) => {
      const report = aReport({ verdicts, gaps: hasGap ? [{ ...gap, path: "llm" }] : [] });
      const { isolation, ...paths } = statesOf(resultOf(report));
      for (const [path, state] of Object.entries(paths)) {
        const mine = verdicts.filter((one) => one.path === path);
        const whole = mine.every(({ grade }) => grade === "contained") && !(hasGap && path === "llm");
        expect(state === "satisfied, pass").toBe(whole);
        expect(state === "not-satisfied, fail").toBe(mine.some(({ grade }) => grade === "breached"));
      }
      expect(isolation === "satisfied, pass").toBe(report.grade === "pass");
    }),
    { numRuns: 200 },
  );
});

test("texts of far systems are neither markup nor more than one line", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      JSON.parse(textOf(aHostileReport(text)), (key, value) => {
        if (typeof value !== "string") return value;
        const shown = value.replaceAll("\n\n", "");
        expect(shown).toBe(pictured(shown));
        if (key === "value") expect(value).toMatch(/^\S(.*\S)?$/);
        if (["title", "description", "remarks"].includes(key)) expect(value).not.toMatch(/<(?!!---->)/);
        return value;
      });
    }),
    { numRuns: 50 },
  );
});

test("the same run makes the same bytes", () => {
  expect(textOf(aReport())).toBe(textOf(aReport()));
});
