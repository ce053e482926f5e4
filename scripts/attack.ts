import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FolderStore } from "../attest/history/folder-store.ts";
import { checkpointName } from "../attest/history/record.ts";
import { verifyLog } from "../attest/history/verify-log.ts";
import { readTrust } from "../attest/trust.ts";
import { loadProbes } from "../probes/catalog.ts";
import { isCovered, keysFolder } from "../reports/evidence.ts";
import { RegionReport } from "../reports/report.ts";
import { verifyEvidence } from "../reports/verify.ts";
import type { Replay } from "../reports/verify-replay.ts";
import { verifyRuns } from "../reports/verify-runs.ts";
import { makeBasis } from "./attack/basis.ts";
import { byteAttacks } from "./attack/bytes.ts";
import { diceOf } from "./attack/dice.ts";
import { folderAttacks } from "./attack/folder-attacks.ts";
import { historyAttacks } from "./attack/history-attacks.ts";
import { judgeAttacks } from "./attack/judge-attacks.ts";
import { attackPages } from "./attack/page-attacks.ts";
import { signatureAttacks } from "./attack/signature-attacks.ts";
import { attackFolder, filesIn, type Sweep } from "./attack/sweep.ts";
import { endings, writeRun } from "./attack/write-run.ts";
import { parseOptions, takeNothing, usage } from "./options.ts";
import { replayOf } from "./planning.ts";
import { plain, table } from "./terminal.ts";

/** Alters a real run's evidence and its history in thousands of ways, and verifies runs that nobody altered.
 *  `--seed N` repeats the random choices. Exit: 0 all was noticed and nothing else; 1 not so; 64 usage. */
const untouchedRuns = 200;
const fewestAttacks = 2000;

/** What is not tried, because not noticing it is right. */
const leftOut = [
  ["keys/ in a run's folder", "for convenience: whoever verifies names a trust file of their own"],
  ["the last checkpoint of a history removed", "a killed writer leaves that, too; verify says so in a note"],
  [".unfinished/ in a history", "what a killed writer left; nothing reads it"],
  [
    "a statement, or its checkpoint, signed again by its own signer",
    "it is the same word of the same signer",
  ],
  ["a witness's signature added to a checkpoint", "checkpoints are made to be signed by others as well"],
  [
    "a page that the judge renders otherwise and signs",
    "verdicts are judged again, pages are not drawn again",
  ],
];

const options = parseOptions("attack", process.argv.slice(2), { seed: { type: "string" } });
takeNothing("attack", options);
const seed = Number(options.text("seed") ?? Date.now() % 1_000_000);
if (!Number.isSafeInteger(seed) || seed < 0)
  throw usage("attack: --seed is a whole number", "name one from 0 on");
const dice = diceOf(seed);
process.stdout.write(`seed ${seed}: repeat with --seed ${seed}\n`);

const sweep: Sweep = { kinds: new Map(), missed: [] };
const falseAlarms: string[] = [];
const folder = mkdtempSync(join(tmpdir(), "ringfence-attack-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));

const replay = rememberingMaps(replayOf(await loadProbes()));
const basis = await makeBasis(folder, replay, dice);
say("the run and the history are made");
const { run, regions, trust, signers, older } = basis;
const judge = signers.judge;
if (!judge) throw new TypeError("nobody judged");

const whole = await verifyEvidence(run, trust, replay);
falseAlarms.push(...whole.problems.map((problem) => `the real run: ${problem}`));

const names = [...filesIn(run).keys()].filter((name) => !name.startsWith(`${keysFolder}/`));
const covered = names.filter(isCovered);
let made = 0;
const elsewhere = () => {
  const place = join(folder, `elsewhere-${made++}`);
  mkdirSync(place);
  return place;
};
await attackFolder(
  run,
  [
    ...byteAttacks(names, { bits: 8, cuts: 4, lines: 3 }, dice),
    ...folderAttacks({ names, regions, older, elsewhere, dice }),
    ...signatureAttacks(regions, signers, trust),
    ...judgeAttacks({ regions, judge, older, dice }),
  ],
  sweep,
  async (attack) => (await verifyEvidence(run, attack.trust ?? trust, replay)).problems,
);
const report = RegionReport.parse(
  JSON.parse(readFileSync(join(run, regions[0] ?? "", "report.json"), "utf8")),
);
attackPages(report, sweep);
say("the run is attacked");

const { history, runs } = basis;
const log = filesIn(history);
const size = [...log.keys()].filter((name) => name.startsWith("records/")).length;
const checkpoints = [...log].filter(([name]) => name.startsWith("checkpoints/"));
const kept = checkpoints.map(([name, note]) => ({ name: `kept ${name}`, note: note.toString() }));
const historyProblems = async (against: { held?: boolean; runs?: readonly string[] } = {}) => {
  const held = against.held ? kept : [];
  const { problems, log } = await verifyLog(new FolderStore(history), { trust, held });
  return [...problems, ...(against.runs ? verifyRuns(against.runs, log).problems : [])];
};
falseAlarms.push(
  ...(await historyProblems({ held: true, runs })).map((problem) => `the history: ${problem}`),
);
const lastRemoved = (what: string, kind: string) => what === checkpointName(size) && kind.endsWith("removed");
await attackFolder(
  history,
  [
    ...byteAttacks([...log.keys()], { bits: 10, cuts: 3, lines: 2 }, dice)
      .map((attack) => ({ ...attack, kind: `history: ${attack.kind}` }))
      .filter(({ what, kind }) => !lastRemoved(what, kind)),
    ...(await historyAttacks({ ...basis, directory: history, size, judge, dice })),
  ],
  sweep,
  async ({ against }) => historyProblems(against),
);

say("the history is attacked");
const grades = new Map<string, number>();
for (let index = 0; index < untouchedRuns; index++) {
  const directory = join(folder, `untouched-${index}`);
  const keys = join(folder, `untouched-keys-${index}`);
  mkdirSync(directory);
  const ending = endings[index % endings.length] ?? "as it was";
  const grade = await writeRun(basis.template, { directory, keys, ending, dice });
  grades.set(grade, (grades.get(grade) ?? 0) + 1);
  const trusted = readTrust(join(directory, keysFolder, "trust.yaml"));
  const { problems } = await verifyEvidence(directory, trusted, replay);
  falseAlarms.push(...problems.map((problem) => `untouched run ${index} (${ending}): ${problem}`));
  rmSync(directory, { recursive: true });
}

const tallies = [...sweep.kinds];
const tried = tallies.reduce((sum, [, tally]) => sum + tally.tried, 0);
const rows = tallies.map(([kind, tally]) => [
  kind,
  String(tally.tried),
  String(tally.noticed),
  plain(tally.example).replaceAll(folder, "").slice(0, 90),
]);
process.stdout.write(`${table([["attack", "tried", "noticed", "for example, because"], ...rows])}\n\n`);
for (const [what, why] of leftOut) process.stdout.write(`not tried: ${what}: ${why}\n`);
for (const missed of sweep.missed) process.stdout.write(`✕ not noticed: ${plain(missed)}\n`);
for (const alarm of falseAlarms) process.stdout.write(`✕ false alarm: ${plain(alarm)}\n`);
const graded = [...grades].map(([grade, count]) => `${count} ${grade}`).join(", ");
process.stdout.write(
  `seed ${seed}: ${tried - sweep.missed.length} of ${tried} alterations noticed, of ${covered.length + 1} files of a run and ${log.size} of a history; ${falseAlarms.length} false alarms over ${untouchedRuns} untouched runs (${graded})\n`,
);
process.exit(sweep.missed.length === 0 && falseAlarms.length === 0 && tried >= fewestAttacks ? 0 : 1);

function say(done: string): void {
  const missed = sweep.missed.length > 0 ? `, ${sweep.missed.length} not noticed` : "";
  process.stdout.write(`${(performance.now() / 1000).toFixed(1).padStart(5)} s  ${done}${missed}\n`);
}

/** Most alterations leave the map as it is, and reading it is most of the work. What cannot be read is read
 *  again, to fail again. */
function rememberingMaps(replay: Replay): Replay {
  const maps = new Map<string, ReturnType<Replay["parseMap"]>>();
  return {
    ...replay,
    parseMap(text, today) {
      const key = `${today}\n${text}`;
      const map = maps.get(key) ?? replay.parseMap(text, today);
      maps.set(key, map);
      return map;
    },
  };
}
