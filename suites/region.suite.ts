import { afterAll, beforeAll, inject } from "vitest";
import { loadProbes } from "../probes/catalog.ts";
import { setObserver } from "./current.ts";
import { channelLine } from "./line.ts";
import { Observer } from "./observer.ts";

const job = inject("job");
const observer = new Observer(job, await loadProbes(), channelLine());
setObserver(observer);

/** Generous: a control waits for its own deadline, and a barrier for the slowest region. */
const hookTimeoutMs = 180_000;

if (observer.isChosen()) {
  beforeAll(() => observer.controlsBefore(), hookTimeoutMs);
  afterAll(() => observer.controlsAfter(), hookTimeoutMs);
} else {
  // None of its own attempts were asked for, so Vitest would not run the hooks; the others need its controls.
  await observer.controlsBefore();
  await observer.controlsAfter();
}

// One file, so that all paths are attempted at once. A suite that cannot be loaded leaves its attempts
// unobserved, which the judge calls inconclusive.
for (const path of job.plan.scope.paths) {
  await import(/* @vite-ignore */ `${import.meta.dirname}/${path}.ts`).catch((error: unknown) => {
    console.error(`the suite of ${path} could not be loaded: ${String(error)}`);
  });
}
