import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RingfenceError } from "../core/errors.ts";
import { readRun } from "./read-run.ts";
import { escapeMarkdown, markdownCode } from "./render/escape-markdown.ts";
import { signerEntries } from "./render/provenance.ts";
import { honestWords, regionGradeWords } from "./render/words.ts";
import { zip } from "./render/zip.ts";
import type { RunFolder } from "./run-folder.ts";

const kitReadMe = "READ-ME-FIRST.md";

/** A log's files by name, and the page of all its runs. */
export interface KitHistory {
  files: Readonly<Record<string, Buffer>>;
  page: string;
}

/** Everything an auditor needs of some runs and their history, with instructions, as one zip archive.
 *  `folders`: of runs, which stay as they are; each file has to be as it was when it was verified. `history`: null where
 *  none is kept. */
export function packKit(folders: readonly RunFolder[], history: KitHistory | null): Uint8Array {
  const runs = folders.map((folder) => ({ folder, ...readRun(folder.directory) }));
  const twice = runs.find(({ run }, index) => runs.findIndex((one) => one.run.runId === run.runId) < index);
  if (twice)
    throw new RingfenceError(
      "USAGE",
      `${twice.folder.directory} is of run ${twice.run.runId}, as another folder is`,
      {
        fix: "name one folder of each run",
      },
    );
  const files: Record<string, string | Uint8Array> = {
    [kitReadMe]: instructions(runs, history !== null),
    "verify.sh": readFileSync(join(import.meta.dirname, "verify.sh")),
  };
  for (const { folder, run } of runs) {
    for (const name of folder.names()) files[`runs/${run.runId}/${name}`] = folder.read(name);
  }
  for (const [name, content] of Object.entries(history?.files ?? {})) files[`history/${name}`] = content;
  if (history) files["history.html"] = history.page;
  return zip(files);
}

type KitRun = ReturnType<typeof readRun>;

function instructions(runs: readonly KitRun[], withHistory: boolean): string {
  // Most is read as it stands, so that only what needs it is escaped.
  const code = (text: string) => (/^[\w./| -]+$/.test(text) ? `\`${text}\`` : markdownCode(text));
  const lines = runs.map(
    ({ run }) =>
      `- ${code(`runs/${run.runId}`)}: ${regionGradeWords[run.grade].text}, ${escapeMarkdown(run.environment)} (${run.fidelity}), ${run.startedAt}${run.partial ? ", a part of the map only" : ""}`,
  );
  const signers = new Map(
    runs.flatMap(({ reports }) =>
      signerEntries(reports).map(({ name, texts }) => [`${name}: ${texts.join(", ")}`, { name, texts }]),
    ),
  );
  const attempts = runs.reduce(
    (sum, { reports }) => sum + reports.reduce((all, { counts }) => all + counts.planned, 0),
    0,
  );
  const [first = "", ...later] = runs.map(({ run }) => new Date(run.startedAt).toISOString()).sort();
  const last = later.at(-1) ?? first;
  return `# Evidence of isolation: how to check it

${honestWords(attempts, first, last)}

## What is here

${lines.join("\n")}
${withHistory ? `- ${code("history")}: the log of every run, failed ones too; ${code("history.html")} shows it\n` : ""}- ${code("verify.sh")}: checks a run with openssl, jq and sha256sum alone. It is in this kit, so read it before you run it.

Begin with ${code("report.html")} in a run's folder. ${code("population.xlsx")} has every attempt, to sample from.

## 1. Get the keys, from elsewhere

The folder ${code("keys")} of a run is a convenience: whoever made this kit could have changed it. Ask the owners of the regions, and whoever signs the verdicts, for their public keys or their fingerprints, by another way. These runs say that they were signed by:

${[...signers.values()].map(({ name, texts }) => `- ${escapeMarkdown(name)}: ${texts.map(code).join(", ")}`).join("\n")}

A key's fingerprint: ${code("openssl pkey -pubin -in KEY.pub.pem -outform DER | sha256sum")}

## 2. Check signatures and files, with stock tools

KEYS is your own folder with ${code("judge.pub.pem")} and a ${code("REGION.pub.pem")} of each region.

\`\`\`
${runs.map(({ run }) => `sh verify.sh KEYS runs/${run.runId}`).join("\n")}
\`\`\`

It says HOLDS, or what does not. With cosign 3.0.4 or later, for any statement:

\`\`\`
cosign verify-blob-attestation --bundle evidence.sigstore.json --key KEYS/judge.pub.pem --insecure-ignore-tlog \\
  --type https://in-toto.io/attestation/test-result/v0.1 report.html
\`\`\`

## 3. Judge again, with Ringfence

It plans the residency map again and works out every verdict from the observations. ${code("trust.yaml")} is your file over the keys of step 1; its form is in docs/verify-evidence.md of Ringfence ${escapeMarkdown(versionsOf(runs))}.

\`\`\`
${runs.map(({ run }) => `npm run -s ringfence -- verify runs/${run.runId} --trust trust.yaml`).join("\n")}
${withHistory ? "npm run -s ringfence -- history verify history --trust trust.yaml --runs runs\nnpm run -s ringfence -- history history --cadence 24h\n" : ""}\`\`\`
${withHistory ? "\nA log alone cannot show that its end was cut off: name a checkpoint that you kept yourself with `--checkpoint`.\n" : "\nThis kit holds no history: it does not show that these are all runs that were made.\n"}`;
}

function versionsOf(runs: readonly KitRun[]): string {
  return [...new Set(runs.flatMap(({ reports }) => reports.map(({ version }) => version)))].join(", ");
}
