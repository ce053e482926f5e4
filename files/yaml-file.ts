import { readFileSync } from "node:fs";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { type ErrorCode, RingfenceError, whyUnreadable } from "../core/errors.ts";

export interface YamlKind<T> {
  schema: z.ZodType<T>;
  code: ErrorCode;
  /** What a file is not, when it is wrong: "is no vendor record". */
  wrong: string;
  fix: string;
}

/** Reads and checks a YAML file. Throws the kind's code; the message names the file, and the line or keys. */
export function readYamlFile<T>(file: string, kind: YamlKind<T>): { text: string; value: T } {
  const text = attempt(
    () => readFileSync(file, "utf8"),
    (cause) => yamlProblem(file, kind, `it cannot be read: ${whyUnreadable(cause)}`, cause),
  );
  const plain: unknown = attempt(
    () => parse(text, { logLevel: "error" }),
    (cause) => {
      const line = cause instanceof YAMLParseError ? cause.linePos?.[0].line : undefined;
      const where = line === undefined ? "it is not YAML" : `it is not YAML at line ${line}`;
      return yamlProblem(file, kind, where, cause);
    },
  );
  const parsed = kind.schema.safeParse(plain);
  if (!parsed.success) throw yamlProblem(file, kind, z.prettifyError(parsed.error));
  return { text, value: parsed.data };
}

/** The problem may quote the file, and ends on a terminal. */
export function yamlProblem(
  file: string,
  { code, wrong, fix }: Omit<YamlKind<unknown>, "schema">,
  problem: string,
  cause?: unknown,
): RingfenceError {
  const legible = problem.replace(/[^\P{C}\n]/gu, "");
  return new RingfenceError(code, `${file} ${wrong}:\n${legible}`, {
    ...(cause === undefined ? {} : { cause }),
    fix,
  });
}

function attempt<T>(read: () => T, problem: (cause: unknown) => RingfenceError): T {
  try {
    return read();
  } catch (cause) {
    throw problem(cause);
  }
}
