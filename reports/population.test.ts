import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sha256 } from "../core/digest.ts";
import { AHistory, aDay, aFinding, database, region } from "./a-history.ts";
import { populationOf } from "./population.ts";
import { populationCsv } from "./population-csv.ts";
import { daysBefore, daysOf } from "./population-places.ts";

const dayMs = 86_400_000;
const of = ({ entries }: AHistory, more: Partial<Parameters<typeof populationOf>[1]> = {}) =>
  populationOf(entries, { cadenceMs: dayMs, asOf: Date.parse(aDay(31)), ...more });
const findings = (history: AHistory) =>
  of(history).findings.map(({ state, worst, first, cleared }) => [state, worst, first.runId, cleared?.runId]);

describe("a run", () => {
  test("that never ended, or was interrupted, is one of the population like any other", () => {
    const history = new AHistory();
    history.run(1);
    history.interrupt(history.start(2));
    history.start(3);
    const { runs } = of(history);
    expect(runs.map(({ state, grade, endIndex }) => [state, grade, endIndex])).toEqual([
      ["judged", "pass", 1],
      ["interrupted", null, 3],
      ["unfinished", null, null],
    ]);
    expect(runs.map(({ regions }) => regions[region]?.sequence)).toEqual([1, 2, 3]);
  });

  test("belongs to the period in which it was started, whose first day is in it and whose end is not", () => {
    const history = new AHistory().run(1).run(2).run(3);
    const { runs } = of(history, { from: Date.parse(aDay(2)), until: Date.parse(aDay(3)) });
    expect(runs.map(({ startedAt }) => startedAt)).toEqual([aDay(2)]);
  });

  test("out of the order of time belongs to the period of the runs around it as well, because a wrong clock must hide nothing", () => {
    const history = new AHistory().run(1);
    history.start(-300);
    history.start(300);
    history.start(301);
    const period = { from: Date.parse(aDay(1)), until: Date.parse(aDay(5)) };
    const { runs, places } = of(history.run(2).run(6), period);
    expect(runs.map(({ runId }) => runId)).toEqual(["run-0", "run-2", "run-3", "run-4", "run-5"]);
    expect(places[0]?.runs).toHaveLength(5);
    expect(of(new AHistory().run(1).run(300, [aFinding()]).run(2), period).findings).toHaveLength(1);
    const ahead = new AHistory().run(1).run(2);
    ahead.start(300);
    const of300 = of(ahead.run(3).run(4)).runs.map(({ times }) => times);
    const at = (...days: number[]) => days.map((day) => Date.parse(aDay(day)));
    expect(of300).toEqual([at(1), at(2), at(300, 3), at(3, 300), at(4, 300)]);
  });

  test("that starts in the very moment in which another ended is not out of order", () => {
    expect(of(new AHistory().run(1).run(1)).runs.map(({ clockWentBack }) => clockWentBack)).toEqual([
      false,
      false,
    ]);
  });

  test("dated in the future is shown, because a wrong clock must hide nothing", () => {
    expect(of(new AHistory().run(1).run(300)).runs).toHaveLength(2);
  });
});

describe("a finding", () => {
  const found = () => new AHistory().run(1, [aFinding()]);

  test("is open until a later run tries it again and finds it contained", () => {
    expect(findings(found())).toEqual([["open", "breached", "run-0", undefined]]);
    expect(findings(found().run(2))).toEqual([["cleared", "breached", "run-0", "run-2"]]);
  });

  test("is seen again, and cleared once, and found anew later", () => {
    const history = found().run(2, [aFinding()]).run(3).run(4).run(5, [aFinding()]);
    expect(findings(history)).toEqual([
      ["cleared", "breached", "run-0", "run-4"],
      ["open", "breached", "run-8", undefined],
    ]);
    expect(of(history).findings[0]?.seen.map(({ runId }) => runId)).toEqual(["run-0", "run-2"]);
  });

  test.each<[string, (history: AHistory) => void]>([
    ["a run that did not try the system", (history) => history.run(2, [], { attempts: 0, partial: true })],
    ["a whole run whose map has lost the system", (history) => history.run(2, [], { attempts: 0 })],
    ["a run that tried less of it", (history) => history.run(2, [], { attempts: 5 })],
    ["a run whose clock went back behind it", (history) => history.run(0.5)],
    ["a run that found it inconclusive", (history) => history.run(2, [aFinding({ grade: "inconclusive" })])],
    ["a run that was interrupted", (history) => history.interrupt(history.start(2))],
    ["a run without an end", (history) => history.start(2)],
    ["a run of another region", (history) => history.run(2, [], { regions: ["us-east-1"] })],
    ["a run in a replica", (history) => history.run(2, [], { environment: "replica", fidelity: "replica" })],
    ["a run in another environment", (history) => history.run(2, [], { environment: "staging" })],
    ["a run in a replica of the same name", (history) => history.run(2, [], { fidelity: "replica" })],
    [
      "a run that tried another system by that path",
      (history) => history.run(2, [], { of: { ...database, system: "archive" } }),
    ],
    [
      "a run that tried that system by another path",
      (history) => history.run(2, [], { of: { ...database, path: "backup" } }),
    ],
    [
      "a run that tried that system in another region",
      (history) => history.run(2, [], { of: { ...database, to: "ap-southeast-2" } }),
    ],
    [
      "a run that could not list all that it found",
      (history) => history.end(history.start(2), [], { openOmitted: 1 }),
    ],
  ])("is not cleared by %s", (_what, later) => {
    const history = found();
    later(history);
    expect(findings(history).filter(([, , run]) => run === "run-0")).toEqual([
      ["open", "breached", "run-0", undefined],
    ]);
  });

  test("is not cleared by a run that was under way when it was seen again", () => {
    const history = found();
    const [pass, again] = [history.start(2), history.start(2.01)];
    history.end(again, [aFinding()]);
    history.end(pass);
    expect(findings(history)).toEqual([["open", "breached", "run-0", undefined]]);
    expect(of(history).findings[0]?.seen.map(({ runId }) => runId)).toEqual(["run-0", "run-3"]);
  });

  test("is first found by the run that ended first, and listed by when that was started", () => {
    const history = new AHistory();
    const [one, other] = [history.start(1), history.start(1.01)];
    history.end(other, [aFinding()]);
    history.end(one, [aFinding(), aFinding({ system: "archive" })]);
    expect(of(history).findings.map(({ system, first }) => [system, first.runId])).toEqual([
      ["archive", "run-0"],
      ["orders-db", "run-1"],
    ]);
  });

  test("is as bad as the worst that was seen of it, and last as bad as the worst of its last run, with all attempts", () => {
    const [unknown, waived] = [aFinding({ grade: "inconclusive", count: 3 }), aFinding({ waived: true })];
    const history = new AHistory().run(1, [unknown]).run(2, [waived, unknown, aFinding({ count: 1 })]);
    expect(of(history).findings).toMatchObject([
      { worst: "breached", last: { grade: "breached", waived: false, count: 6, run: { runId: "run-2" } } },
    ]);
    expect(of(history.run(3, [waived, unknown])).findings).toMatchObject([
      { worst: "breached", last: { grade: "inconclusive", waived: false, count: 5 } },
    ]);
  });

  test("that went nowhere, because it could not be tried, is cleared by as many attempts wherever they went", () => {
    const history = new AHistory().run(1, [aFinding({ to: null, grade: "inconclusive" })]);
    const elsewhere = { ...database, to: "ap-southeast-2" };
    const states = (attempts: number) =>
      of(history.run(2, [], { of: elsewhere, attempts })).findings.map(({ state }) => state);
    expect([states(5), states(6)]).toEqual([["open"], ["cleared"]]);
  });

  test("of one region is another's no longer, because each has to be cleared by itself", () => {
    const history = new AHistory().run(1, [aFinding(), aFinding({ to: "ap-southeast-2" })]).run(2);
    expect(of(history).findings.map(({ to, state }) => [to, state])).toEqual([
      ["us-east-1", "cleared"],
      ["ap-southeast-2", "open"],
    ]);
  });

  test("is cleared by a run of a part that tried it, and that is said", () => {
    const history = found().run(2, [], { partial: true });
    expect(of(history).findings[0]?.cleared).toMatchObject({ runId: "run-2", partial: true });
  });

  test("that a later run tried with fewer attempts says so", () => {
    expect(of(found().run(2, [], { attempts: 5 })).findings[0]?.triedLess).toMatchObject({
      runId: "run-2",
      attempts: 5,
      of: 6,
    });
    expect(of(found().run(2, [], { attempts: 0 })).findings[0]?.triedLess).toBe(null);
  });

  test("that was seen again since has not been tried with fewer attempts", () => {
    const history = found().run(2, [], { attempts: 5 }).run(3, [aFinding()]);
    expect(of(history).findings[0]?.triedLess).toBe(null);
  });

  test("is not cleared by fewer attempts than were not contained, where its run could not list what it tried", () => {
    const history = new AHistory().run(1, [aFinding({ count: 4 })], { attempts: 0 });
    expect(findings(history.run(2, [], { attempts: 3 }))).toEqual([["open", "breached", "run-0", undefined]]);
    expect(findings(history.run(3, [], { attempts: 4 }))).toEqual([
      ["cleared", "breached", "run-0", "run-4"],
    ]);
  });

  test("is not cleared by a run that was under way when it was found, because neither is the later one", () => {
    const history = new AHistory();
    const [finding, other] = [history.start(1), history.start(1.01)];
    history.end(finding, [aFinding()]);
    history.end(other);
    expect(findings(history)).toEqual([["open", "breached", "run-0", undefined]]);
  });

  test("that the map excepts is excepted, and no longer once an attempt beside it is not", () => {
    const waived = aFinding({ waived: true });
    expect(findings(new AHistory().run(1, [waived]))).toEqual([["excepted", "breached", "run-0", undefined]]);
    expect(findings(new AHistory().run(1, [waived, aFinding({ grade: "inconclusive" })]))).toEqual([
      ["open", "breached", "run-0", undefined],
    ]);
  });

  test("of a region as a whole is cleared by a whole run that proves it, and by no other", () => {
    const nothing = aFinding({ path: null, system: null, to: null, grade: "inconclusive", count: 1 });
    expect(findings(new AHistory().run(1, [nothing]).run(2))).toEqual([
      ["cleared", "inconclusive", "run-0", "run-2"],
    ]);
    const history = new AHistory().run(1, [nothing]).run(2, [], { partial: true });
    history.run(2, [], { regions: ["us-east-1"] });
    expect(findings(history)).toEqual([["open", "inconclusive", "run-0", undefined]]);
    expect(findings(history.run(3, [aFinding({ grade: "inconclusive" })]))[0]?.[0]).toBe("open");
    expect(findings(history.run(4, [aFinding({ waived: true })]))[0]).toEqual([
      "cleared",
      "inconclusive",
      "run-0",
      "run-8",
    ]);
  });

  test.each<[string, Parameters<AHistory["end"]>[1], string]>([
    ["all that is listed of it is excepted", [aFinding({ waived: true })], "inconclusive"],
    ["nothing is listed of it, because its record had no room", [], "breached"],
    ["less is listed of it than its grade says", [aFinding({ grade: "inconclusive" })], "breached"],
    ["what is listed is of another region", [aFinding({ region: "us-east-1" })], "inconclusive"],
  ])("is of a region as a whole that failed, where %s", (_what, open, grade) => {
    const history = new AHistory();
    const start = history.start(1, { partial: true });
    const counts = { planned: 2, contained: 0, breached: 2, inconclusive: 0, waived: 2 };
    const bundles = { observed: null, evidence: "0".repeat(64), tried: [] };
    const result = { sequence: 1, grade: grade as "breached", ...counts, ...bundles };
    history.end(start, open, { grade: grade as "breached", regions: { [region]: result } });
    const whole = of(history).findings.filter(({ path }) => path === null);
    expect(whole).toMatchObject([{ region, state: "open", worst: grade }]);
  });

  test("from before the period is in it while it was open", () => {
    const history = found().run(3).run(5);
    const period = (from: number) => of(history, { from: Date.parse(aDay(from)) }).findings.length;
    expect([period(2), period(3), period(4)]).toEqual([1, 1, 0]);
  });

  test("from after the period is not in it", () => {
    const until = (day: number) => of(found(), { until: Date.parse(aDay(day)) }).findings.length;
    expect([until(0.5), until(1), until(1.5)]).toEqual([0, 0, 1]);
  });

  test("whatever the runs were, is open at the end exactly where the last run that tried it found it", () => {
    const step = fc.constantFrom("pass", "breach", "other", "vanish");
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const history = new AHistory();
        for (const [index, one] of steps.entries()) {
          if (one === "pass") history.run(index + 1);
          if (one === "breach") history.run(index + 1, [aFinding()]);
          if (one === "other") history.run(index + 1, [], { attempts: 0, partial: true });
          if (one === "vanish") history.start(index + 1);
        }
        const last = steps.findLast((one) => one === "pass" || one === "breach");
        const open = of(history).findings.filter(({ state }) => state === "open");
        expect(open).toHaveLength(last === "breach" ? 1 : 0);
      }),
    );
  });
});

describe("a gap", () => {
  const gaps = (history: AHistory, more = {}) =>
    of(history, more).places.flatMap((place) => (place.gaps ?? []).map(({ from, until }) => [from, until]));
  const between = (from: number, until: number) => [Date.parse(aDay(from)), Date.parse(aDay(until))];
  const until = (day: number) => ({ until: Date.parse(aDay(day)) });

  test("is a time without a whole run that is longer than the cadence, and a tenth of it", () => {
    expect(gaps(new AHistory().run(1).run(2.05).run(3).run(5), until(5.5))).toEqual([between(3, 5)]);
  });

  test("is not filled by a run of a part, without an end, interrupted, or by a clock that went back", () => {
    const history = new AHistory().run(1).run(3).run(2, [], { partial: true });
    history.start(2);
    history.interrupt(history.start(2));
    history.run(2);
    expect(gaps(history, until(3.5))).toEqual([between(1, 3)]);
  });

  test("is filled by a run that failed, because the region was tested", () => {
    expect(gaps(new AHistory().run(1).run(2, [aFinding()]).run(3), until(3.5))).toEqual([]);
  });

  test("stands at the beginning and at the end of a period, but never after now", () => {
    const period = { from: Date.parse(aDay(1)), until: Date.parse(aDay(20)), asOf: Date.parse(aDay(8)) };
    expect(gaps(new AHistory().run(4).run(5), period)).toEqual([between(1, 4), between(5, 8)]);
  });

  test("does not stand at the beginning where the last run before it was recent", () => {
    expect(gaps(new AHistory().run(1).run(2).run(3), { from: Date.parse(aDay(1.5)), ...until(3.5) })).toEqual(
      [],
    );
  });

  test("is of one region, whatever the others did", () => {
    const history = new AHistory().run(1, [], { regions: ["a", "b"] }).run(2, [], { regions: ["a"] });
    history.run(3, [], { regions: ["a", "b"] });
    expect(of(history, until(3.5)).places.map(({ region, gaps }) => [region, gaps?.length])).toEqual([
      ["a", 0],
      ["b", 1],
    ]);
  });
});

describe("a calendar", () => {
  test("has every day of the period, with its runs, the worst of the whole ones, and its gaps", () => {
    const history = new AHistory().run(1).run(1.2, [aFinding()]).run(2, [], { partial: true }).run(4);
    const population = of(history, { until: Date.parse(aDay(4.5)) });
    const days = daysOf(population.places[0] as never, population.period);
    expect(days.map(({ day, runs, grade, inGap }) => [day, runs.length, grade, inGap])).toEqual([
      ["2026-10-01", 2, "breached", false],
      ["2026-10-02", 1, null, true],
      ["2026-10-03", 0, null, true],
      ["2026-10-04", 1, "pass", false],
    ]);
  });

  test("has an end, whatever a clock said, and says what it leaves out", () => {
    const population = of(new AHistory().run(1).run(3001));
    expect(daysOf(population.places[0] as never, population.period)).toHaveLength(1100);
    expect(daysBefore(population.period)).toBe(1901);
    expect(daysBefore(of(new AHistory().run(1).run(1100)).period)).toBe(0);
  });
});

test("the CSV has a row for each region of each run, and begins no formula", () => {
  const history = new AHistory().run(1, [aFinding()], { regions: ["a", "b"], trigger: '=1+1"; @x' });
  history.start(2);
  const lines = populationCsv(of(history)).trimEnd().split("\r\n");
  expect(lines).toHaveLength(4);
  expect(lines[1]).toContain(`"'=1+1"";' @x"`);
  expect(new Set(lines.map((line) => line.split('","').length))).toEqual(new Set([23]));
});

test("a row says when its run found more than its record could list", () => {
  const history = new AHistory();
  history.end(history.start(1), [aFinding()], { openOmitted: 7 });
  expect(populationCsv(of(history))).toContain(
    '"database orders-db in us-east-1: 2 breached; 7 more in this run than its record lists"',
  );
});

test("a row says all that its record does of a region, and nothing of another's findings", () => {
  const history = new AHistory();
  const start = history.start(1, { regions: ["a", "b"], partial: true, commit: "3f2a91c" });
  history.end(start, [aFinding({ region: "a" })]);
  const [, a, b] = populationCsv(of(history)).split("\r\n");
  const digests = [sha256("map"), sha256("plan"), sha256("evidence 1")]
    .map((digest) => `"${digest}"`)
    .join(",");
  const common = `"0","${aDay(1)}","${aDay(1)}","run-0","aws","real","part","judged"`;
  expect(a).toBe(
    `${common},"a","1","breached","10","10","0","0","0","database orders-db in us-east-1: 2 breached","","3f2a91c","0.1.0",${digests}`,
  );
  expect(b).toBe(`${common},"b","1","pass","10","10","0","0","0","","","3f2a91c","0.1.0",${digests}`);
});

test("a run of no region, or without an end, has a row, because it is one of the population", () => {
  const history = new AHistory();
  history.start(1, { regions: [] });
  history.start(2);
  const [, none, unended] = populationCsv(of(history)).split("\r\n");
  expect(none).toMatch(/^"0",".+","","run-0","aws","real","whole","unfinished","","","","","","","","","",/);
  expect(unended).toMatch(/^"1",".+","","run-1",.*"unfinished","eu-central-1","1","","","","","","","",/);
});

test("a region as a whole has no path and no system", () => {
  const nothing = aFinding({ path: null, system: null, to: null, grade: "inconclusive", count: 1 });
  const population = of(new AHistory().run(1, [nothing]));
  expect(populationCsv(population)).toContain(`"'- -: 1 inconclusive"`);
  expect(population.origin).toBe("a-log");
});
