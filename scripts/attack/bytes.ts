import type { Dice } from "./dice.ts";
import type { Attack, Files } from "./sweep.ts";

/** How often each way is tried on each file. */
export interface Times {
  bits: number;
  cuts: number;
  lines: number;
}

/** Whatever may happen to a file's bytes and lines. */
export function byteAttacks(names: readonly string[], { bits, cuts, lines }: Times, dice: Dice): Attack[] {
  return names.flatMap((name) => {
    const on = (kind: string, alter: (content: Buffer) => Buffer | null): Attack => ({
      kind,
      what: name,
      alter: (files) => change(files, name, alter),
    });
    const text = /\.(xlsx|pdf)$/.test(name) ? 0 : lines;
    return [
      ...many(bits, () => on("one bit turned over", (content) => bent(content, dice))),
      ...many(cuts, () => on("cut off", (content) => content.subarray(0, dice.roll(content.length)))),
      on("its last byte cut off", (content) => content.subarray(0, -1)),
      on("a line end added", (content) => Buffer.concat([content, Buffer.from("\n")])),
      on("a space put before it", (content) => Buffer.concat([Buffer.from(" "), content])),
      on("line ends of another kind", (content) =>
        Buffer.from(content.toString("latin1").replaceAll("\n", "\r\n"), "latin1"),
      ),
      on("emptied", () => Buffer.alloc(0)),
      on("removed", () => null),
      ...many(text, () => inLines("a line doubled", (all, at) => all.splice(at, 0, all[at] ?? ""))),
      ...many(text, () => inLines("a line dropped", (all, at) => all.splice(at, 1))),
      ...many(text, () =>
        inLines("two lines exchanged", (all, at) => {
          const other = dice.roll(all.length);
          [all[at], all[other]] = [all[other] ?? "", all[at] ?? ""];
        }),
      ),
      ...many(text, () =>
        inLines("a line moved", (all, at) => all.splice(dice.roll(all.length), 0, ...all.splice(at, 1))),
      ),
    ];

    function inLines(kind: string, alter: (all: string[], at: number) => unknown): Attack {
      return on(kind, (content) => {
        const all = content.toString("latin1").split("\n");
        // The last is what stands behind the last line's end.
        alter(all, dice.roll(Math.max(1, all.length - 1)));
        return Buffer.from(all.join("\n"), "latin1");
      });
    }
  });
}

export function many<T>(times: number, make: (index: number) => T): T[] {
  return Array.from({ length: times }, (_, index) => make(index));
}

export function bent(content: Buffer, dice: Dice): Buffer {
  const copy = Buffer.from(content);
  const at = dice.roll(copy.length);
  copy[at] = (copy[at] as number) ^ (1 << dice.roll(8));
  return copy;
}

export function change(files: Files, name: string, alter: (content: Buffer) => Buffer | null): void {
  const content = files.get(name);
  if (!content) throw new TypeError(`there is no ${name} to alter`);
  const altered = alter(content);
  if (altered) files.set(name, altered);
  else files.delete(name);
}

export function exchange(files: Files, one: string, other: string): void {
  const [first, second] = [files.get(one), files.get(other)];
  if (first && second) files.set(one, second).set(other, first);
}
