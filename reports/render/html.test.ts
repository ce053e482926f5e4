import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RunSummary } from "../report.ts";
import { aHostileReport } from "./a-hostile-report.ts";
import { aBreach, anInconclusive, aReport, aRun, aVerdict, aWaiver, someRegions } from "./a-report.ts";
import { hostile } from "./hostile.ts";
import { renderRegionHtml, renderRunHtml } from "./html.ts";
import { linkTo } from "./html-regions.ts";

/** The tags and attribute names of a page in order, without what they hold. */
function skeleton(page: string): string[] {
  const body = page.replace(/<style>[\s\S]*?<\/style>|<script>[\s\S]*?<\/script>/g, "");
  return body.replace(/"[^"]*"/g, '""').match(/<[^>]*>/g) ?? [];
}

test("no input adds an element or an attribute, because a far system's banner must not write our page", () => {
  const plainRegion = skeleton(renderRegionHtml(aHostileReport("plain")));
  const plainRun = skeleton(renderRunHtml(aRun([aHostileReport("plain")]), [aHostileReport("plain")]));
  fc.assert(
    fc.property(
      hostile.filter((text) => text !== ""),
      (text) => {
        const report = aHostileReport(text);
        expect(skeleton(renderRegionHtml(report))).toEqual(plainRegion);
        expect(skeleton(renderRunHtml(aRun([report]), [report]))).toEqual(plainRun);
      },
    ),
    { numRuns: 60 },
  );
});

test("the policy names the very style and script of the page, because else the browser runs neither", () => {
  const page = renderRegionHtml(aReport());
  for (const [, name, source] of page.matchAll(/<(style|script)>([\s\S]*?)<\/\1>/g)) {
    const hash = createHash("sha256")
      .update(source ?? "")
      .digest("base64");
    expect(page, `the hash of the ${name}`).toContain(`${name}-src &#39;sha256-${hash}&#39;`);
  }
  expect(page).toContain("default-src &#39;none&#39;");
});

test("exceptions come first, then breached, then inconclusive, because readers stop early", () => {
  const page = renderRegionHtml(
    aReport({
      verdicts: [
        aVerdict({ ...anInconclusive, reason: "the inconclusive one" }),
        aVerdict({ ...aBreach, reason: "the open one" }),
        aVerdict({ ...aBreach, reason: "the waived one", waiver: aWaiver }),
      ],
    }),
  );
  const places = ["BREACHED", aWaiver.reason, "the waived one", "the open one", "the inconclusive one"].map(
    (text) => page.indexOf(text),
  );
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places).not.toContain(-1);
});

test("the first screen says what crosses a border, each crossing once, because nobody scrolls past the limits to learn it", () => {
  const systems = ["orders-db", "orders-db", "sessions", "uploads", "jobs", "search", "mail"];
  const verdicts = [
    ...systems.map((system) => aVerdict({ ...aBreach, to: { region: "us-east-1", system, address: null } })),
    aVerdict({ ...aBreach, waiver: aWaiver, to: { region: "us-east-1", system: "waived", address: null } }),
    aVerdict({ ...anInconclusive, to: { region: "us-east-1", system: "unknown", address: null } }),
  ];
  const headlineOf = (page: string) => page.slice(page.indexOf("<header"), page.indexOf("</header>"));
  const crossings = [
    ...headlineOf(renderRegionHtml(aReport({ verdicts }))).matchAll(
      /<li>(Database: [^<]*|<a.*?<\/a>)<\/li>/g,
    ),
  ].map(([, text]) => text);
  expect(crossings).toEqual([
    ...["orders-db", "sessions", "uploads", "jobs"].map(
      (system) => `Database: eu-central-1 → us-east-1, ${system}`,
    ),
    '<a href="#open">and 2 more</a>',
  ]);
  expect(headlineOf(renderRegionHtml(aReport()))).not.toContain("crossings");
});

test("the first screen names fidelity, limits and partial scope, because a pass means less than it seems", () => {
  const page = renderRegionHtml(aReport({ partial: true, limits: ["no cloud routing"] }));
  const headline = page.slice(page.indexOf("<header"), page.indexOf("</header>"));
  for (const words of [
    "Replica.",
    "no cloud routing",
    "Partial scope",
    "22 November 2026, 13:05:09 UTC",
    "4 min 12 s",
  ]) {
    expect(headline).toContain(words);
  }
});

test("the first screen says the grade that the report has, because renderers never judge", () => {
  for (const [grade, words] of [
    ["pass", "PASS"],
    ["pass-with-exceptions", "PASS WITH EXCEPTIONS"],
    ["breached", "BREACHED"],
    ["inconclusive", "INCONCLUSIVE"],
  ] as const) {
    expect(renderRegionHtml(aReport({ grade }))).toContain(`</span>${words}</span></h1>`);
  }
});

test("an empty plan says so, because nothing tried is nothing shown", () => {
  const page = renderRegionHtml(aReport({ verdicts: [] }));
  expect(page).toContain("INCONCLUSIVE");
  expect(page).toContain("no attempt was planned");
  expect(page).not.toContain("Each of the planned attempts was contained");
});

test("gaps and journal problems have a section of their own, because they are not proven", () => {
  const gap = {
    path: "queue",
    region: "eu-central-1",
    system: "jobs",
    probe: "amqp",
    reason: "no client",
  } as const;
  const page = renderRegionHtml(aReport({ gaps: [gap], journalProblems: ["the chain is broken"] }));
  expect(page).toMatch(/Not proven[\s\S]*the chain is broken[\s\S]*no client/);
});

test("a region without a report is named, because a missing page may not look like a good one", () => {
  const [report] = [aReport()];
  const run = aRun([report]);
  const line = { grade: "inconclusive", planned: 3, contained: 0, breached: 0, inconclusive: 3 } as const;
  const page = renderRunHtml(
    RunSummary.parse({ ...run, grade: "inconclusive", regions: { ...run.regions, "us-east-1": line } }),
    [report],
  );
  expect(page).toContain('us-east-1<span class="minor">no report</span>');
  expect(page).toContain('href="./eu-central-1/report.html"');
});

test("a link stays below the page whatever the region is called, because ids come from a map", () => {
  for (const id of ["../../etc", "javascript:alert(1)", "//example.com", "\ud800", "..", ""]) {
    expect(new URL(linkTo(id), "file:///run/report.html").href).toMatch(/^file:\/\/\/run\//);
  }
});

test("the word is never used, because no test establishes it", () => {
  const report = aReport({ regions: someRegions(3) });
  expect(renderRegionHtml(report) + renderRunHtml(aRun([report]), [report])).not.toMatch(/compliant/i);
});
