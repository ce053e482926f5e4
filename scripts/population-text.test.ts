import { expect, test } from "vitest";
import { AHistory, aDay, aFinding } from "../reports/a-history.ts";
import { populationOf } from "../reports/population.ts";
import { populationText } from "./population-text.ts";

const of = ({ entries }: AHistory, period: { from?: number; until?: number } = {}) =>
  populationText(populationOf(entries, { cadenceMs: null, asOf: Date.parse(aDay(31)), ...period }));
const allContained = "nothing but contained attempts";

test("that everything was contained is said of runs that were judged, and of none else", () => {
  const history = new AHistory().run(1);
  history.interrupt(history.start(2));
  history.start(3);
  expect(of(history)).toContain(allContained);
  const unjudged = of(history, { from: Date.parse(aDay(2)) });
  expect(unjudged).not.toContain(allContained);
  expect(unjudged).toContain("no run was judged, so nothing is shown to be contained");
  expect(of(history, { from: Date.parse(aDay(20)) })).not.toContain(allContained);
});

test("what was found before and is open still is named, though no run was judged since", () => {
  const later = of(new AHistory().run(1, [aFinding()]), { from: Date.parse(aDay(5)) });
  expect(later).toMatch(/what was not contained \(1\)\n.*STILL OPEN/);
});
