import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { leakPaths } from "../core/vocabulary.ts";
import { defaultControls, readControls, supportOf } from "./controls.ts";
import { aBreach, aReport, aRun, aVerdict } from "./render/a-report.ts";
import { hostile } from "./render/hostile.ts";
import { renderRegionHtml, renderRunHtml } from "./render/html.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-controls-"));
afterAll(() => rmSync(folder, { recursive: true }));

function written(text: string): string {
  const file = join(folder, "controls.yaml");
  writeFileSync(file, text);
  return file;
}

const { controls } = readControls();
const one = (criterion: string) => `frameworks: [{ name: A, criteria: [${criterion}] }]`;

test("every leak path is some criterion's in each framework, for nothing is tried for its own sake", () => {
  for (const { name, criteria } of controls.frameworks) {
    const named = new Set(criteria.flatMap(({ paths }) => (paths === "all" ? leakPaths : paths)));
    expect([...named].sort(), name).toEqual([...leakPaths].sort());
  }
});

test("nobody is called compliant, because an auditor says that, and no test does", () => {
  const report = aReport({ verdicts: leakPaths.map((path) => aVerdict({ path })) });
  const pages = [renderRegionHtml(report, controls), renderRunHtml(aRun([report]), [report], controls)];
  for (const text of [readFileSync(defaultControls, "utf8"), ...pages])
    expect(text).not.toMatch(/compliant|certified|guarantee/i);
  for (const page of pages)
    expect(page).toContain("does not establish the absence of other paths, compliance");
});

describe("a criterion", () => {
  const support = (verdicts: Parameters<typeof aVerdict>[0][], paths = "[cache, dns]") =>
    supportOf(readControls(written(one(`{ id: X, about: y, paths: ${paths} }`))).controls, [
      aReport({ verdicts: verdicts.map((parts) => aVerdict(parts)) }),
    ]);

  test("is told with the attempts of its own leak paths", () => {
    expect(support([{ path: "cache" }, { path: "cache", ...aBreach }, { path: "database" }])).toEqual([
      { name: "A", criteria: [{ id: "X", about: "y", paths: ["cache"], planned: 2, contained: 1 }] },
    ]);
  });

  test("of all leak paths is told with all that were tried, each once", () => {
    const verdicts = [
      { path: "dns" },
      { path: "cache" },
      { path: "cache" },
      { path: "dns", ...aBreach },
    ] as const;
    expect(support([...verdicts], "all")[0]?.criteria).toMatchObject([
      { paths: leakPaths.filter((path) => path === "cache" || path === "dns"), planned: 4, contained: 3 },
    ]);
    expect(support([{ path: "dns" }])[0]?.criteria).toMatchObject([{ planned: 1, contained: 1 }]);
  });

  test("of which nothing was tried is not told", () => {
    expect(support([{ path: "database" }])).toEqual([]);
  });
});

describe("a mapping of one's own", () => {
  test.each([
    ["no YAML", "frameworks: [", /not YAML at line \d/],
    [
      "an unknown leak path",
      one("{ id: X, about: y, paths: [databases] }"),
      /frameworks\[0\]\.criteria\[0\]\.paths/,
    ],
    ["a key that nobody knows", one("{ id: X, about: y, paths: all, note: z }"), /note/],
    ["nothing", "", /expected object/],
    ["no criterion", "frameworks: [{ name: A, criteria: [] }]", /criteria/],
  ])("with %s is refused, and the place is named", (_what, text, complaint) => {
    const file = written(text);
    expect(() => readControls(file)).toThrow(complaint);
    expect(() => readControls(file)).toThrow(file);
  });

  test("that is not there is refused", () => {
    expect(() => readControls(join(folder, "none.yaml"))).toThrow(/cannot be read/);
  });

  test("adds no element to a page, whatever it holds", () => {
    const tags = (page: string) => page.replace(/"[^"]*"/g, '""').match(/<[^>]*>/g);
    const page = (about: string) =>
      tags(
        renderRegionHtml(aReport(), {
          frameworks: [{ name: about, criteria: [{ id: about, about, paths: "all" }] }],
        }),
      );
    fc.assert(
      fc.property(
        hostile.filter((text) => text !== ""),
        (text) => {
          expect(page(text)).toEqual(page("plain"));
        },
      ),
      { numRuns: 40 },
    );
  });
});
