import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { homedir } from "node:os";
import { z } from "zod";
import type { NamedPlace } from "../core/journal.ts";
import type { Outcome } from "../core/vocabulary.ts";
import { canaryDigest } from "./canary.ts";
import { inside } from "./checks.ts";
import { defineProbe } from "./probe.ts";
import { distinct, placesIn } from "./settings-places.ts";
import { leafOf, readSettings, type Setting } from "./settings-text.ts";

const name = z.string().regex(/^[A-Za-z_][\w.-]*\*?$/, "a setting's name, or its beginning and *");

const SettingsEndpoint = z.strictObject({
  files: z
    .array(z.string().regex(/^(\/|~\/)./, "an absolute path, or one from ~/"))
    .max(50)
    .default([])
    .describe("Configuration as the workload reads it: NAME=value lines, JSON, YAML, or /proc/PID/environ"),
  environment: z
    .array(name)
    .default([])
    .describe("Variables of the process that looks, which has to be started with the workload's environment"),
  marker: name
    .default("RINGFENCE_CANARY")
    .describe("The setting that holds the region's canary, in every file and in the environment"),
  expects: z
    .array(name)
    .default([])
    .describe("Variables that the workload's SDKs read; what is not set is judged by the SDK's default"),
  ignore: z.array(name).default([]).describe("Settings that name no place, though they look like it"),
});
type SettingsEndpoint = z.infer<typeof SettingsEndpoint>;

/** Where a region's workload is told to send its data. Nothing is sent, and no value leaves but the hosts,
 *  regions and buckets in it. Codes of a file that cannot be read: Linux open(2). */
export const settings = defineProbe({
  kind: "settings",
  endpoint: SettingsEndpoint,
  stopBy: "name",
  checks: [
    {
      ...inside,
      probe: "settings",
      family: "wiring",
      looksFor: "settings",
      credentials: ["none"],
      proves: "no setting of the workload leads out of its region",
    },
  ],
  contact: (_, { vector }) => ({ host: vector.addressFamily === 4 ? "127.0.0.1" : "::1", port: 0 }),
  async run({ own }) {
    const sources = await Promise.all(own.files.map(settingsIn));
    if (own.environment.length > 0) sources.push(settingsOf(process.env, own));
    const canaries = sources.map((source) => markerIn(source, own.marker));
    if (sources.length === 0 || canaries.includes(undefined))
      return { outcome: { kind: "faulted", code: "MARKER_MISSING" } };
    const [canary] = canaries;
    const outcome: Outcome = { kind: "reached", rung: "data", ...(canary ? { canary } : {}) };
    const known = [...new Set(canaries.filter((one) => one !== undefined))];
    return { outcome, findings: { canaries: known, settings: placesOf(sources.flat(), own) } };
  },
  explain: (error) => ({ kind: "faulted", code: (error as NodeJS.ErrnoException).code ?? "UNKNOWN" }),
});

const longestFile = 1024 * 1024;

/** A pipe or a device has no end, and is not opened for long. */
async function settingsIn(file: string): Promise<Setting[]> {
  const path = file.replace(/^~/, process.env.HOME ?? homedir());
  await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if (!(await handle.stat()).isFile()) throw Object.assign(new Error("no file"), { code: "NOT_A_FILE" });
  const bytes = Buffer.alloc(longestFile + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null);
    length += bytesRead;
    if (bytesRead === 0) break;
    if (length > longestFile) throw Object.assign(new Error("too long"), { code: "SEARCH_TRUNCATED" });
  }
  return readSettings(bytes.toString("utf8", 0, length), path);
}

function settingsOf(environment: NodeJS.ProcessEnv, { environment: names, marker }: SettingsEndpoint) {
  return Object.entries(environment).flatMap(([key, value = ""]): Setting[] =>
    isNamed(key, [...names, marker]) ? [{ name: key, value }] : [],
  );
}

function markerIn(source: readonly Setting[], marker: string): string | undefined {
  return canaryDigest(source.find((setting) => leafOf(setting.name) === marker)?.value);
}

function placesOf(all: readonly Setting[], { marker, expects, ignore }: SettingsEndpoint): NamedPlace[] {
  const read = all.filter(
    (setting) => ![setting.name, leafOf(setting.name)].some((one) => isNamed(one, [marker, ...ignore])),
  );
  const set = new Set(all.filter(({ value }) => value.trim() !== "").map((setting) => leafOf(setting.name)));
  const unset = expects.filter((expected) => !set.has(expected));
  return distinct([
    ...read.flatMap(placesIn),
    ...unset.map((setting): NamedPlace => ({ what: "unset", setting })),
  ]);
}

function isNamed(given: string, names: readonly string[]): boolean {
  return names.some((one) => (one.endsWith("*") ? given.startsWith(one.slice(0, -1)) : given === one));
}
