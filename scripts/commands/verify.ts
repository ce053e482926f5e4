import { existsSync } from "node:fs";
import { join } from "node:path";
import { readTrust } from "../../attest/trust.ts";
import { loadProbes } from "../../probes/catalog.ts";
import type { RunSummary } from "../../reports/report.ts";
import { verifyEvidence } from "../../reports/verify.ts";
import { parseOptions, usage } from "../options.ts";
import { replayOf } from "../planning.ts";
import { bold, green, plain, red } from "../terminal.ts";

export const help = `ringfence verify DIR --trust FILE: checks a run's evidence offline

  DIR             a folder that \`ringfence run\` wrote
  --trust FILE    whose signature counts for which region, and for the verdicts (YAML, see
                  docs/verify-evidence.md), from a source other than DIR

Checks every signature against the trust file, the digest of every file, the hash chain of every journal,
and replays the plan and every verdict from the observations.

Exit: 0 everything holds, 1 something does not, 64 usage.`;

export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions("verify", args, { trust: { type: "string" } });
  const [directory, ...more] = options.rest;
  if (!directory || !existsSync(join(directory, "run.json"))) {
    throw usage(
      `verify: ${directory ? `${directory} holds no run` : "no folder was named"}`,
      "name the folder that `ringfence run` wrote",
    );
  }
  if (more.length > 0) throw usage(`verify: unexpected "${more[0]}"`, "name one folder");
  const trusted = options.text("trust");
  if (!trusted) {
    throw usage(
      "verify: no trust file was named",
      "name with --trust a file over the keys that their owners gave you; what lies in the folder proves nothing",
    );
  }
  const verification = await verifyEvidence(directory, readTrust(trusted), replayOf(await loadProbes()));
  const { checked, problems, notes, run } = verification;
  for (const problem of problems) process.stdout.write(`${red("✕")} ${plain(problem)}\n`);
  for (const note of notes) process.stdout.write(`${plain(note)}\n`);
  const counted = `${checked.signatures} signatures, ${checked.files} file digests, ${checked.observations} observations, ${checked.verdicts} verdicts replayed`;
  process.stdout.write(
    problems.length === 0
      ? `${green("✓")} ${bold(`the evidence of run ${run?.runId} holds`)}: ${counted}. Its grade is ${run?.grade}${limitsOf(run)}.\n`
      : `${red(bold("the evidence does not hold"))}: ${problems.length} problems; ${counted}\n`,
  );
  return problems.length === 0 ? 0 : 1;
}

/** What makes a grade say less. */
function limitsOf(run: RunSummary | null): string {
  const of = [
    ...(run?.fidelity === "replica" ? ["of a replica, not of real borders"] : []),
    ...(run?.partial ? ["of a part of the map only"] : []),
  ];
  return of.map((limit) => `, ${limit}`).join("");
}
