import { extractText, getMeta } from "unpdf";
import { expect, test } from "vitest";
import { leakPaths } from "../../core/vocabulary.ts";
import { readControls } from "../controls.ts";
import type { RegionReport } from "../report.ts";
import { aHostileReport } from "./a-hostile-report.ts";
import {
  aBreach,
  anInconclusive,
  aReport,
  aRun,
  aVerdict,
  aWaiver,
  someRegions,
  someVerdicts,
} from "./a-report.ts";
import { hostileTexts } from "./hostile.ts";
import { renderPdf } from "./pdf.ts";
import { visible } from "./visible.ts";

/** As pdf.js reads it, by page, without the spaces: lines are broken where they end. */
async function pagesOf(bytes: Uint8Array): Promise<string[]> {
  const { text } = await extractText(new Uint8Array(bytes));
  return text.map((page) => page.replace(/\s/g, ""));
}

async function textOf(...reports: RegionReport[]): Promise<string> {
  return (await pagesOf(await renderPdf(aRun(reports), reports))).join("");
}

const bare = (text: string) => text.replace(/\s/g, "");

test("the first page says grade, fidelity, limits and claim, because many read no further", async () => {
  const report = aReport({ partial: true, limits: ["no cloud routing"] });
  const [first = ""] = await pagesOf(await renderPdf(aRun([report]), [report]));
  for (const words of [
    "✓ PASS",
    "Partial scope, no full proof",
    "not in the real cloud",
    "no cloud routing",
    "eu-central-1",
    "Does not establish the absence of other paths, compliance, or an auditor's conclusion",
    "22 November 2026, 13:05:09 UTC",
  ])
    expect(first).toContain(bare(words));
});

test("every open finding is there with its reason, exceptions first, then breached, then inconclusive", async () => {
  const breaches = Array.from({ length: 90 }, (_, index) =>
    aVerdict({ ...aBreach, reason: `breach number ${index} of them` }),
  );
  const text = await textOf(
    aReport({
      verdicts: [
        aVerdict({ ...anInconclusive, reason: "the inconclusive one" }),
        ...breaches,
        aVerdict({ ...aBreach, reason: "the waived one", waiver: aWaiver }),
      ],
    }),
  );
  const reasons = [
    aWaiver.reason,
    "the waived one",
    ...breaches.map(({ reason }) => reason),
    "the inconclusive one",
  ];
  const places = reasons.map((reason) => text.indexOf(bare(reason)));
  expect(places).not.toContain(-1);
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(text).toContain(bare(breaches[0]?.rerun ?? ""));
});

test("gaps, journal problems and what is not claimed are there, because they are not proven", async () => {
  const gap = {
    path: "queue",
    region: "eu-central-1",
    system: "jobs",
    probe: "amqp",
    reason: "no client",
  } as const;
  const text = await textOf(
    aReport({
      gaps: [gap],
      journalProblems: ["the chain is broken"],
      notClaimed: [{ path: "cache", system: "sessions", probe: "tcp", reason: "the map asks only for tls" }],
    }),
  );
  for (const words of ["Notproven2", "noclient", "thechainisbroken", "themapasksonlyfortls"])
    expect(text).toContain(words);
  expect(await textOf(aReport({ verdicts: [] }))).toContain("Nothingwastried");
});

test("what was contained is summed up, because nobody reads thousands of lines on paper", async () => {
  const regions = someRegions(12);
  const reports = regions.map((region) =>
    aReport({ region, regions, verdicts: someVerdicts({ from: region.id, regions, paths: leakPaths }) }),
  );
  const pages = await pagesOf(await renderPdf(aRun(reports), reports));
  expect(reports.flatMap(({ verdicts }) => verdicts).length).toBeGreaterThan(10_000);
  expect(pages.length).toBeLessThan(16);
  expect(pages.join("")).toContain("population.xlsx");
});

test("however much is broken, the paper ends and says what it leaves out", async () => {
  const verdicts = Array.from({ length: 1500 }, (_, index) =>
    aVerdict({ ...aBreach, reason: `breach ${index}` }),
  );
  const report = aReport({ verdicts });
  const pages = await pagesOf(await renderPdf(aRun([report]), [report]));
  expect(pages.length).toBeLessThan(80);
  expect(pages.join("")).toContain(bare("And 440 more attempts with other reasons: see the population."));
});

test("every page names the run and its own number, because pages get separated", async () => {
  const report = aReport();
  const pages = await pagesOf(await renderPdf(aRun([report]), [report]));
  for (const [index, page] of pages.entries()) {
    expect(page).toContain(report.runId);
    expect(page).toContain(`Page${index + 1}of${pages.length}`);
  }
});

test("the keys, the digests and the files it was made from are there to be compared", async () => {
  const report = aReport();
  const files = { "eu-central-1/report.json": "ab".repeat(32) };
  const bytes = await renderPdf(aRun([report]), [report], { files, controls: readControls().controls });
  const text = (await pagesOf(bytes)).join("");
  for (const words of [
    "a1d4".repeat(16),
    "07d6".repeat(16),
    report.digests.map,
    report.digests.plan,
    ...Object.entries(files).flat(),
  ])
    expect(text).toContain(words);
  expect(text).toContain("CC6.1");
});

test("hostile and foreign texts appear as text, and what the typeface lacks as its number", async () => {
  for (const reason of [...hostileTexts, "Франкфурт Ελλάδα Łódź", "x".repeat(900)]) {
    const text = await textOf(aReport({ verdicts: [aVerdict({ ...aBreach, reason })] }));
    const shown = visible(reason).replace(
      /[\u2400-\u243f]/g,
      (one) => `⟨U+${one.charCodeAt(0).toString(16).toUpperCase()}⟩`,
    );
    expect(text).toContain(bare(shown));
  }
  expect(await textOf(aReport({ title: "東京" }))).toContain("⟨U+6771⟩⟨U+4EAC⟩");
});

test("a report in which every text is hostile, or longer than a page, still ends", async () => {
  for (const text of [...hostileTexts, "x".repeat(20_000), "", " ", "漢".repeat(3000)]) {
    const report = aHostileReport(text);
    expect((await pagesOf(await renderPdf(aRun([report]), [report]))).length).toBeLessThan(60);
  }
});

test("the same run makes the same bytes, and the title says grade and fidelity", async () => {
  const report = aReport();
  const bytes = await renderPdf(aRun([report]), [report]);
  expect(await renderPdf(aRun([report]), [report])).toEqual(bytes);
  const { info } = await getMeta(new Uint8Array(bytes));
  expect(info.Title).toBe("PASS: 1 region (replica), Ringfence");
});

test("the word is never used, because no test establishes it", async () => {
  expect(await textOf(aReport())).not.toMatch(/compliant/i);
});
