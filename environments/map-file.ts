import { readFileSync } from "node:fs";
import { type Alias, type Document, isNode, LineCounter, parseDocument, visit } from "yaml";
import { describeProblem, type Problem, RingfenceError, whyUnreadable } from "../core/errors.ts";
import type { MapRules } from "../core/map-meaning.ts";
import { checkMap } from "../core/map-problems.ts";
import type { ResidencyMap } from "../core/residency-map.ts";
import { loadVendors } from "../vendors/catalogue.ts";

export interface MapFile {
  file: string;
  text: string;
  map: ResidencyMap;
}

/** Reads and checks a residency map (YAML 1.2). Throws MAP_INVALID with every problem, each with its line. */
export function readMapFile(file: string, options: MapRules): MapFile {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new RingfenceError(
      "MAP_INVALID",
      `cannot read the residency map ${file}: ${whyUnreadable(cause)}`,
      {
        cause,
        fix: "name an existing file with --map",
      },
    );
  }
  const vendors = loadVendors().map(({ id }) => id);
  return { file, text, map: parseMap(text, { vendors, ...options, file }) };
}

/** What follows the first errors of a file that is not YAML follows from them. */
const shownErrors = 3;

export function parseMap(text: string, { file, ...rules }: MapRules & { file: string }): ResidencyMap {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: "error", prettyErrors: false });
  const broken = document.errors.slice(0, shownErrors).map(
    (error): Problem => ({
      code: "MAP_NOT_YAML",
      file,
      line: lines.linePos(error.pos[0]).line,
      path: "(file)",
      expected: "YAML",
      got: error.message,
      fix: yamlFixes[error.code] ?? "correct the line",
    }),
  );
  if (broken.length > 0) throw invalid(file, broken);
  const checked = checkMap(plainValue(document, { file, lines }), rules);
  if (checked.map) return checked.map;
  throw invalid(
    file,
    checked.problems
      .map((problem) => ({ ...problem, file, line: lineOf(problem.path), path: pathText(problem.path) }))
      .sort((a, b) => a.line - b.line),
  );

  /** The line of a value, or of the nearest thing around it that is there. */
  function lineOf(path: readonly (string | number)[]): number {
    for (let depth = path.length; depth > 0; depth--) {
      const around = document.getIn(path.slice(0, depth - 1), true);
      const key = path[depth - 1];
      const pair = isMapLike(around)
        ? around.items.find((item) => String(item.key) === String(key))
        : undefined;
      const node = pair?.key ?? document.getIn(path.slice(0, depth), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  }
}

const yamlFixes: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "indent with spaces",
  MULTIPLE_DOCS: "keep one map in the file, and remove the line ---",
  DUPLICATE_KEY: "keep one of the two, or rename one",
};

/** The document as plain data. YAML can say what a map cannot be: an alias of nothing, or of itself. */
function plainValue(document: Document, { file, lines }: { file: string; lines: LineCounter }): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
    JSON.stringify(value);
    return value;
  } catch (cause) {
    const problem: Problem = {
      code: "MAP_NOT_YAML",
      file,
      line: lines.linePos(suspectAlias(document)?.range?.[0] ?? 0).line || 1,
      path: "(file)",
      expected: "plain data",
      got: `an alias that leads nowhere, to itself, or too far (${(cause as Error).name})`,
      fix: "write the value out instead of referring to it with *",
    };
    throw invalid(file, [problem]);
  }
}

/** The first alias that leads nowhere, or else the first. */
function suspectAlias(document: Document): Alias | undefined {
  const aliases: Alias[] = [];
  visit(document, { Alias: (_key, alias) => void aliases.push(alias) });
  return aliases.find((alias) => !alias.resolve(document)) ?? aliases[0];
}

function isMapLike(value: unknown): value is { items: { key: unknown }[] } {
  return (
    isNode(value) &&
    "items" in value &&
    Array.isArray(value.items) &&
    value.items.every((item) => item !== null && typeof item === "object" && "key" in item)
  );
}

function pathText(path: readonly (string | number)[]): string {
  return (
    path
      .map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`))
      .join("") || "(file)"
  );
}

function invalid(file: string, problems: readonly Problem[]): RingfenceError {
  const count = problems.length === 1 ? "one problem" : `${problems.length} problems`;
  return new RingfenceError(
    "MAP_INVALID",
    `${count} in the residency map ${file}\n\n${problems.map(describeProblem).join("\n\n")}`,
    {
      fix: "correct the map; docs/residency-map.md explains every key",
      problems,
    },
  );
}
