import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import {
  type RelayOptions,
  type RelaySettings,
  startMailRelay,
} from "../../../fixtures/mail-relay/mail-relay.ts";
import { takeJob } from "../host-jobs.ts";

/** A host's relays. */
export type RelayJob = RelayOptions & { settings: RelaySettings };

const jobs = takeJob<RelayJob[]>(import.meta.filename);
for (const { settings, ...options } of jobs) {
  await mkdir(dirname(options.settingsFile), { recursive: true });
  await writeFile(options.settingsFile, JSON.stringify(settings, null, 2));
  await startMailRelay(options);
}
