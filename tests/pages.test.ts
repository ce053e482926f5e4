import fc from "fast-check";
import type { BrowserContextOptions } from "playwright-core";
import { expect, test } from "vitest";
import { leakPaths } from "../core/vocabulary.ts";
import { AHistory, aDay, aFinding } from "../reports/a-history.ts";
import { readControls } from "../reports/controls.ts";
import { populationOf } from "../reports/population.ts";
import { aHostileReport } from "../reports/render/a-hostile-report.ts";
import {
  aBreach,
  anInconclusive,
  aReport,
  aRun,
  aVerdict,
  aWaiver,
  someRegions,
  someVerdicts,
} from "../reports/render/a-report.ts";
import { renderHistoryHtml } from "../reports/render/history-html.ts";
import { hostile, hostileTexts } from "../reports/render/hostile.ts";
import { renderRegionHtml, renderRunHtml } from "../reports/render/html.ts";
import type { RegionReport } from "../reports/report.ts";
import { browserOfTests, violations } from "./browser.ts";

const open = browserOfTests();

const gap = {
  path: "queue",
  region: "eu-central-1",
  system: "jobs",
  probe: "amqp-login",
  reason: "no client of that kind here",
} as const;

function troubled(count: number, paths = leakPaths.slice(0, 5)): RegionReport {
  const regions = someRegions(count);
  const verdicts = someVerdicts({ from: "eu-central-1", regions, paths }).map((verdict, index) => {
    if (index % 7 === 3) return { ...verdict, ...aBreach };
    if (index % 7 === 5) return { ...verdict, ...anInconclusive };
    return index % 11 === 6 ? { ...verdict, ...aBreach, waiver: aWaiver } : verdict;
  });
  return aReport({
    regions,
    verdicts,
    partial: true,
    gaps: [gap],
    journalProblems: ["the hash chain is broken at line 7"],
  });
}

const { controls } = readControls();
const pages = {
  "a pass": () => renderRegionHtml(aReport(), controls),
  "3 regions with every kind of trouble": () => renderRegionHtml(troubled(3), controls),
  "30 regions with every kind of trouble": () => renderRegionHtml(troubled(30)),
  "a run of 3 regions": () => runPage(3),
  "a run of 30 regions": () => runPage(30),
  "two months with every kind of day": () => historyPage(),
  "an empty plan": () => renderRegionHtml(aReport({ verdicts: [] })),
};

function runPage(count: number): string {
  const reports = someRegions(count).map((region, index) =>
    index === 0
      ? troubled(count, leakPaths.slice(0, 2))
      : aReport({
          region,
          regions: someRegions(count),
          verdicts: someVerdicts({
            from: region.id,
            regions: someRegions(count),
            paths: leakPaths.slice(0, 2),
          }),
        }),
  );
  return renderRunHtml(aRun(reports), reports, controls);
}

function historyPage(text = "nightly"): string {
  const history = new AHistory();
  const regions = ["ap-southeast-2", "eu-central-1", "us-east-1"];
  for (let day = 1; day <= 45; day++) {
    const facts = { regions, trigger: text, commit: text, environment: text };
    if (day % 9 === 4) continue;
    if (day % 9 === 5) history.run(day, [aFinding({ system: text })], facts);
    else if (day % 9 === 6) history.interrupt(history.start(day, facts));
    else if (day % 9 === 7) history.start(day, facts);
    else if (day % 9 === 8) history.run(day, [], { ...facts, partial: true });
    else
      history.run(day, [], facts).run(day + 0.1, [aFinding({ grade: "inconclusive", waived: true })], facts);
  }
  const population = populationOf(history.entries, { cadenceMs: 86_400_000, asOf: Date.parse(aDay(50)) });
  return renderHistoryHtml(population, { origin: text, size: 90, root: Buffer.alloc(32, 7) });
}

const looks = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  "a phone": { colorScheme: "light", viewport: { width: 390, height: 844 } },
} as const satisfies Record<string, BrowserContextOptions>;

for (const [name, markup] of Object.entries(pages)) {
  for (const [look, options] of Object.entries(looks)) {
    // The same colours as with three regions: seconds of axe for nothing new.
    if (look === "dark" && name.includes("30 regions")) continue;
    test(`${name}, ${look}: axe finds nothing, nothing is fetched, nothing overflows`, {
      timeout: 120_000,
    }, async () => {
      await using shown = await open(markup(), options);
      expect(
        await shown.page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0);
      expect(await violations(shown.page)).toEqual([]);
      expect(shown.requests).toEqual([shown.url]);
      expect(shown.complaints).toEqual([]);
    });
  }
}

test("the filter works by keyboard alone, because not everybody has a mouse", {
  timeout: 30_000,
}, async () => {
  await using shown = await open(renderRegionHtml(troubled(3)));
  const { page } = shown;
  const visibleRows = () => page.locator("#attempt-groups tbody tr:visible").count();
  const all = await visibleRows();
  await page.getByRole("combobox", { name: "Grade" }).focus();
  await page.keyboard.type("breached");
  await expect
    .poll(visibleRows)
    .toBe(troubled(3).verdicts.filter(({ grade }) => grade === "breached").length);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.type("sessions ap-southeast-2");
  await expect
    .poll(visibleRows)
    .toBe(
      troubled(3).verdicts.filter(
        ({ grade, to }) => grade === "breached" && to.system === "sessions" && to.region === "ap-southeast-2",
      ).length,
    );
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect.poll(visibleRows).toBe(all);
});

test("without JavaScript every attempt is there and no dead control is, because auditors disable it", async () => {
  await using shown = await open(renderRegionHtml(troubled(3)), { javaScriptEnabled: false });
  expect(await shown.page.locator("#attempt-groups tbody tr").count()).toBe(troubled(3).verdicts.length);
  expect(await shown.page.locator("#attempt-groups tbody tr:visible").count()).toBe(
    troubled(3).verdicts.length,
  );
  expect(await shown.page.locator("form:visible, button:visible").count()).toBe(0);
});

test("hostile strings do not run, because every one of them is shown as text", {
  timeout: 120_000,
}, async () => {
  for (const text of hostileTexts) {
    const report = aHostileReport(text);
    const run = renderRunHtml(aRun([report]), [report]);
    for (const markup of [renderRegionHtml(report), run, historyPage(text)]) {
      await using shown = await open(markup);
      await shown.page.locator("body").hover();
      expect(await shown.page.evaluate(() => (globalThis as { __pwned?: unknown }).__pwned)).toBeUndefined();
      expect(shown.requests).toEqual([shown.url]);
      expect(shown.complaints).toEqual([]);
    }
  }
});

test("a browser reads the same elements whatever the strings hold", { timeout: 60_000 }, async () => {
  await using blank = await open("<!doctype html><title>blank</title>");
  const outline = (markup: string) =>
    blank.page.evaluate((text) => {
      const elements = [...new DOMParser().parseFromString(text, "text/html").querySelectorAll("*")];
      return elements
        .map((element) => `${element.localName} ${element.getAttributeNames().join(" ")}`)
        .join("\n");
    }, markup);
  const plain = await outline(renderRegionHtml(aHostileReport("plain")));
  await fc.assert(
    fc.asyncProperty(
      hostile.filter((text) => text !== ""),
      async (text) => {
        expect(await outline(renderRegionHtml(aHostileReport(text)))).toBe(plain);
      },
    ),
    { numRuns: 60 },
  );
});

test("10,000 attempts load and filter, because large estates have them", {
  timeout: 120_000,
}, async () => {
  const verdicts = Array.from({ length: 10_000 }, (_, index) =>
    aVerdict({
      path: leakPaths[index % 4] ?? "database",
      ...(index === 7777 ? { ...aBreach, code: "NEEDLE" } : {}),
    }),
  );
  const markup = renderRegionHtml(aReport({ verdicts }));
  await using shown = await open(markup);
  await shown.page.locator("#filter [name=words]").fill("needle");
  await expect.poll(() => shown.page.locator("#filter-status").textContent()).toMatch(/^1 of 10,000/);
  expect(await shown.page.locator("#attempt-groups tbody tr:visible").count()).toBe(1);
});

test("on paper nothing is cut off, because a printed matrix cannot be scrolled", async () => {
  await using shown = await open(renderRegionHtml(troubled(30)), {
    colorScheme: "dark",
    viewport: { width: 1040, height: 720 },
  });
  await shown.page.emulateMedia({ media: "print", colorScheme: "dark" });
  const cut = await shown.page.evaluate(
    () =>
      [...document.querySelectorAll(".scroller")].filter(
        (box) => getComputedStyle(box).overflow !== "visible" || box.scrollWidth > innerWidth,
      ).length,
  );
  expect(cut).toBe(0);
  expect(await shown.page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(
    "rgb(255, 255, 255)",
  );
  expect(await shown.page.locator("nav:visible, form:visible, button:visible").count()).toBe(0);
});
