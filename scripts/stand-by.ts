import { parseZone, serveNames } from "../environments/name-server.ts";
import { loadProbes } from "../probes/catalog.ts";

/** Keeps a runner's container up until somebody observes from it. Where RINGFENCE_NAMES is set (lines as in
 *  /etc/hosts), it is the region's resolver, too: an engine's own does not know the other regions' names. */
const probes = await loadProbes();
if (process.argv.includes("--check")) process.exit(probes.length > 0 ? 0 : 1);
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(0));
const zone = parseZone(process.env.RINGFENCE_NAMES ?? "");
if (zone.size > 0) await serveNames({ address: "127.0.0.1", zone: () => zone });
setInterval(() => {}, 3_600_000);
process.stdout.write("standing by\n");
