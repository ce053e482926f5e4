import { signCheckpoint } from "../../attest/history/checkpoint.ts";
import { FolderStore } from "../../attest/history/folder-store.ts";
import { headOf, readLog } from "../../attest/history/log.ts";
import { checkpointName, recordName } from "../../attest/history/record.ts";
import type { EvidenceSigner } from "../../attest/signer.ts";
import { exchange, many } from "./bytes.ts";
import type { Dice } from "./dice.ts";
import { editBundle, sign, signBytes, statementIn } from "./forge.ts";
import { aStranger } from "./signature-attacks.ts";
import type { Attack, Files } from "./sweep.ts";

export interface HistoryBasis {
  directory: string;
  size: number;
  /** Of the runs that are in it. */
  runs: readonly string[];
  judge: EvidenceSigner;
  /** Another history by the same judge, as long, and with the same beginning: nobody may tell it by its name. */
  rewritten: Files;
  /** Another history by the same judge with a name of its own, and a run that stands in it. */
  foreign: { files: Files; run: string };
  dice: Dice;
}

export async function historyAttacks(of: HistoryBasis): Promise<Attack[]> {
  const { size, judge, foreign, rewritten, runs, dice } = of;
  const all = Array.from({ length: size }, (_, index) => index);
  const on = (kind: string, what: string, alter: (files: Files) => unknown): Attack => ({
    kind,
    what,
    alter,
  });
  const pairs = all.flatMap((one) =>
    all.filter((other) => other > one).map((other) => [one, other] as const),
  );
  const log = await readLog(new FolderStore(of.directory));
  const head = headOf(log);
  const cut = (files: Files, length: number) => {
    for (const index of all.slice(length)) {
      files.delete(recordName(index));
      files.delete(checkpointName(index + 1));
    }
  };
  return [
    ...all.map((at) =>
      on("history: a record dropped, and the later ones moved up", recordName(at), (files) => {
        for (const index of all.slice(at)) {
          const next = files.get(recordName(index + 1));
          if (next) files.set(recordName(index), next);
          else files.delete(recordName(index));
        }
      }),
    ),
    ...all.map((at) =>
      on("history: a record doubled at the end", recordName(at), (files) =>
        files.set(recordName(size), files.get(recordName(at)) as Buffer),
      ),
    ),
    ...pairs.map(([one, other]) =>
      on("history: two records exchanged", `${one} and ${other}`, (files) =>
        exchange(files, recordName(one), recordName(other)),
      ),
    ),
    ...pairs.map(([one, other]) =>
      on("history: a record in place of another", `${one} for ${other}`, (files) =>
        files.set(recordName(other), files.get(recordName(one)) as Buffer),
      ),
    ),
    ...pairs.map(([one, other]) =>
      on("history: two checkpoints exchanged", `${one + 1} and ${other + 1}`, (files) =>
        exchange(files, checkpointName(one + 1), checkpointName(other + 1)),
      ),
    ),
    ...all.flatMap((at) => [
      on("history: a record of another log", recordName(at), (files) =>
        files.set(recordName(at), foreign.files.get(recordName(at)) ?? Buffer.alloc(0)),
      ),
      on("history: a checkpoint of another log", checkpointName(at + 1), (files) =>
        files.set(checkpointName(at + 1), foreign.files.get(checkpointName(at + 1)) ?? Buffer.alloc(0)),
      ),
      on("history: a record signed by a stranger", recordName(at), (files) =>
        sign(files, recordName(at), { statement: statementIn(files, recordName(at)), by: aStranger() }),
      ),
      on("history: a record edited, and signed by the judge", recordName(at), (files) => {
        const statement = statementIn(files, recordName(at));
        const predicate = { ...statement.predicate, at: "2026-01-01T00:00:00.000Z" };
        return sign(files, recordName(at), { statement: { ...statement, predicate }, by: judge });
      }),
      on("history: a valid signature over what is no record", recordName(at), (files) =>
        signBytes(files, recordName(at), { payload: Buffer.from("{}"), by: judge }),
      ),
      on("history: a record's bundle holds more", recordName(at), (files) =>
        editBundle(files, recordName(at), (bundle) => Object.assign(bundle, { more: 1 })),
      ),
      on("history: a checkpoint signed by a stranger", checkpointName(at + 1), async (files) =>
        files.set(
          checkpointName(at + 1),
          Buffer.from(await signCheckpoint(headOf(log, at + 1), aStranger())),
        ),
      ),
      on(
        "history: a checkpoint of another root, signed by the judge",
        checkpointName(at + 1),
        async (files) =>
          files.set(
            checkpointName(at + 1),
            Buffer.from(await signCheckpoint({ ...headOf(log, at + 1), root: Buffer.alloc(32, at) }, judge)),
          ),
      ),
      on(
        "history: a checkpoint of more records, signed by the judge",
        checkpointName(at + 1),
        async (files) =>
          files.set(
            checkpointName(at + 1),
            Buffer.from(await signCheckpoint({ ...head, size: size + 1 + at }, judge)),
          ),
      ),
    ]),
    ...all.slice(1).map(
      (length): Attack => ({
        kind: "history: its end cut off with the checkpoints; a held checkpoint shows it",
        what: `${length} records are left`,
        alter: (files) => cut(files, length),
        against: { held: true },
      }),
    ),
    ...all.slice(1).map(
      (length): Attack => ({
        kind: "history: its end cut off with the checkpoints; a run's folder shows it",
        what: `${length} records are left`,
        alter: (files) => cut(files, length),
        against: { runs },
      }),
    ),
    ...(["held", "runs"] as const).map(
      (how): Attack => ({
        kind: `history: another end written by the judge; ${how === "held" ? "a held checkpoint shows it" : "a run's folder shows it"}`,
        what: "from the second run on",
        alter(files) {
          files.clear();
          for (const [name, content] of rewritten) files.set(name, content);
        },
        against: how === "held" ? { held: true } : { runs },
      }),
    ),
    {
      kind: "history: a clean one of another name kept beside it",
      what: "whole",
      alter(files) {
        files.clear();
        for (const [name, content] of foreign.files) files.set(name, content);
      },
      against: { held: true },
    },
    {
      kind: "history: a folder of a run that is not in it",
      what: "of another log",
      against: { runs: [...runs, foreign.run] },
    },
    { kind: "history: a folder without a run", what: of.directory, against: { runs: [of.directory] } },
    ...many(6, (index) => `records/${dice.pick(["more", "00000000.json~", "x.json", "1.json"])}${index}`)
      .concat("checkpoints/1", "checkpoints/latest", "more", "records/0000000a.json")
      .map((name) => on("history: a file added", name, (files) => files.set(name, Buffer.from("more")))),
    on("history: a record far away", "99999999", (files) =>
      files.set(recordName(99_999_999), Buffer.from("{}")),
    ),
  ];
}
