import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { XMLParser } from "fast-xml-parser";
import readWorkbook from "read-excel-file/node";
import type { Log } from "sarif";
import { extractText } from "unpdf";
import { expect, test } from "vitest";
import { worstRegion } from "../../core/judge.ts";
import type { RegionReport, ReportVerdict, RunSummary } from "../report.ts";
import { aBreach, anInconclusive, aReport, aRun, aVerdict, aWaiver, someRegions } from "./a-report.ts";
import { renderPopulationCsv } from "./csv.ts";
import { isExcepted, isOpen } from "./findings.ts";
import { renderRegionHtml, renderRunHtml } from "./html.ts";
import { renderJunit } from "./junit.ts";
import { renderRegionMarkdown, renderRunMarkdown } from "./markdown.ts";
import { renderPdf } from "./pdf.ts";
import { renderSarif } from "./sarif.ts";
import { regionGradeWords } from "./words.ts";
import { renderWorkbook } from "./xlsx.ts";

/** Every file says of a run what the judge said of it, whatever that was. */

const kinds: Record<string, Partial<ReportVerdict>> = {
  contained: {},
  "contained, needlessly excepted": { waiver: aWaiver },
  breached: aBreach,
  excepted: { ...aBreach, waiver: aWaiver },
  inconclusive: anInconclusive,
  "inconclusive, which nobody can except": { ...anInconclusive, waiver: aWaiver },
};

const gap = { path: "queue", system: "jobs", probe: "amqp", reason: "no client" } as const;

const aRegionReport = (region: RegionReport["region"]) =>
  fc
    .record({
      kinds: fc.oneof(
        fc.constant<string[]>(["contained"]),
        fc.array(fc.constantFrom(...Object.keys(kinds)), { maxLength: 6 }),
      ),
      gaps: fc.constantFrom(0, 0, 1, 2),
      problems: fc.constantFrom(0, 0, 0, 1),
    })
    .map((drawn) => {
      const from = { region: region.id, principal: "workload" };
      return aReport({
        region,
        verdicts: drawn.kinds.map((kind, nth) =>
          aVerdict({ ...kinds[kind], from, id: `attempt-${nth} from ${region.id}` }),
        ),
        gaps: Array.from({ length: drawn.gaps }, () => ({ ...gap, region: region.id })),
        journalProblems: Array.from({ length: drawn.problems }, () => "the chain is broken"),
      });
    });

/** Of one region or two, and of a part of the map or all of it. */
const someReports = fc
  .record({
    all: fc.tuple(...someRegions(2).map(aRegionReport)),
    count: fc.constantFrom(1, 2),
    partial: fc.boolean(),
  })
  .map(({ all, count, partial }) =>
    all.slice(0, count).map((report): RegionReport => ({ ...report, partial })),
  );

const isGood = (grade: RegionReport["grade"]) => grade === "pass" || grade === "pass-with-exceptions";
const gradedAs = (verdicts: readonly ReportVerdict[], grade: string) =>
  verdicts.filter((verdict) => verdict.grade === grade).length;

function property(check: (run: RunSummary, reports: readonly RegionReport[]) => Promise<void> | void) {
  return fc.asyncProperty(someReports, async (reports) => {
    const run = aRun(reports);
    expect(run.grade).toBe(worstRegion(reports.map(({ grade }) => grade)));
    await check(run, reports);
  });
}

test("a JUnit file is green only where its region passed, and counts what is not shown as an error", async () => {
  await fc.assert(
    property((_run, reports) => {
      for (const report of reports) {
        const { testsuites } = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "" }).parse(
          renderJunit(report),
        );
        const { verdicts, gaps, journalProblems } = report;
        const [failures, errors] = [Number(testsuites.failures), Number(testsuites.errors)];
        expect(failures + errors === 0).toBe(isGood(report.grade));
        expect(failures).toBe(verdicts.filter((one) => isOpen(one) && one.grade === "breached").length);
        const unproven = gradedAs(verdicts, "inconclusive") + gaps.length + journalProblems.length;
        expect(errors).toBe(failures + unproven === 0 && !isGood(report.grade) ? 1 : unproven);
        expect(Number(testsuites.tests)).toBeGreaterThanOrEqual(verdicts.length + gaps.length);
        expect(renderJunit(report)).not.toContain("<skipped");
      }
    }),
  );
});

test("SARIF has an error for each region that did not pass, and each open attempt as a result", async () => {
  await fc.assert(
    property((run, reports) => {
      const [log] = (JSON.parse(renderSarif(run, reports, "")) as Log).runs;
      const results = log?.results ?? [];
      const open = results.filter(({ suppressions }) => !suppressions);
      const verdicts = reports.flatMap((report) => report.verdicts);
      const failed = reports.filter(({ grade }) => !isGood(grade));
      expect(open.some(({ level }) => level === "error")).toBe(!isGood(run.grade));
      expect(open.filter(({ ruleId }) => ruleId === "region-grade")).toHaveLength(failed.length);
      for (const grade of ["breached", "inconclusive"])
        expect(open.filter(({ properties }) => properties?.grade === grade)).toHaveLength(
          verdicts.filter((one) => isOpen(one) && one.grade === grade).length,
        );
      expect(results.length - open.length).toBe(verdicts.filter(isExcepted).length);
      expect(log?.invocations?.[0]?.exitCode).toBe(run.exitCode);
      expect(log?.properties).toMatchObject({ grade: run.grade, partial: run.partial });
    }),
  );
});

test("a population has each attempt with its grade, and the grade of its region beside it", async () => {
  await fc.assert(
    property(async (run, reports) => {
      const rows = parse(renderPopulationCsv(reports), { columns: true, bom: true }) as Record<
        string,
        string
      >[];
      const sheets = await readWorkbook(Buffer.from(renderWorkbook(run, reports)), { trim: false });
      const sheet = (name: string) => sheets.find((one) => one.sheet === name)?.data ?? [];
      expect(sheet("Summary")[1]?.slice(0, 2)).toEqual(["Grade", regionGradeWords[run.grade].text]);
      for (const { region, grade, counts, gaps } of reports) {
        const mine = rows.filter((row) => row["From region"] === region.id);
        expect(mine).toHaveLength(counts.planned);
        for (const kind of ["contained", "breached", "inconclusive"] as const)
          expect(mine.filter((row) => row.Grade === kind)).toHaveLength(counts[kind]);
        const part = run.partial ? ", of a part of the map" : "";
        for (const row of mine) expect(row["Region's grade"]).toBe(`${regionGradeWords[grade].text}${part}`);
        const line = sheet("Regions").find(([id]) => id === region.id);
        expect(line?.slice(3, 10)).toEqual([
          regionGradeWords[grade].text,
          ...[counts.planned, counts.contained, counts.breached, counts.inconclusive, counts.waived],
          gaps.length,
        ]);
      }
    }),
    { numRuns: 40 },
  );
});

test("pages, Markdown and PDF begin with the grade, and say of a part that it is one", async () => {
  await fc.assert(
    property(async (run, reports) => {
      const texts: [RegionReport["grade"], string, string][] = [
        [run.grade, renderRunMarkdown(run, reports), renderRunHtml(run, reports)],
        ...reports.map((report): [RegionReport["grade"], string, string] => [
          report.grade,
          renderRegionMarkdown(report),
          renderRegionHtml(report),
        ]),
      ];
      for (const [grade, markdown, page] of texts) {
        const { symbol, text } = regionGradeWords[grade];
        expect(markdown).toMatch(new RegExp(`^# \\${symbol} ${text}: `));
        expect(page).toContain(`<span class="symbol" aria-hidden="true">${symbol}</span>${text}</span>`);
        for (const words of [markdown, page])
          expect(words.includes("Partial scope, no full proof")).toBe(run.partial);
      }
    }),
    { numRuns: 30 },
  );
  await fc.assert(
    property(async (run, reports) => {
      const { text } = await extractText(new Uint8Array(await renderPdf(run, reports)));
      const first = (text[0] ?? "").replace(/\s/g, "");
      const { symbol, text: words } = regionGradeWords[run.grade];
      expect(first).toContain(`${symbol}${words}`.replace(/\s/g, ""));
      expect(first.includes("Partialscope,nofullproof")).toBe(run.partial);
    }),
    { numRuns: 5 },
  );
});
