import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { RingfenceError } from "../core/errors.ts";
import { leakPaths } from "../core/vocabulary.ts";
import { parseMap } from "../environments/map-file.ts";
import { projectRoot } from "../environments/node-script.ts";
import { loadProbes } from "../probes/catalog.ts";
import { loadVendors } from "../vendors/catalogue.ts";

const kinds = await loadProbes();
const rules = { kinds, vendors: loadVendors().map(({ id }) => id), today: "2026-11-22", file: "example" };
const folder = join(projectRoot, "docs", "paths");

const region = (number: number) => ({
  ...{ jurisdiction: "EU", place: "Somewhere", guard: "drop" },
  addresses: [`10.${number}.0.0/16`],
});
const regions = { "eu-central-1": region(1), "us-east-1": region(2), "ap-southeast-2": region(3) };
const keptAs = { holds: "Orders", retention: "none", readers: [], exporters: [] };
const backups = { storedIn: "none", retention: "none", restoredTo: [] };

/** The systems that a page shows; what it leaves out is marked by an ellipsis. */
function examplesOf(page: string): { text: string; whole: boolean }[] {
  const text = readFileSync(join(folder, page), "utf8");
  return [...text.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .map(([, block = ""]) => block)
    .filter((block) => block.includes("- id:"))
    .map((block) => ({ text: block.replace(/credentials: \{ … \}/g, ""), whole: !block.includes("…") }));
}

function problemsOf({ text, whole }: { text: string; whole: boolean }) {
  const shown = (parse(`systems:\n${text}`) as { systems: object[] }).systems;
  const systems = shown.map((system) => ({ ...keptAs, backups, ...system }));
  try {
    parseMap(stringify({ title: "Example", regions, systems }), rules);
    return [];
  } catch (error) {
    return (error as RingfenceError).problems.filter(
      ({ code, path }) => whole || code !== "MAP_MISSING_KEY" || !path.includes("endpoint"),
    );
  }
}

test.each(leakPaths)("what the page of %s shows can be copied into a map", (path) => {
  const examples = examplesOf(`${path}.md`);
  expect(examples.length).toBeGreaterThan(0);
  expect(examples.flatMap(problemsOf)).toEqual([]);
});

test.each(leakPaths)(
  "the page of %s says what is tried, what is proven, what is not, and how to point it",
  (path) => {
    const headings = readFileSync(join(folder, `${path}.md`), "utf8").match(/^## .*/gm) ?? [];
    for (const part of [/attempted/, /a pass proves/, /not prove/, /[Pp]oint(ing)? it at a real/, /Drills/])
      expect(
        headings.some((heading) => part.test(heading)),
        String(part),
      ).toBe(true);
  },
);

test("every leak path has a page, and no page is of another", () => {
  expect(readdirSync(folder).sort()).toEqual(leakPaths.map((path) => `${path}.md`).sort());
});
