import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { residencySchemaText } from "../scripts/generate-schema.ts";
import { loadVendors } from "../vendors/catalogue.ts";

/** Each rule fails with the files that break it, and with the remedy. */

const root = join(import.meta.dirname, "..");
const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
});
const files = listed
  .toString()
  .split("\0")
  .filter((file) => file !== "" && existsSync(join(root, file)));
const textOf = (file: string) => readFileSync(join(root, file), "utf8");
const sources = files.filter((file) => /\.(ts|mjs|js)$/.test(file));
const tests = sources.filter((file) => file.endsWith(".test.ts"));

interface Import {
  from: string;
  to: string;
  /** Gone when it runs. */
  type: boolean;
}

const importing =
  /^(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"|^import\s*"([^"]+)"|\bimport\(\s*["`]([^"`]+)["`]/gm;

/** Every import outside test files; relative ones as paths from the root. */
const imports: Import[] = sources
  .filter((file) => !tests.includes(file))
  .flatMap((from) =>
    [...textOf(from).matchAll(importing)]
      .map(([text, whole, bare, lazy]) => ({ text, name: whole ?? bare ?? lazy ?? "" }))
      .map(({ text, name }) => ({
        from,
        to: name.startsWith(".") ? normalize(join(dirname(from), name)) : name,
        type: /^(import|export) type /.test(text),
      })),
  );

const isPackage = (to: string) =>
  !/^(attest|core|drills|environments|files|fixtures|observer|probes|reports|scripts|tests|vendors)\//.test(
    to,
  );
const within = (...folders: string[]) => {
  return (to: string) =>
    folders.some((folder) => (folder.endsWith(".ts") ? to === folder : to.startsWith(`${folder}/`)));
};

describe("imports go one way", () => {
  const inner = ["zod", "node:crypto", "node:net"];
  const rules: [folder: string, allowed: (to: string) => boolean, remedy: string][] = [
    [
      "core",
      (to) => inner.includes(to) || within("core")(to),
      "core is pure: hand in what it needs, or move the code outward",
    ],
    [
      "probes",
      (to) => isPackage(to) || within("core", "probes", "vendors")(to),
      "a probe knows its context only: pass it in through TryContext",
    ],
    [
      "observer",
      (to) => isPackage(to) || within("core", "probes", "observer")(to),
      "the observer knows no environment: let scripts join the two",
    ],
    [
      "drills",
      (to) => isPackage(to) || within("core", "drills")(to),
      "a drill knows its tools only: pass them in through DrillTools",
    ],
    [
      "environments",
      (to) =>
        isPackage(to) ||
        within("core", "files", "environments", "fixtures", "vendors", "probes/canary.ts")(to),
      "an environment knows no probe but the canary: move the shared code to core",
    ],
    [
      "reports",
      (to) => isPackage(to) || within("core", "attest", "files", "reports")(to),
      "a report reads what was written: let scripts hand it over",
    ],
    [
      "attest",
      (to) => isPackage(to) || within("core", "files", "attest")(to),
      "whoever signs knows no report: hand the statement in",
    ],
    [
      "files",
      (to) => isPackage(to) || within("core", "files")(to),
      "what reads files knows nothing of what is in them: pass the schema in",
    ],
    [
      "vendors",
      (to) => isPackage(to) || within("core", "files", "vendors")(to),
      "the catalogue knows its records only: hand it over where it is used",
    ],
    [
      "fixtures",
      (to) => isPackage(to) || within("fixtures")(to),
      "a fixture knows nothing of Ringfence: pass it options",
    ],
  ];
  test.each(rules)("from %s", (folder, allowed, remedy) => {
    const mine = imports.filter(({ from }) => from.startsWith(`${folder}/`));
    expect(mine.length, `no import of ${folder} was found: mend this test's pattern`).toBeGreaterThan(0);
    const wrong = mine.filter(({ to }) => !allowed(to)).map(({ from, to }) => `${from} imports ${to}`);
    expect(wrong, remedy).toEqual([]);
  });

  test("scripts are the outermost ring", () => {
    const wrong = imports.filter(
      ({ from, to }) => within("scripts")(to) && !within("scripts", "tests")(from),
    );
    expect(wrong, "move what is shared out of scripts").toEqual([]);
  });

  test("nothing that runs imports tests, or a builder of tests", () => {
    const builder = /(^|\/)(an?-[a-z-]+|testing)\.ts$/;
    const wrong = imports.filter(
      ({ from, to }) =>
        (within("tests")(to) && !within("tests")(from)) ||
        (builder.test(to) && !builder.test(from) && !within("tests")(from)),
    );
    expect(wrong, "only tests may build what tests need").toEqual([]);
  });

  test("every relative import names a file that exists", () => {
    const gone = imports.filter(
      ({ to }) => !isPackage(to) && !/\$\{/.test(to) && !existsSync(join(root, to)),
    );
    expect(gone, "correct the path; write the .ts").toEqual([]);
  });
});

describe("the runner's image", () => {
  const carried = textOf("environments/localstack/Dockerfile.dockerignore").split("\n");
  const isCarried = (file: string) =>
    carried.includes(`!${file}`) || carried.includes(`!${join(dirname(file), "*.ts")}`);
  // The catalogue of probes reads its folder.
  const roots = carried.filter((line) => /^!scripts\/.*\.ts$/.test(line)).map((line) => line.slice(1));
  const reached = new Set([...roots, ...imports.map(({ from }) => from).filter(within("probes"))]);
  for (const file of reached)
    for (const { from, to, type } of imports) if (from === file && !type && !isPackage(to)) reached.add(to);

  test("carries every file that its scripts import, lazily or not", () => {
    expect(reached.size).toBeGreaterThan(100);
    const left = [...reached].filter((file) => !isCarried(file));
    expect(left, "name its folder in Dockerfile.dockerignore and in source-digest.ts").toEqual([]);
  });

  test("carries every package that they import", () => {
    const gone = [...textOf("environments/localstack/Dockerfile").matchAll(/dependencies\.(\S+)/g)].map(
      ([, name]) => name,
    );
    expect(gone.length).toBeGreaterThan(0);
    const needed = imports.filter(({ from, to, type }) => reached.has(from) && !type && gone.includes(to));
    expect(needed, "leave it out of `npm pkg delete`").toEqual([]);
  });
});

test("the JSON Schema of the residency map is fresh", async () => {
  expect(textOf("core/residency-map.schema.json"), "run: node scripts/generate-schema.ts").toBe(
    await residencySchemaText(),
  );
});

test("no page keeps a list of vendors by hand, because it would go stale", () => {
  const vendors = loadVendors();
  const pages = files.filter((file) => file.endsWith(".md"));
  expect(textOf("docs/vendors.md")).toContain("ringfence -- vendors");
  const listing = pages.filter((file) => {
    const text = textOf(file);
    return vendors.filter(({ endpoints }) => endpoints.some(({ host }) => text.includes(host))).length > 5;
  });
  expect(listing, "point to `ringfence vendors` instead").toEqual([]);
});

describe("tests are whole", () => {
  test("none is singled out or left out, because green must mean all", () => {
    const left = tests.filter((file) =>
      /\b(describe|test|it)(\.\w+)*\.(only|skip|todo|skipIf|runIf)\b/.test(textOf(file)),
    );
    expect(left, "run it or remove it").toEqual([]);
  });

  test("none is retried to green", () => {
    const retried = [...tests, "vitest.config.ts"].filter((file) => /\bretry:\s*[1-9]/.test(textOf(file)));
    expect(retried, "find out why it fails").toEqual([]);
  });
});

test("dependencies have exact versions, because evidence names the code that made it", () => {
  const { dependencies, devDependencies } = JSON.parse(textOf("package.json")) as Record<
    string,
    Record<string, string>
  >;
  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
  );
  expect(loose, "write the version without ^ or ~").toEqual([]);
});

test("no file names a path of the machine it was written on", () => {
  const here = ["", "work", ""].join("/");
  const named = files.filter((file) => new RegExp(`(^|[\\s"'\`(=:])${here}`, "m").test(textOf(file)));
  expect(named, "name it relative to import.meta.dirname").toEqual([]);
});
