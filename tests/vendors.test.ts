import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { nearest } from "../core/nearest.ts";
import { Vendor } from "../core/vendors.ts";
import { projectRoot } from "../environments/node-script.ts";
import { vendorList, vendorPage } from "../scripts/vendor-text.ts";
import { wrap } from "../scripts/wrap.ts";
import { loadVendors } from "../vendors/catalogue.ts";
import { problemsOf } from "../vendors/catalogue-rules.ts";
import { ringfence } from "./held-replica.ts";

const all = loadVendors();
const tooWide = (text: string) => text.split("\n").filter((line) => line.length > 100);

describe("ringfence vendors", () => {
  test("lists every vendor under its leak path, with the default and the unverified marked", () => {
    const { exitCode, output } = ringfence(["vendors"]);
    expect(exitCode).toBe(0);
    for (const { id } of all) expect(output).toMatch(new RegExp(`^  ${id} `, "m"));
    expect(output).toMatch(/^llm\n {2}anthropic /m);
    expect(output).toMatch(/api\.openai\.com\*(?!\?)/);
    expect(output).toMatch(/hooks\.slack\.com\?/);
    expect(output).toContain(`${all.length} vendors, `);
  });

  test("shows a whole record by id or by name, with its notes and sources", () => {
    const { exitCode, output } = ringfence(["vendors", "SENTRY", "Amazon SES"]);
    expect(exitCode).toBe(0);
    for (const id of ["sentry", "amazon-ses"]) {
      const { sources, endpoints } = all.find((vendor) => vendor.id === id) as Vendor;
      for (const { host } of endpoints) expect(output).toContain(host);
      for (const source of sources) expect(output.replaceAll(/\n {4}/g, "")).toContain(source.split(" ")[0]);
    }
    expect(output).toContain("The host of events stands in the DSN");
    expect(output).toContain("SENTRY_URL  without it: sentry.io");
  });

  test("keeps to a leak path and to a jurisdiction", () => {
    const only = JSON.parse(
      ringfence(["vendors", "--json", "--path", "llm", "--jurisdiction", "eu"]).output,
    ) as Vendor[];
    expect(only.map(({ id }) => id)).toContain("openai");
    expect(new Set(only.map(({ path }) => path))).toEqual(new Set(["llm"]));
    expect(new Set(only.flatMap(({ endpoints }) => endpoints.map((one) => one.jurisdiction)))).toEqual(
      new Set(["EU"]),
    );
  });

  test("--json is the records as they are", () => {
    expect(JSON.parse(ringfence(["vendors", "--json"]).output)).toEqual(JSON.parse(JSON.stringify(all)));
  });

  test("says so where nothing is all of that", () => {
    expect(ringfence(["vendors", "slack", "--jurisdiction", "EU"])).toEqual({
      exitCode: 0,
      output: "no vendor of the catalogue is all of that\n",
    });
  });

  test.each([
    [["vendors", "datdog"], /no record of "datdog"/, /^fix {2}did you mean datadog\?/m],
    [["vendors", "bedrock"], /no record of "bedrock"/, /^fix {2}did you mean aws-bedrock\?/m],
    [["vendors", "xyzzyplugh"], /no record of "xyzzyplugh"/, /^fix {2}list them/m],
    [["vendors", "--path", "cache"], /--path: no vendor .* "cache"/, /^fix {2}use one of .*llm/m],
    [["vendors", "--jurisdiction", "DE"], /--jurisdiction: no vendor .* "DE"/, /^fix {2}use one of .*EU/m],
    [["vendors", "--region", "x"], /--region/, /^fix {2}see `ringfence vendors --help`/m],
  ])("%j is a usage error that says what to do", (args, message, fix) => {
    const { exitCode, output } = ringfence(args);
    expect(exitCode).toBe(64);
    expect(output).toMatch(message);
    expect(output).toMatch(fix);
  });

  test("fits a terminal of 100 columns", () => {
    expect(tooWide(vendorList(all))).toEqual([]);
    expect(tooWide(all.map(vendorPage).join("\n"))).toEqual([]);
    expect(tooWide(ringfence(["vendors", "--help"]).output)).toEqual([]);
  });
});

test("the record that docs/vendors.md shows is one that would be taken", () => {
  const page = readFileSync(join(projectRoot, "docs", "vendors.md"), "utf8");
  const shown = page.match(/```yaml\n(id: [\s\S]*?)```/)?.[1] ?? "";
  expect(problemsOf(Vendor.parse(parse(shown)))).toEqual([]);
});

test("wrapped text loses nothing, and no line is too wide", () => {
  const words = fc.array(fc.stringMatching(/^[a-z/.]{1,30}$/), { maxLength: 20 });
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 40 }), (list, width) => {
      const lines = wrap(list.join(" "), width);
      expect(lines.join("").replaceAll(" ", "")).toBe(list.join(""));
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    }),
  );
});

describe("what a word may have meant", () => {
  const ids = all.map(({ id }) => id);

  test("is the word itself where it is known, whatever its case", () => {
    fc.assert(fc.property(fc.constantFrom(...ids), (id) => nearest(id.toUpperCase(), ids).includes(id)));
  });

  test("is found in spite of one letter too few", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ids), fc.nat(), (id, at) => {
        const gap = at % id.length;
        return nearest(id.slice(0, gap) + id.slice(gap + 1), ids).includes(id);
      }),
    );
  });

  test("is nothing, rather than anything", () => {
    expect(nearest("q", ids)).toEqual([]);
    expect(nearest("", ids)).toEqual([]);
  });
});
