import { parentPort, workerData } from "node:worker_threads";
import { loadProbes } from "../probes/catalog.ts";
import { type MapText, mapDigest } from "./replay.ts";

/** The thread in which a long residency map is read: it says the digest of what it read, or throws. */
parentPort?.postMessage(mapDigest(workerData as MapText, await loadProbes()));
