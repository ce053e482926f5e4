import { inspect } from "node:util";
import { RingfenceError } from "../core/errors.ts";
import { bold, red } from "./terminal.ts";
import { version } from "./version.ts";

interface Command {
  help: string;
  main(args: readonly string[], signal: AbortSignal): Promise<number>;
}

const commands: Record<string, { about: string; load: () => Promise<Command> }> = {
  run: {
    about: "prove the regions of a map, and write signed evidence",
    load: () => import("./commands/run.ts"),
  },
  plan: {
    about: "show what would be attempted, and what cannot be",
    load: () => import("./commands/plan.ts"),
  },
  verify: {
    about: "check a run's evidence offline, and replay every verdict",
    load: () => import("./commands/verify.ts"),
  },
  compare: {
    about: "what changed from one run to a later one",
    load: () => import("./commands/compare.ts"),
  },
  history: {
    about: "every run of a period, and whether the history of them holds",
    load: () => import("./commands/history.ts"),
  },
  kit: {
    about: "what an auditor needs of some runs, in one archive",
    load: () => import("./commands/kit.ts"),
  },
  canary: {
    about: "make up what to plant in a system of a real region",
    load: () => import("./commands/canary.ts"),
  },
  keygen: {
    about: "make a key that signs evidence, or its successor",
    load: () => import("./commands/keygen.ts"),
  },
  export: {
    about: "a run as PDF, workbook, CSV or SARIF",
    load: () => import("./commands/export.ts"),
  },
  drill: {
    about: "open holes on purpose, and show that each is found",
    load: () => import("./commands/drill.ts"),
  },
  vendors: {
    about: "what is known of the vendors that a map can name",
    load: () => import("./commands/vendors.ts"),
  },
  up: { about: "start a replica and hold it", load: () => import("./commands/up.ts") },
  shell: {
    about: "a shell inside a region of a replica that is up",
    load: () => import("./commands/shell.ts"),
  },
  doctor: {
    about: "what this machine can and cannot do, and the fix",
    load: () => import("./commands/doctor.ts"),
  },
};

const help = `ringfence ${version}: proves that a region's data cannot get out

${Object.entries(commands)
  .map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`)
  .join("\n")}

\`ringfence COMMAND --help\` explains each.
Exit: 0 pass, 1 breached, 2 inconclusive, 64 usage, 70 internal error.`;

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === "--version") return say(version);
  if (name === undefined || name === "--help" || name === "-h" || name === "help") return say(help);
  const command = commands[name];
  if (!command)
    throw new RingfenceError("USAGE", `there is no command "${name}"`, {
      fix: `use one of ${Object.keys(commands).join(", ")}`,
    });
  const loaded = await command.load();
  if (args.includes("--help") || args.includes("-h")) return say(loaded.help);
  return loaded.main(args, interruption());
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

/** The first Ctrl-C ends the work in order; the second ends the process. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => (controller.signal.aborted ? process.exit(70) : controller.abort(name)));
  }
  return controller.signal;
}

/** What failed first, and then what failed while cleaning up after it. */
function causesOf(cause: unknown): unknown[] {
  return cause instanceof SuppressedError
    ? [...causesOf(cause.suppressed), ...causesOf(cause.error)]
    : [cause];
}

const unprovenCodes = new Set([
  "INTERRUPTED",
  "RUNNER_UNAVAILABLE",
  "SIGNING_FAILED",
  "HISTORY_UNAVAILABLE",
  "HISTORY_INVALID",
]);
const usageCodes = new Set([
  "USAGE",
  "MAP_INVALID",
  "CONTROLS_INVALID",
  "TRUST_INVALID",
  "EVIDENCE_INVALID",
  "SIGNER_INVALID",
  "OUT_NOT_EMPTY",
  "STATE_INVALID",
  "RUNNERS_INVALID",
  "REPLICA_UNSUPPORTED",
]);

function report(error: unknown): number {
  if (error instanceof RingfenceError) {
    process.stderr.write(`${red(bold(error.code))}  ${error.message}\n${bold("fix")}  ${error.fix}\n`);
    if (error.code === "DRILL_FAILED")
      process.stderr.write(
        `${causesOf(error.cause)
          .map((cause) => inspect(cause))
          .join("\n")}\n`,
      );
    return unprovenCodes.has(error.code) ? 2 : usageCodes.has(error.code) ? 64 : 70;
  }
  process.stderr.write(`${red(bold("INTERNAL"))}  ${inspect(error)}\n`);
  return 70;
}

/** Whoever reads may stop reading (`| head`): what is done goes on, and its exit code is kept. Any other failure to
 *  write is told, for a full disk has not shown what was asked for. */
function onUnwritten(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") process.exit(report(error));
}

for (const stream of [process.stdout, process.stderr]) stream.on("error", onUnwritten);
// Node's own exit code for what nobody caught is 1, which means a breach here.
process.on("uncaughtException", (error) => process.exit(report(error)));

const exitCode = await main(process.argv.slice(2)).catch(report);
// Once everything written has left, or failed to: a pipe takes only so much at a time.
process.stdout.write("", () => setImmediate(() => process.exit(exitCode)));
