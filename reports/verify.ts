import { journalName } from "../attest/observed-statement.ts";
import type { Trust } from "../attest/trust.ts";
import { readJournal } from "../core/journal.ts";
import { observersOf } from "../core/plan.ts";
import { RunSummary } from "./report.ts";
import { RunFolder } from "./run-folder.ts";
import { readStoredReport, type StoredReport } from "./stored-report.ts";
import { type Replay, replayMap, replayPlan, replayVerdicts } from "./verify-replay.ts";
import { openRunStatement, openStatements } from "./verify-statements.ts";

export interface Verification {
  /** Empty when everything holds. */
  problems: string[];
  /** What holds, and yet has to be known. */
  notes: string[];
  run: RunSummary | null;
  checked: { signatures: number; files: number; observations: number; verdicts: number };
}

/** A run's folder, and what was found wrong with it so far. */
export interface Examined extends Omit<Verification, "run"> {
  folder: RunFolder;
  trust: Trust;
  run: RunSummary;
  reportOf(region: string): StoredReport;
}

/** Replays a run offline from its journals: every signature against the trust file, digests, chains, the
 *  plan, every verdict. Collects all problems; throws nothing but programming errors. */
export async function verifyEvidence(
  given: string | RunFolder,
  trust: Trust,
  replay: Replay,
): Promise<Verification> {
  const verification: Verification = {
    problems: [],
    notes: [],
    run: null,
    checked: { signatures: 0, files: 0, observations: 0, verdicts: 0 },
  };
  try {
    const folder = typeof given === "string" ? new RunFolder(given) : given;
    verifyInto(verification, folder, { trust, replay });
  } catch (error) {
    verification.problems.push(
      `the folder is incomplete or damaged: ${(error as Error).message.split("\n")[0]}`,
    );
  }
  return verification;
}

function verifyInto(
  verification: Verification,
  folder: RunFolder,
  { trust, replay }: { trust: Trust; replay: Replay },
): void {
  const { problems, checked } = verification;
  const odd = folder.oddNames();
  problems.push(...odd.map((name) => `${name} is no file, and no folder with files`));
  // Nothing is opened then: a pipe would never end, and a link may lead anywhere.
  if (odd.length > 0) return;
  const ofRun = openRunStatement({ ...verification, folder, trust });
  const run = folder.json("run.json", RunSummary);
  verification.run = run;
  const examined: Examined = { ...verification, folder, trust, run, reportOf: reportsOf(folder) };
  const map = replayMap(examined, replay);
  const { plan, planDigest } = replayPlan(examined, replay, map);
  const observers = observersOf(map, plan);
  const judged = {
    ...{ map, plan, planDigest },
    journals: observers.map((region) =>
      readJournal(folder.lines(journalName(region)), {
        ...{ runId: run.runId, region, plan: planDigest, map: plan.map },
      }),
    ),
  };
  const statements = openStatements(examined, { ...judged, observers, ofRun });
  checked.observations = judged.journals
    .flatMap(({ entries }) => entries)
    .filter((entry) => entry.type === "observation").length;
  replayVerdicts(examined, judged, statements);
}

/** Each is read once. */
function reportsOf(folder: RunFolder): Examined["reportOf"] {
  const reports = new Map<string, StoredReport>();
  return (region) => {
    const report = reports.get(region) ?? readStoredReport(folder, region);
    reports.set(region, report);
    return report;
  };
}
