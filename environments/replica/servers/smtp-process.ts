import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { text } from "node:stream/consumers";
import {
  type RelayOptions,
  type RelaySettings,
  startMailRelay,
} from "../../../fixtures/mail-relay/mail-relay.ts";

/** A host's relays, in one process. */
export type RelayJob = RelayOptions & { settings: RelaySettings };

const jobs = JSON.parse(await text(process.stdin)) as RelayJob[];
for (const { settings, ...options } of jobs) {
  await mkdir(dirname(options.settingsFile), { recursive: true });
  await writeFile(options.settingsFile, JSON.stringify(settings, null, 2));
  await startMailRelay(options);
}
process.stdout.write("listening\n");
