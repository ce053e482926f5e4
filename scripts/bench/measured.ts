import { spawnSync } from "node:child_process";
import { projectRoot, scriptArguments } from "../../environments/node-script.ts";

export interface Measured {
  wallMs: number;
  cpuMs: number;
  peakMiB: number;
  output: string;
}

/** In the process that is measured, when it ends. */
const report =
  'process.on("exit", () => process.stderr.write("\\nused " + JSON.stringify(process.resourceUsage()) + "\\n"))';

/** Runs one of our scripts in a process of its own. Throws unless it exits with 0. */
export function measured(script: string, args: readonly string[]): Measured {
  const hook = ["--import", `data:text/javascript,${encodeURIComponent(report)}`];
  const begun = performance.now();
  const done = spawnSync(process.execPath, [...hook, ...scriptArguments(script), ...args], {
    encoding: "utf8",
    cwd: projectRoot,
  });
  const wallMs = performance.now() - begun;
  const used = /^used (.*)$/m.exec(done.stderr)?.[1];
  if (done.status !== 0 || !used)
    throw new Error(`${script} ${args.join(" ")}\n${done.stdout}${done.stderr}`);
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(used) as NodeJS.ResourceUsage;
  return {
    wallMs,
    cpuMs: (userCPUTime + systemCPUTime) / 1000,
    peakMiB: maxRSS / 1024,
    output: done.stdout,
  };
}
