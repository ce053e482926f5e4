import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Job } from "../observer/job.ts";
import { lineTo } from "../observer/line.ts";
import { Observer } from "../observer/observer.ts";
import { loadProbes } from "../probes/catalog.ts";

/** The one process of a region: reads its job from stdin, makes the attempts there, and writes its journal
 *  to stdout. It ends when its coordinator does. */
const input = createInterface({ input: process.stdin });
input.once("close", () => process.exit(70));
const [first] = (await once(input, "line")) as [string];
const job = JSON.parse(first) as Job;
const line = lineTo((text) => process.stdout.write(text), input);
await new Observer(job, await loadProbes(), line).observe();
process.exit(0);
