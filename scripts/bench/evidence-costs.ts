import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandLine, projectRoot } from "../../environments/node-script.ts";
import type { WrittenEstate } from "./estate.ts";
import { type Measured, measured } from "./measured.ts";
import { pageTimes } from "./page-times.ts";

/** What the evidence of a made-up run costs: the sample map's, or that of one with many copies of its systems. */
export async function evidenceCosts(name: string, copies: number): Promise<string[][]> {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-bench-"));
  const directory = join(folder, "run");
  try {
    const writing = measured(join(projectRoot, "scripts", "bench", "write-estate.ts"), [
      directory,
      String(copies),
    ]);
    const written = JSON.parse(writing.output) as WrittenEstate;
    if (written.grade !== "pass") throw new Error(`the made-up run is ${written.grade}`);
    const trust = join(directory, "keys", "trust.yaml");
    const verifying = measured(commandLine, ["verify", directory, "--trust", trust]);
    const pages = written.regions.map((region) => join(directory, region, "report.html"));
    const largest = pages.reduce((a, b) => (statSync(a).size >= statSync(b).size ? a : b));
    const { openMs, checkMs, filterMs } = await pageTimes(largest);
    return [
      [`${name}, attempts`, written.attempts.toLocaleString("en-US")],
      ["  judge", seconds(written.judgeMs)],
      ["  render, sign and write", `${seconds(written.writeMs)}, ${mebibytes(writing)} at most`],
      [
        "  verify, in a process of its own",
        `${seconds(verifying.wallMs)} (${seconds(verifying.cpuMs)} of a CPU), ${mebibytes(verifying)} at most`,
      ],
      ["  largest page", `${(statSync(largest).size / 1e6).toFixed(1)} MB`],
      ["  opened, checked, filtered", [openMs, checkMs, filterMs].map(seconds).join(", ")],
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function mebibytes({ peakMiB }: Measured): string {
  return `${Math.round(peakMiB)} MiB`;
}
