/** What one bad line of input is: where, what was expected, what stood there, what to do. */
export interface Problem {
  code: string;
  file?: string;
  line?: number;
  path: string;
  expected: string;
  got: string;
  fix: string;
}

export type ErrorCode =
  | "MAP_INVALID"
  | "PLAN_INVALID"
  | "JOURNAL_INVALID"
  | "EVIDENCE_INVALID"
  | "SIGNER_INVALID"
  | "SIGNING_FAILED"
  | "USAGE"
  | "INTERRUPTED"
  | "OUT_NOT_EMPTY"
  | "REPLICA_UNSUPPORTED"
  | "REPLICA_FAILED"
  | "STATE_INVALID"
  | "RUNNERS_INVALID"
  | "RUNNER_UNAVAILABLE"
  | "CREDENTIAL_MISSING"
  | "PROBE_MISUSE"
  | "DRILL_FAILED"
  | "VENDOR_INVALID"
  | "CONTROLS_INVALID"
  | "TRUST_INVALID"
  | "HISTORY_UNAVAILABLE"
  | "HISTORY_INVALID";

/** Every error a person can cause carries a closed code, and the way out of it. */
export class RingfenceError extends Error {
  readonly code: ErrorCode;
  readonly fix: string;
  readonly problems: readonly Problem[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { fix: string; cause?: unknown; problems?: readonly Problem[] },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RingfenceError";
    this.code = code;
    this.fix = options.fix;
    this.problems = options.problems ?? [];
  }
}

export function describeProblem(problem: Problem): string {
  const place = [problem.file, problem.line].filter((part) => part !== undefined).join(":");
  return [
    `${place}${place ? "  " : ""}${problem.path}  ${problem.code}`,
    `  expected  ${problem.expected}`,
    `  got       ${problem.got}`,
    `  fix       ${problem.fix}`,
  ].join("\n");
}

/** Why a file could not be read, in words: nobody should have to know errno(3). */
export function whyUnreadable(cause: unknown): string {
  const code = (cause as { code?: string }).code ?? "unknown";
  return unreadable[code] ?? code;
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "this user may not read it",
};

export function assertNever(value: never): never {
  throw new TypeError(`unexpected value: ${JSON.stringify(value)}`);
}
