import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv } from "ajv";
import fc from "fast-check";
import type { Log, Result, Run } from "sarif";
import { expect, test } from "vitest";
import type { RegionReport } from "../report.ts";
import { aHostileReport } from "./a-hostile-report.ts";
import { aBreach, anInconclusive, aReport, aRun, aVerdict, aWaiver } from "./a-report.ts";
import { hostile, hostileTexts } from "./hostile.ts";
import { renderSarif } from "./sarif.ts";

/** The OASIS schema, as Microsoft packs it. Its draft 4 says `id` where later drafts say `$id`. */
const file = createRequire(import.meta.url).resolve(
  "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json",
);
const { id: _, $schema: __, ...schema } = JSON.parse(readFileSync(file, "utf8"));
const validate = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(schema);

const mapText = `title: a map
regions:
  eu-central-1: { jurisdiction: EU }
  us-east-1: { jurisdiction: US }
systems:
  - kind: postgres
    id: orders-db
  # A comment between
  - id: sessions
`;

function runOf(...reports: RegionReport[]): Run & { results: Result[] } {
  const log = JSON.parse(renderSarif(aRun(reports), reports, mapText)) as Log;
  validate(log);
  expect(validate.errors ?? []).toEqual([]);
  const [run, ...more] = log.runs;
  expect(more).toEqual([]);
  if (!run?.results) throw new TypeError("a run without results says that none was looked for");
  return { ...run, results: run.results };
}

const lineOf = ({ locations }: Result) => locations?.[0]?.physicalLocation?.region?.startLine;
const ofProbes = ({ results }: { results: Result[] }) =>
  results.filter(({ ruleId }) => ruleId?.includes("/"));

test("a region that passed has an empty list of results, because that is how SARIF says it", () => {
  const { results, tool } = runOf(aReport());
  expect(results).toEqual([]);
  expect(tool.driver.rules?.map(({ id }) => id)).toContain("database/database-read");
});

test("a breach is an error and what proves nothing a warning, each on the line of its system", () => {
  const run = runOf(
    aReport({
      verdicts: [
        aVerdict(),
        aVerdict({ ...anInconclusive, to: { region: "us-east-1", system: "sessions", address: null } }),
        aVerdict(aBreach),
      ],
    }),
  );
  expect(ofProbes(run).map((result) => [result.kind, result.level, lineOf(result)])).toEqual([
    ["fail", "error", 6],
    ["fail", "warning", 9],
  ]);
  expect(run.results[1]?.message.text).toMatch(/^Breached: Database, .* passed tls at 10.20.0.5/);
  expect(run.results[2]?.message.text).toMatch(/^Inconclusive: /);
});

test("a region that is not shown to be isolated has an error, because gates let warnings pass", () => {
  const gap = {
    path: "queue",
    region: "eu-central-1",
    system: "jobs",
    probe: "amqp",
    reason: "no client",
  } as const;
  for (const report of [
    aReport({ verdicts: [] }),
    aReport({ verdicts: [aVerdict(anInconclusive)] }),
    aReport({ gaps: [gap] }),
    aReport({ journalProblems: ["the chain is broken"] }),
    aReport({ grade: "inconclusive" }),
  ]) {
    const errors = runOf(report).results.filter(({ level }) => level === "error");
    expect(errors.map(({ ruleId }) => ruleId)).toContain("region-grade");
    expect(errors.map(lineOf)).toContain(3);
  }
});

test("every gap and every broken record is a result of its own, because code scanning takes equal ones for one", () => {
  const gap = { path: "database", region: "eu-central-1", system: "orders-db", reason: "no client" } as const;
  const { results } = runOf(
    aReport({
      gaps: [
        { ...gap, probe: "login" },
        { ...gap, probe: "replica" },
      ],
      journalProblems: ["the chain is broken", "its last line is cut off"],
    }),
  );
  expect(results.map((result) => [result.ruleId, lineOf(result)])).toEqual([
    ["region-grade", 3],
    ["journal", 3],
    ["journal", 3],
    ["gap", 6],
    ["gap", 6],
  ]);
  const prints = results.map(({ partialFingerprints }) => partialFingerprints?.primaryLocationLineHash);
  expect(new Set(prints).size).toBe(results.length);
});

test("an exception suppresses a breach and nothing else, because it accepts no missing proof", () => {
  const { results } = runOf(
    aReport({
      verdicts: [
        aVerdict({ ...aBreach, waiver: aWaiver }),
        aVerdict({ ...anInconclusive, waiver: aWaiver }),
        aVerdict({ waiver: aWaiver }),
      ],
    }),
  );
  expect(results.map(({ ruleId, suppressions }) => [ruleId, suppressions?.length ?? 0])).toEqual([
    ["region-grade", 0],
    ["database/postgres-login", 0],
    ["database/postgres-login", 1],
  ]);
  expect(results[2]?.suppressions?.[0]?.justification).toContain("R. Meyer");
});

test("at most 25,000 results are written, the worst of them, and it says how many are not", () => {
  const verdicts = Array.from({ length: 25_010 }, (_, index) =>
    aVerdict({ ...(index % 5000 === 7 ? aBreach : anInconclusive), id: `attempt-${index}` }),
  );
  const report = { ...aReport({ verdicts: [] }), verdicts };
  const { results, invocations } = runOf(report);
  expect(results).toHaveLength(25_000);
  expect(results.filter(({ level }) => level === "error")).toHaveLength(7);
  expect(JSON.stringify(invocations?.[0]?.toolExecutionNotifications)).toContain('"11 more results');
});

test("fidelity, limits and a partial scope are said, because the file travels alone", () => {
  const { invocations } = runOf(aReport({ partial: true, limits: ["no cloud routing"] }));
  const said = invocations?.[0]?.toolExecutionNotifications?.map(({ message }) => message.text);
  expect(said).toEqual([
    "Measured in a replica, not in the real cloud.",
    "no cloud routing",
    "Only a part of the map was asked for: no full proof.",
  ]);
});

test("a part of the map has a category of its own, because code scanning closes what a category no longer has", () => {
  const category = (parts: Partial<RegionReport>) =>
    runOf(aReport(parts)).automationDetails?.id?.replace(/[^/]*$/, "");
  const part = (paths: RegionReport["scope"]["paths"]) =>
    category({ partial: true, scope: { regions: ["eu-central-1"], paths, outside: false } });
  expect(category({})).toBe("ringfence/replica/");
  expect(category({ runId: "another" })).toBe(category({}));
  expect(part(["cache"])).toMatch(/^ringfence\/replica\/part-[0-9a-f]{12}\/$/);
  expect(part(["cache"])).toBe(part(["cache"]));
  expect(part(["cache"])).not.toBe(part(["database"]));
});

test("the same attempt is the same result in another run, and two attempts are two", () => {
  const verdicts = [aVerdict(aBreach), aVerdict({ ...aBreach, id: "another" })];
  const prints = (report: RegionReport) =>
    runOf(report).results.map(({ partialFingerprints }) => partialFingerprints?.["ringfence/v1"]);
  expect(prints(aReport({ verdicts }))).toEqual(prints(aReport({ verdicts, runId: "another" })));
  expect(new Set(prints(aReport({ verdicts }))).size).toBe(3);
});

test("it says what the standard demands beyond its schema", () => {
  const run = runOf(
    aReport({
      verdicts: [aVerdict(aBreach), aVerdict(anInconclusive), aVerdict({ ...aBreach, waiver: aWaiver })],
    }),
  );
  const rules = run.tool.driver.rules ?? [];
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
  for (const { ruleId, ruleIndex, kind, level, locations } of run.results) {
    expect(rules[ruleIndex ?? -1]?.id).toBe(ruleId);
    expect(level === "none", "3.27.10: only what fails has a level").toBe(kind !== "fail");
    const at = locations?.[0]?.physicalLocation?.artifactLocation;
    expect(run.artifacts?.[at?.index ?? -1]?.location?.uri).toBe(at?.uri);
  }
});

test("no banner becomes a link, a placeholder or something unseen", () => {
  const banner = "[click](https://example.com) {0} }\u001b[2J\u202e";
  const [, , result] = runOf(
    aReport({ verdicts: [aVerdict({ ...aBreach, reason: banner }), aVerdict(aBreach)] }),
  ).results;
  expect(result?.message.text ?? "").not.toMatch(/\]\(/);
  for (const { message } of runOf(aHostileReport(banner)).results) {
    expect(message.text).not.toMatch(/\]\(|\p{Cc}|\p{Cf}/u);
    expect(message.text?.replaceAll("{{", "").replaceAll("}}", "")).not.toMatch(/[{}]/);
  }
});

test("no hostile text breaks the log or adds a result, not even as a map", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(runOf(aHostileReport(text)).results).toHaveLength(6);
    }),
  );
  const report = aReport({ verdicts: [aVerdict(aBreach)] });
  for (const text of [
    ...hostileTexts,
    "",
    "- 1",
    "systems: 3",
    "a: [",
    "systems: [null, {id: 1}]\nregions: []",
  ]) {
    const log = JSON.parse(renderSarif(aRun([report]), [report], text)) as Log;
    expect(log.runs[0]?.results?.map(lineOf)).toEqual([1, 1]);
  }
});
