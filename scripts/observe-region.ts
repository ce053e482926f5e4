import { once } from "node:events";
import { createInterface } from "node:readline";
import { projectRoot } from "../environments/node-script.ts";
import { loadProbes } from "../probes/catalog.ts";
import { channelName, type FromRegion, type Job, type ToRegion } from "../suites/job.ts";
import { channelLine } from "../suites/line.ts";
import { Observer } from "../suites/observer.ts";

/** The one process of a region: reads its job from stdin, runs the suites there, and writes its journal
 *  to stdout. It ends when its coordinator does. */
const lines = createInterface({ input: process.stdin });
lines.once("close", () => process.exit(70));
const [first] = (await once(lines, "line")) as [string];
const job = JSON.parse(first) as Job;

const channel = new BroadcastChannel(channelName);
channel.onmessage = ({ data }: MessageEvent<FromRegion | ToRegion>) => {
  if (data.type !== "go") process.stdout.write(`${JSON.stringify(data)}\n`);
};
lines.on("line", (line) => channel.postMessage(JSON.parse(line) as ToRegion));

if (!job.plan.items.some(({ role, from }) => role === "attempt" && from.region === job.region)) {
  // Who stands outside, or was asked for nothing, has controls for the others to rest on, and no tests.
  const observer = new Observer(job, await loadProbes(), channelLine());
  await observer.controlsBefore();
  await observer.controlsAfter();
  process.exit(0);
}

const { startVitest } = await import("vitest/node");
const vitest = await startVitest("test", [], {
  root: projectRoot,
  config: false,
  include: ["suites/region.suite.ts"],
  watch: false,
  pool: "threads",
  isolate: false,
  maxWorkers: 1,
  maxConcurrency: 1_000_000,
  cache: false,
  reporters: [{}],
  provide: { job },
  ...(job.only ? { testNamePattern: job.only } : {}),
});
await vitest.close();
process.exit(0);
