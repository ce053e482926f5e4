import { setInterval } from "node:timers";
import { loadProbes } from "../probes/catalog.ts";

/** Keeps a runner's container up until somebody observes from it, or asks whether it could. */
const probes = await loadProbes();
if (process.argv.includes("--check")) process.exit(probes.length > 0 ? 0 : 1);
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(0));
setInterval(() => {}, 3_600_000);
process.stdout.write("standing by\n");
