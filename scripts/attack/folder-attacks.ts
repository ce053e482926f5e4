import { mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { exchange, many } from "./bytes.ts";
import type { Dice } from "./dice.ts";
import type { Attack, Files } from "./sweep.ts";

/** Files and folders of a run in other places than theirs, more of them, and fewer. */
export function folderAttacks({
  names,
  regions,
  older,
  elsewhere,
  dice,
}: {
  names: readonly string[];
  regions: readonly string[];
  /** Another run by the same keys. */
  older: Files;
  /** A new folder outside of the run's. */
  elsewhere: () => string;
  dice: Dice;
}): Attack[] {
  const own = regions.map((region) => names.filter((name) => name.startsWith(`${region}/`)));
  return [
    ...many(160, (): Attack => {
      const [one, other] = [dice.pick(names), dice.pick(names)];
      return {
        kind: "two files exchanged",
        what: `${one} and ${other}`,
        alter: (files) => exchange(files, one, other),
      };
    }),
    ...own.flat().flatMap((name) => {
      const [region = "", file = ""] = name.split("/");
      return regions
        .filter((other) => other !== region)
        .map(
          (other): Attack => ({
            kind: "a region's file in place of another region's",
            what: `${name} in ${other}`,
            alter: (files) => files.set(`${other}/${file}`, files.get(name) as Buffer),
          }),
        );
    }),
    ...names.map(
      (name): Attack => ({
        kind: "a file of an older run in place of this one's",
        what: name,
        alter: (files) => older.get(name) && files.set(name, older.get(name) as Buffer),
      }),
    ),
    ...regions.map(
      (region, index): Attack => ({
        kind: "a region's folder dropped",
        what: region,
        alter: (files) => own[index]?.map((name) => files.delete(name)),
      }),
    ),
    ...regions.map(
      (region, index): Attack => ({
        kind: "a region's folder of an older run",
        what: region,
        alter: (files) => own[index]?.map((name) => files.set(name, older.get(name) ?? Buffer.alloc(0))),
      }),
    ),
    ...["more", ".hidden", "notes.txt", "report.html.bak", "eu-west-9/report.json", "evidence/run.json"]
      .concat(regions.map((region) => `${region}/observations.jsonl~`))
      .map(
        (name): Attack => ({
          kind: "a file added",
          what: name,
          alter: (files) => files.set(name, Buffer.from("more")),
        }),
      ),
    ...names.map(
      (name): Attack => ({
        kind: "a link in place of a file, to the same content",
        what: name,
        place(directory) {
          const target = join(elsewhere(), "kept");
          renameSync(join(directory, name), target);
          symlinkSync(target, join(directory, name));
        },
      }),
    ),
    ...regions.map(
      (region): Attack => ({
        kind: "a link in place of a region's folder",
        what: region,
        place(directory) {
          const target = join(elsewhere(), "kept");
          renameSync(join(directory, region), target);
          symlinkSync(target, join(directory, region));
        },
      }),
    ),
    {
      kind: "a folder added, with nothing in it",
      what: "more",
      place: (directory) => mkdirSync(join(directory, "more")),
    },
    {
      kind: "everything but the keys removed",
      what: "all",
      place(directory) {
        for (const name of names) rmSync(join(directory, name));
      },
    },
  ];
}
