import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { parseMap } from "../../environments/map-file.ts";
import { loadProbes } from "../../probes/catalog.ts";
import type { TrustedKey } from "../../reports/bundle.ts";
import { readPublicKey } from "../../reports/keys.ts";
import { verifyEvidence } from "../../reports/verify.ts";
import { parseOptions, usage } from "../options.ts";
import { planFor } from "../planning.ts";
import { bold, green, plain, red } from "../terminal.ts";

export const help = `ringfence verify DIR --key FILE…: checks a run's evidence offline

  DIR             a folder that \`ringfence run\` wrote
  --key FILE      a public key (PEM) that you trust, from a source other than DIR; may be repeated.
                  A file named REGION.pub.pem may sign for that region only

Checks every signature against the given keys, the digest of every file, the hash chain of every journal,
and replays the plan and every verdict from the observations.

Exit: 0 everything holds, 1 something does not, 64 usage.`;

export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions("verify", args, { key: { type: "string", multiple: true } });
  const [directory, ...more] = options.rest;
  if (!directory || !existsSync(join(directory, "run.json"))) {
    throw usage(
      `verify: ${directory ? `${directory} holds no run` : "no folder was named"}`,
      "name the folder that `ringfence run` wrote",
    );
  }
  // `--key A B C`: what a shell makes of `--key keys/*`.
  const files = [...options.texts("key"), ...more];
  if (options.texts("key").length === 0) {
    throw usage(
      "verify: no trusted key was named",
      "name with --key the public keys that the regions' owners gave you; keys inside the folder prove nothing",
    );
  }
  const kinds = await loadProbes();
  const verification = await verifyEvidence(directory, files.map(trustedKey), {
    parseMap: (text, today) => parseMap(text, { kinds, today, file: "residency.yaml" }),
    plan: (map, scope) => planFor(map, kinds, scope),
  });
  const { checked, problems, run } = verification;
  for (const problem of problems) process.stdout.write(`${red("✕")} ${plain(problem)}\n`);
  const counted = `${checked.signatures} signatures, ${checked.files} file digests, ${checked.observations} observations, ${checked.verdicts} verdicts replayed`;
  process.stdout.write(
    problems.length === 0
      ? `${green("✓")} ${bold(`the evidence of run ${run?.runId} holds`)}: ${counted}. Its grade is ${run?.grade}.\n`
      : `${red(bold("the evidence does not hold"))}: ${problems.length} problems; ${counted}\n`,
  );
  return problems.length === 0 ? 0 : 1;
}

function trustedKey(file: string): TrustedKey {
  const region = /^(.+)\.pub\.pem$/.exec(basename(file))?.[1];
  return { ...readPublicKey(file), ...(region ? { region } : {}) };
}
