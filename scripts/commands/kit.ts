import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { readTrust, type Trust } from "../../attest/trust.ts";
import { RingfenceError } from "../../core/errors.ts";
import { loadProbes } from "../../probes/catalog.ts";
import { type KitHistory, packKit } from "../../reports/kit.ts";
import { requireRoom } from "../../reports/render/zip.ts";
import { RunFolder } from "../../reports/run-folder.ts";
import { verifyEvidence } from "../../reports/verify.ts";
import { isWithin } from "../is-within.ts";
import { type Parsed, parseOptions, usage } from "../options.ts";
import { asCadence } from "../period.ts";
import { replayOf } from "../planning.ts";
import { bold, green, plain } from "../terminal.ts";
import { writeWhole } from "../write-whole.ts";

export const help = `ringfence kit RUN… --trust FILE --out KIT.zip: packs what an auditor needs into one archive

  RUN             a folder that \`ringfence run\` wrote; several, for several runs
  --trust FILE    as for \`verify\`. Whatever does not hold by it is not packed
  --history STORE the log that the runs are in, which goes along, with a page of it
  --cadence 24h   how often a whole run of each region was promised: that page then names the gaps
  --out KIT.zip   a new file

In it: the runs' folders as they are, the log, verify.sh, and READ-ME-FIRST.md, which says how to check all of it
without Ringfence and with it. The trust file stays with you: who receives the kit gets the keys from elsewhere.

Exit: 0 packed, 64 usage, or something does not hold.`;

export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions("kit", args, {
    trust: { type: "string" },
    history: { type: "string" },
    cadence: { type: "string" },
    out: { type: "string" },
  });
  const runs = options.rest;
  const missing = runs.find((directory) => !existsSync(join(directory, "run.json")));
  if (runs.length === 0 || missing !== undefined)
    throw usage(
      `kit: ${missing === undefined ? "no run was named" : `${missing} holds no run`}`,
      "name folders that `ringfence run` wrote",
    );
  const out = needed(options, "out", "name the file to make, such as kit.zip");
  if (existsSync(out)) throw usage(`kit: ${out} is there already`, "name a new file with --out");
  const place = options.text("history");
  const spoiled = [...runs, ...(place === undefined ? [] : [place])].find((one) => isWithin(one, out));
  if (spoiled !== undefined)
    throw usage(
      `kit: --out: ${out} is in ${spoiled}, where nobody signed for it`,
      "name a file elsewhere with --out",
    );
  const cadenceMs = asCadence(options.text("cadence"));
  if (cadenceMs !== null && place === undefined)
    throw usage("kit: --cadence is asked of a history", "name it with --history STORE");
  const trust = readTrust(needed(options, "trust", "name a file over the keys of whoever signs"));
  const folders = runs.map((directory) => new RunFolder(directory));
  requireRoom(folders.reduce((sum, folder) => sum + folder.names().length, 0));
  for (const folder of folders) await requireHolding(folder, trust);
  const archive = packKit(
    folders,
    place === undefined ? null : await historyOf(place, { runs, trust, cadenceMs }),
  );
  writeWhole(out, archive, { option: "kit: --out" });
  const size = (statSync(out).size / 1024 / 1024).toFixed(1);
  process.stdout.write(`${green("✓")} ${bold(plain(out))}: ${runs.length} verified, packed; ${size} MB\n`);
  return 0;
}

function needed(options: Parsed, name: string, fix: string): string {
  const value = options.text(name);
  if (!value) throw usage(`kit: no --${name}`, fix);
  return value;
}

async function requireHolding(folder: RunFolder, trust: Trust): Promise<void> {
  const { problems } = await verifyEvidence(folder, trust, replayOf(await loadProbes()));
  if (problems.length > 0) throw doesNotHold(folder.directory, problems);
}

async function historyOf(
  place: string,
  { runs, trust, cadenceMs }: { runs: readonly string[]; trust: Trust; cadenceMs: number | null },
): Promise<KitHistory> {
  const { openStore } = await import("../../attest/history/store.ts");
  const { historyForKit } = await import("../../reports/kit-history.ts");
  using store = await openStore(place);
  const history = await historyForKit(store, { runs, trust, cadenceMs });
  if ("problems" in history) throw doesNotHold(place, history.problems);
  return history;
}

function doesNotHold(what: string, problems: readonly string[]): RingfenceError {
  const shown = problems.slice(0, 5).map((problem) => `  ${plain(problem)}`);
  return new RingfenceError("EVIDENCE_INVALID", `${what} does not hold:\n${shown.join("\n")}`, {
    fix: "see `ringfence verify`; nothing was packed",
  });
}
