import { journalName } from "../../attest/observed-statement.ts";
import type { EvidenceSigner } from "../../attest/signer.ts";
import type { Entry } from "../../core/journal.ts";
import { bundleName, observedBundleName } from "../../reports/evidence.ts";
import { byteAttacks, change, exchange, many } from "./bytes.ts";
import type { Dice } from "./dice.ts";
import { judgedAnew, sign, statementIn, textOf } from "./forge.ts";
import { type Attack, changed, type Files } from "./sweep.ts";
import { chained } from "./write-run.ts";

/** By name, what a statement could claim in place of what it has to. */
const claims: [string, object][] = [
  ["result", {}],
  ["wording", { wording: "Certified." }],
  ["environment", { environment: "aws" }],
  ["fidelity", { fidelity: "real" }],
  ["version", { version: "9.9.9" }],
  ["startedAt", { startedAt: "2020-01-01T00:00:00.000Z" }],
];

/** What a judge could try whose regions are honest: everything of the judge's is signed anew over what was
 *  altered, so that no digest gives it away. */
export function judgeAttacks(of: {
  regions: readonly string[];
  judge: EvidenceSigner;
  older: Files;
  dice: Dice;
}): Attack[] {
  const { regions, judge, older, dice } = of;
  const anew = (kind: string, what: string, alter: (files: Files) => unknown): Attack => ({
    kind: `by the judge: ${kind}`,
    what,
    async alter(files) {
      const before = new Map(files);
      await alter(files);
      // Signing the same files again alters nothing.
      if (changed(before, files).length > 0) await judgedAnew(files, regions, judge);
    },
  });
  const json = (files: Files, name: string, edit: (value: never) => void) =>
    change(files, name, (content) => {
      const value = JSON.parse(content.toString()) as never;
      edit(value);
      return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
    });
  return [
    ...byteAttacks(regions.map(journalName), { bits: 6, cuts: 4, lines: 4 }, dice).map(
      ({ kind, what, alter }) => anew(`journal: ${kind}`, what, (files) => alter?.(files)),
    ),
    ...regions.flatMap((region) => {
      const [journal, observed] = [journalName(region), `${region}/${observedBundleName}`];
      const other = dice.pick(regions.filter((one) => one !== region));
      return [
        ...many(8, () =>
          anew("an observation altered, and the chain made anew", region, (files) =>
            change(files, journal, (content) => Buffer.from(rechained(content.toString(), dice))),
          ),
        ),
        anew("a journal of yesterday", region, (files) => files.set(journal, older.get(journal) as Buffer)),
        anew("a journal of yesterday, with the region's own signature", region, (files) =>
          files.set(journal, older.get(journal) as Buffer).set(observed, older.get(observed) as Buffer),
        ),
        anew("the region's signature removed", region, (files) => files.delete(observed)),
        anew("another region's journal and signature", region, (files) =>
          files
            .set(journal, files.get(journalName(other)) as Buffer)
            .set(observed, files.get(`${other}/${observedBundleName}`) as Buffer),
        ),
        anew("the region's statement signed by the judge", region, (files) =>
          sign(files, observed, { statement: statementIn(files, observed), by: judge }),
        ),
        anew("two regions' folders exchanged", region, (files) => {
          for (const name of [...files.keys()].filter((one) => one.startsWith(`${region}/`)))
            exchange(files, name, name.replace(region, other));
        }),
        ...many(8, () =>
          anew("a verdict altered", region, (files) =>
            json(files, `${region}/report.json`, ({ verdicts }: { verdicts: { grade: string }[] }) => {
              const one = dice.pick(verdicts);
              one.grade = one.grade === "breached" ? "contained" : "breached";
            }),
          ),
        ),
        ...many(4, () =>
          anew("a verdict dropped", region, (files) =>
            json(files, `${region}/report.json`, ({ verdicts }: { verdicts: unknown[] }) => {
              verdicts.splice(dice.roll(verdicts.length), 1);
            }),
          ),
        ),
        anew("another count in run.json", region, (files) =>
          json(files, "run.json", (run: { regions: Record<string, { planned: number }> }) => {
            (run.regions[region] as { planned: number }).planned++;
          }),
        ),
      ];
    }),
    ...[...regions.map((region) => `${region}/${bundleName}`), bundleName].flatMap((name) =>
      claims.map(([what, claim]) =>
        anew("a statement says otherwise than the journals", `${name}: ${what}`, (files) => {
          const { predicate, ...rest } = statementIn(files, name);
          const extension = Object.keys(predicate).find((key) => key.startsWith("urn:")) ?? "";
          const said = { ...(predicate[extension] as object), ...claim };
          const result = what === "result" ? { result: "WARNED" } : {};
          return sign(files, name, {
            statement: { ...rest, predicate: { ...predicate, ...result, [extension]: said } },
            by: judge,
          });
        }),
      ),
    ),
    ...regions.map((region) =>
      anew("another version in a report", region, (files) =>
        json(files, `${region}/report.json`, (report: { version: string }) => {
          report.version = "9.9.9";
        }),
      ),
    ),
    ...regions.map((region) =>
      anew("a part called the whole", region, (files) =>
        json(files, `${region}/report.json`, (report: { partial: boolean }) => {
          report.partial = !report.partial;
        }),
      ),
    ),
    ...["run.json", "map.json", "plan.json", ...regions.map((region) => `${region}/report.json`)].map(
      (name) =>
        anew("a key that stands twice", name, (files) =>
          change(files, name, (content) =>
            Buffer.from(content.toString().replace(/^\{(\s*)("[^"]+")/, "{$1$2: null,$1$2")),
          ),
        ),
    ),
    anew("a start of a year ago", "run.json", (files) =>
      json(files, "run.json", (run: { startedAt: string }) => {
        run.startedAt = `${Number(run.startedAt.slice(0, 4)) - 1}${run.startedAt.slice(4)}`;
      }),
    ),
    ...["breached", "inconclusive", "pass-with-exceptions"].map((grade) =>
      anew("another grade in run.json", grade, (files) =>
        json(files, "run.json", (run: { grade: string }) => {
          run.grade = grade;
        }),
      ),
    ),
    ...many(20, (index) =>
      anew("an item of the plan dropped", String(index), (files) =>
        json(files, "plan.json", ({ items }: { items: unknown[] }) => {
          items.splice(dice.roll(items.length), 1);
        }),
      ),
    ),
    ...many(10, (index) =>
      anew("a system of the map dropped", String(index), (files) =>
        json(files, "map.json", ({ systems }: { systems: unknown[] }) => {
          systems.splice(dice.roll(systems.length), 1);
        }),
      ),
    ),
    ...regions.map((region) =>
      anew("another map", region, (files) =>
        change(files, "residency.yaml", () =>
          Buffer.from(textOf(files, "residency.yaml").replaceAll(region, "eu-north-9")),
        ),
      ),
    ),
    anew("another map's title", "title", (files) =>
      change(files, "residency.yaml", () =>
        Buffer.from(textOf(files, "residency.yaml").replace(/^title: .*$/m, "title: another")),
      ),
    ),
  ];
}

/** A chain that holds, over an observation that was not made. */
function rechained(text: string, dice: Dice): string {
  const entries = text
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { entry: Entry }).entry);
  const at = dice.pick(entries.flatMap((entry, index) => (entry.type === "observation" ? index : [])));
  const outcome = { kind: "silent", rung: "network" } as const;
  const altered = entries.map((entry, index) =>
    index === at && entry.type === "observation"
      ? { ...entry, tries: entry.tries.map((one) => ({ ...one, outcome, durationMs: one.durationMs + 1 })) }
      : entry,
  );
  return chained(altered);
}
