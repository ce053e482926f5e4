import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openSigningKey } from "../../attest/keys.ts";
import { type EvidenceSigner, localSigner } from "../../attest/signer.ts";
import { judgeRole, readTrust, type Trust } from "../../attest/trust.ts";
import { commandLine, projectRoot } from "../../environments/node-script.ts";
import { keysFolder } from "../../reports/evidence.ts";
import type { Replay } from "../../reports/verify-replay.ts";
import type { Dice } from "./dice.ts";
import { type Files, filesIn } from "./sweep.ts";
import { environment, type Template, templateOf, writeRun } from "./write-run.ts";

export interface Basis {
  /** A real run's folder. */
  run: string;
  regions: string[];
  template: Template;
  /** Of another run by the same keys. */
  older: Files;
  /** Kept away from the run. */
  trust: Trust;
  signers: Record<string, EvidenceSigner>;
  history: string;
  /** The folders of its runs, the real one among them. */
  runs: string[];
  rewritten: Files;
  foreign: { files: Files; run: string };
}

/** A real run of one path in the replica, in a history with runs that are made of its journals. */
export async function makeBasis(folder: string, replay: Replay, dice: Dice): Promise<Basis> {
  const [run, keys, history] = ["run", "keys", "history"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  realRun({ run, keys, history });
  const trusted = join(folder, "trust");
  cpSync(join(run, keysFolder), trusted, { recursive: true });
  const template = templateOf(run, replay);
  const regions = template.plan.scope.regions;
  const other = async (name: string, store: string, ending: "as it was" | "reached" = "as it was") => {
    const directory = join(folder, name);
    mkdirSync(directory);
    await writeRun(template, { directory, keys, ending, dice, history: store });
    return directory;
  };
  const second = join(folder, "rewritten");
  cpSync(history, second, { recursive: true });
  const runs = [
    run,
    await other("run-2", history, "reached"),
    await other("run-3", history),
    await other("run-4", history),
  ];
  for (const name of ["clean-2", "clean-3", "clean-4"]) await other(name, second);
  const third = join(folder, "foreign");
  const foreignRuns = [];
  for (const name of ["foreign-1", "foreign-2", "foreign-3", "foreign-4"])
    foreignRuns.push(await other(name, third));
  const signers = Object.fromEntries(
    [judgeRole, ...Object.keys(template.entries)].map((role) => [
      role,
      localSigner(openSigningKey(keys, { environment, role })),
    ]),
  );
  return {
    ...{ run, regions, template, signers, history, runs },
    older: filesIn(runs[2] as string),
    trust: readTrust(join(trusted, "trust.yaml")),
    rewritten: filesIn(second),
    foreign: { files: filesIn(third), run: foreignRuns[0] as string },
  };
}

function realRun({ run, keys, history }: { run: string; keys: string; history: string }): void {
  const done = spawnSync(
    process.execPath,
    [commandLine, "run", "--path", "cache", "--out", run, "--history", history],
    { encoding: "utf8", cwd: projectRoot, env: { ...process.env, RINGFENCE_KEYS: keys }, timeout: 240_000 },
  );
  // A busy machine makes a run inconclusive; its evidence has to hold all the same.
  if (done.status !== 0 && done.status !== 2)
    throw new Error(`the run that is to be attacked could not be made:\n${done.stdout}${done.stderr}`);
  readFileSync(join(run, "run.json"));
}
