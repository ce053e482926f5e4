import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RecordedRegion } from "../../attest/history/record.ts";
import { AHistory, aDay, aFinding, region } from "../a-history.ts";
import { type Population, populationOf } from "../population.ts";
import { daysOf, isWhole } from "../population-places.ts";
import { stateOf } from "./history-calendar.ts";
import { renderHistoryHtml } from "./history-html.ts";
import { hostile, hostileTexts } from "./hostile.ts";

const head = { origin: "a-log", size: 2, root: Buffer.alloc(32, 7) };
const dayMs = 86_400_000;
const of = ({ entries }: AHistory, until = 5): Population =>
  populationOf(entries, { cadenceMs: dayMs, asOf: Date.parse(aDay(until)) });
const page = (history: AHistory, until?: number) => renderHistoryHtml(of(history, until), head);
const grade = (markup: string) =>
  /aria-hidden="true">(.)<\/span>([^<]*)<\/span><\/h1>/.exec(markup)?.slice(1);

const inconclusiveRegion: RecordedRegion = {
  ...{ sequence: 1, planned: 10, contained: 6, breached: 0, inconclusive: 4, waived: 0 },
  ...{ grade: "inconclusive" as const, observed: null, evidence: "0".repeat(64), tried: [] },
};

/** What the calendar says of each day, in words. */
const calendar = (markup: string) =>
  [...markup.matchAll(/<td class="[^"]*" title="([^"]*)">/g)].map(([, title]) =>
    title?.replace(/; run-.*/, ""),
  );

describe("the first line of the page", () => {
  const passed = () => new AHistory().run(1).run(2).run(3).run(4);

  test("says that nothing is open where every region was tested as a whole, and in time", () => {
    expect(grade(page(passed()))).toEqual(["✓", "Nothing open"]);
  });

  test("says so, too, once a failure was cleared, and still shows it", () => {
    const markup = page(new AHistory().run(1).run(2, [aFinding()]).run(3).run(4));
    expect(grade(markup)).toEqual(["✓", "Nothing open"]);
    expect(markup).toContain("1 finding: 1 cleared by a later run.");
  });

  test.each<[string, (history: AHistory) => void, string]>([
    ["a breach is open", (history) => history.run(4.1, [aFinding()]), "✕ 1 still open"],
    [
      "something is inconclusive",
      (history) => history.run(4.1, [aFinding({ grade: "inconclusive" })]),
      "? 1 still open",
    ],
    [
      "a region was tried in part only",
      (history) => history.run(4.1, [], { regions: ["us-east-1"], partial: true }),
      "? 1 region not tested as a whole",
    ],
    [
      "a region's only run has no end",
      (history) => history.start(4.1, { regions: ["us-east-1"] }),
      "? 1 region not tested as a whole",
    ],
    [
      "a breach stands under an exception",
      (history) => history.run(4.1, [aFinding({ waived: true })]),
      "! Passed with exceptions",
    ],
    [
      "a region did not pass, of which nothing is listed",
      (history) => {
        const start = history.start(4.1, { regions: ["us-east-1"], partial: true });
        history.end(start, [], { regions: { "us-east-1": inconclusiveRegion }, openOmitted: 4 });
      },
      "? 1 still open",
    ],
    [
      "a region did not pass when it was last tested as a whole, and a part was since",
      (history) => {
        const start = history.start(4.1);
        history.end(start, [aFinding({ grade: "inconclusive" })]);
        history.run(4.2, [], { partial: true });
      },
      "? 1 region did not pass when last tested",
    ],
    ["a later run was never heard of again", (history) => history.start(4.1), "? A later run has no end"],
    [
      "a later run was interrupted, which may have found something",
      (history) => history.interrupt(history.start(4.1, { partial: true })),
      "? A later run has no end",
    ],
  ])("does not where %s", (_what, later, words) => {
    const history = passed();
    later(history);
    expect(grade(page(history))?.join(" ")).toBe(words);
  });

  test("does not of a period in which a breach was open to the end, though a later run cleared it", () => {
    const { entries } = passed().run(4.1, [aFinding()], { partial: true }).run(5);
    const until = Date.parse(aDay(4.5));
    const population = populationOf(entries, { cadenceMs: dayMs, asOf: Date.parse(aDay(9)), until });
    expect(grade(renderHistoryHtml(population, head))).toEqual(["?", "1 open when the period ended"]);
  });

  test("does not where a day is missing", () => {
    expect(grade(page(new AHistory().run(1).run(2).run(4)))).toEqual(["?", "1 gap"]);
  });

  test("does not where there was no run at all", () => {
    const population = populationOf([], { cadenceMs: null, asOf: Date.parse(aDay(5)) });
    expect(grade(renderHistoryHtml(population, head))).toEqual(["?", "No run"]);
  });

  test("whatever the runs were, says so only where each region was proven and nothing is open", () => {
    let said = 0;
    fc.assert(
      fc.property(aPeriod, (history) => {
        const cadenceMs = history.entries.length % 2 === 0 ? dayMs : null;
        const asOf = Math.max(...history.entries.map(({ record }) => Date.parse(record.at)), 0) + dayMs / 2;
        const population = populationOf(history.entries, { cadenceMs, asOf });
        const markup = renderHistoryHtml(population, head);
        if (grade(markup)?.[1] !== "Nothing open") return;
        said++;
        expect(population.findings.filter(({ state }) => state === "open")).toEqual([]);
        expect(population.places.length).toBeGreaterThan(0);
        for (const { runs, gaps } of population.places) {
          const last = runs.findLastIndex(isWhole);
          expect(runs[last]?.grade).toBe("pass");
          expect(runs.slice(last).filter(({ state }) => state !== "judged")).toEqual([]);
          expect(gaps ?? []).toEqual([]);
        }
      }),
    );
    expect(said).toBeGreaterThan(0);
  });
});

const steps = ["pass", "breach", "inconclusive", "waived", "part", "vanish", "interrupt", "none"] as const;

/** Twelve days at most, and what became of the run of each. */
const aPeriod = fc.array(fc.constantFrom(...steps), { minLength: 1, maxLength: 12 }).map((days) => {
  const history = new AHistory();
  for (const [index, step] of days.entries()) {
    const day = index + 1;
    if (step === "pass") history.run(day);
    if (step === "breach") history.run(day, [aFinding()]);
    if (step === "inconclusive")
      history.end(history.start(day), [], { regions: { [region]: inconclusiveRegion }, openOmitted: 4 });
    if (step === "waived") history.run(day, [aFinding({ waived: true })]);
    if (step === "part") history.run(day, [], { partial: true });
    if (step === "vanish") history.start(day);
    if (step === "interrupt") history.interrupt(history.start(day));
  }
  return history;
});

describe("a day of the calendar", () => {
  test("says what became of its runs, and of a day without one", () => {
    const history = new AHistory().run(1).run(2, [aFinding()]).run(3, [], { partial: true });
    history.start(4);
    history.interrupt(history.start(5));
    history.run(7);
    expect(calendar(page(history, 7.5))).toEqual([
      "2026-10-01: passed",
      "2026-10-02: breached",
      "2026-10-03: no whole run, though one was promised",
      "2026-10-04: interrupted, or without an end; no whole run, though one was promised",
      "2026-10-05: interrupted, or without an end; no whole run, though one was promised",
      "2026-10-06: no whole run, though one was promised",
      "2026-10-07: passed",
    ]);
  });

  test("never looks like a pass where a run of it has no end, or did not pass", () => {
    fc.assert(
      fc.property(aPeriod, (history) => {
        const population = of(history, 20);
        for (const place of population.places)
          for (const day of daysOf(place, population.period)) {
            const state = stateOf(day);
            const shown = ["passed", "part"].includes(state);
            const really = day.runs.every(({ grade }) => grade === "pass") && day.runs.length > 0;
            expect([day.day, shown]).toEqual([day.day, really && state !== "gap"]);
            expect(state === "breached").toBe(day.runs.some(({ grade }) => grade === "breached"));
          }
      }),
    );
  });

  test("names each of its runs, because two of a day may differ", () => {
    const markup = page(new AHistory().run(1).run(1.1, [aFinding()]), 1.5);
    expect(markup).toContain('title="2026-10-01: breached; run-0: PASS; run-2: BREACHED"');
  });

  test("stands in the line of its region and environment, each of which has its own", () => {
    const history = new AHistory().run(1, [], { regions: [region, "us-east-1"] }).run(1, [], {
      environment: "staging",
    });
    const lines = [...page(history, 1.5).matchAll(/<tr><th scope="row">([^<]*)<span class="minor">([^<]*)/g)];
    expect(lines.slice(0, 3).map(([, name, where]) => `${name} ${where}`)).toEqual([
      `${region} aws, real`,
      "us-east-1 aws, real",
      `${region} staging, real`,
    ]);
  });
});

test("every run is there, with the time and the digest of its evidence", () => {
  const history = new AHistory().run(1, [aFinding()], { commit: "3f2a91c", trigger: "nightly" });
  history.interrupt(history.start(2));
  history.start(3);
  const markup = page(history);
  for (const { runId } of of(history).runs) expect(markup).toContain(`<th scope="row">${runId}<`);
  for (const words of [
    "3f2a91c",
    "nightly",
    "INTERRUPTED: by hand",
    "! no end",
    "! interrupted",
    "✕ BREACHED",
  ])
    expect(markup, words).toContain(words);
  expect(markup).toContain(of(history).runs[0]?.evidence);
});

test("without a cadence nothing is said of gaps, and that is said", () => {
  const { entries } = new AHistory().run(1).run(9);
  const population = populationOf(entries, { cadenceMs: null, asOf: Date.parse(aDay(10)) });
  const markup = renderHistoryHtml(population, head);
  expect(markup).toContain("gaps were not looked for");
  expect(markup).not.toContain("no whole run, though one was promised");
});

test("no text of a record adds an element or an attribute to the page", () => {
  const skeleton = (text: string) =>
    page(
      new AHistory().run(1, [aFinding({ system: text })], {
        trigger: text,
        commit: text,
        environment: text,
        runId: text,
        regions: [text],
      }),
    )
      .replace(/<style>[\s\S]*?<\/style>|<script>[\s\S]*?<\/script>/g, "")
      .replace(/"[^"]*"/g, '""')
      .match(/<[^>]*>/g);
  const plain = skeleton("plain");
  for (const text of hostileTexts) expect(skeleton(text)).toEqual(plain);
  fc.assert(
    fc.property(
      hostile.filter((text) => text !== ""),
      (text) => {
        expect(skeleton(text)).toEqual(plain);
      },
    ),
    { numRuns: 60 },
  );
});

test("a calendar that cannot show all days of a period says so", () => {
  expect(page(new AHistory().run(1).run(1103))).toContain("The first 3 days of the period are left out");
  expect(page(new AHistory().run(1).run(2))).not.toContain("left out");
});
