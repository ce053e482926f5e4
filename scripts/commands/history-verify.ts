import { readFileSync } from "node:fs";
import { openStore } from "../../attest/history/store.ts";
import type { Held } from "../../attest/history/verify-checkpoints.ts";
import { verifyLog } from "../../attest/history/verify-log.ts";
import { readTrust } from "../../attest/trust.ts";
import { counted } from "../../reports/render/words.ts";
import { verifyRuns } from "../../reports/verify-runs.ts";
import { parseOptions, usage } from "../options.ts";
import { bold, green, plain, red } from "../terminal.ts";

export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions("history", args, {
    trust: { type: "string" },
    checkpoint: { type: "string", multiple: true },
    runs: { type: "string", multiple: true },
  });
  const [place, ...more] = options.rest;
  if (!place || more.length > 0)
    throw usage(
      "history verify: one history is verified",
      "name it, and repeat --checkpoint and --runs for more than one",
    );
  const trusted = options.text("trust");
  if (!trusted)
    throw usage(
      "history verify: no trust file was named",
      "name with --trust a file over the keys that their owners gave you",
    );
  const trust = readTrust(trusted);
  const held = options.texts("checkpoint").map(heldIn);
  using store = await openStore(place);
  const { problems, notes, log, checked } = await verifyLog(store, { trust, held });
  const runs = verifyRuns(options.texts("runs"), log);
  const all = [...problems, ...runs.problems];
  for (const problem of all) process.stdout.write(`${red("✕")} ${plain(problem)}\n`);
  for (const note of [...notes, ...runs.notes]) process.stdout.write(`${plain(note)}\n`);
  const done = [
    counted(checked.records, "record"),
    counted(checked.checkpoints, "checkpoint"),
    ...(held.length > 0 ? [`${counted(checked.held, "checkpoint")} held elsewhere`] : []),
    ...(options.texts("runs").length > 0 ? [`${counted(runs.held, "folder")} of runs`] : []),
  ].join(", ");
  process.stdout.write(
    all.length === 0
      ? `${green("✓")} ${bold(`the history ${plain(log.origin)} holds`)}: ${done}\n${unseen(held.length)}`
      : `${red(bold("the history does not hold"))}: ${counted(all.length, "problem")}; ${done}\n`,
  );
  return all.length === 0 ? 0 : 1;
}

/** A log alone cannot show that its end was cut off, or that it is the clean one of two. */
function unseen(held: number): string {
  return held > 0
    ? ""
    : "No checkpoint from elsewhere was named (--checkpoint): a log whose end was cut off holds as well.\n";
}

function heldIn(name: string): Held {
  try {
    return { name, note: readFileSync(name, "utf8") };
  } catch (cause) {
    throw usage(
      `--checkpoint: ${name} cannot be read: ${(cause as Error).message}`,
      "name a file that you kept",
    );
  }
}
