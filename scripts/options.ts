import { parseArgs } from "node:util";
import { RingfenceError } from "../core/errors.ts";
import { type LeakPath, leakPaths } from "../core/vocabulary.ts";

type OptionSpec = Record<
  string,
  { type: "string" | "boolean"; multiple?: boolean; short?: string; mayBeEmpty?: boolean }
>;

export interface Parsed {
  text(name: string): string | undefined;
  texts(name: string): string[];
  flag(name: string): boolean;
  rest: string[];
}

/** Strict: an unknown option is an error that names the command's help. */
export function parseOptions(command: string, args: readonly string[], options: OptionSpec): Parsed {
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
    const once = tokens.flatMap((token) =>
      token.kind === "option" && !options[token.name]?.multiple ? token.name : [],
    );
    refuseTwice(command, once);
    const given = values as Record<string, string | boolean | (string | boolean)[] | undefined>;
    refuseEmpty(command, given, options);
    return {
      text: (name) => (typeof given[name] === "string" ? given[name] : undefined),
      texts: (name) => [given[name] ?? []].flat().map(String),
      flag: (name) => given[name] === true,
      rest: positionals,
    };
  } catch (cause) {
    if (cause instanceof RingfenceError) throw cause;
    throw usage(
      `${command}: ${(cause as Error).message.split(". ")[0]}`,
      `see \`ringfence ${command} --help\``,
    );
  }
}

/** Lets an option stand without a value; it is then given as the empty string. */
export function withOptionalValue(args: readonly string[], name: string): string[] {
  return args.map((arg, index) => {
    const next = args[index + 1];
    return arg === `--${name}` && (next === undefined || next.startsWith("-")) ? `--${name}=` : arg;
  });
}

/** An empty value comes from a variable that nobody set: to take it for an option left out would publish what was
 *  to be redacted, sign with another key, or record nothing. */
function refuseEmpty(command: string, given: Readonly<Record<string, unknown>>, options: OptionSpec): void {
  const empty = Object.keys(options).find(
    (name) => !options[name]?.mayBeEmpty && [given[name]].flat().includes(""),
  );
  if (empty) throw usage(`${command}: --${empty} is empty`, "give it a value, or leave it out");
}

/** Of two values that contradict each other, none is guessed at. */
function refuseTwice(command: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice) throw usage(`${command}: --${twice} is given twice`, "give it once");
}

export function usage(message: string, fix: string): RingfenceError {
  return new RingfenceError("USAGE", message, { fix });
}

/** Refuses positional arguments where a command takes none. */
export function takeNothing(command: string, { rest }: Parsed): void {
  if (rest.length > 0)
    throw usage(`${command}: unexpected "${rest[0]}"`, `see \`ringfence ${command} --help\``);
}

/** A pattern of leak paths and titles, refused where it is no regular expression. */
export function asPattern(option: string, given: string | undefined): string | undefined {
  try {
    new RegExp(given ?? "");
    return given;
  } catch (cause) {
    throw usage(
      `${option}: ${(cause as Error).message}`,
      "put a backslash before each of ( ) [ ] { } . * + ? ^ $ | that is meant as it stands",
    );
  }
}

export function asPaths(names: readonly string[], declared: readonly string[]): LeakPath[] {
  return names.map((name) => {
    if (!(leakPaths as readonly string[]).includes(name) || !declared.includes(name)) {
      throw usage(
        `--path: no system of the map is on the leak path "${name}"`,
        `use one of ${[...new Set(declared)].join(", ")}`,
      );
    }
    return name as LeakPath;
  });
}

export function asRegions(names: readonly string[], declared: readonly string[]): string[] {
  for (const name of names) {
    if (!declared.includes(name))
      throw usage(`--region: the map declares no region "${name}"`, `use one of ${declared.join(", ")}`);
  }
  return [...names];
}
