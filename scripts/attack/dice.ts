/** Random numbers that one seed repeats (mulberry32). */
export interface Dice {
  /** A whole number from 0 to below `below`. */
  roll(below: number): number;
  pick<T>(from: readonly T[]): T;
}

export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  const roll = (below: number) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
  return {
    roll,
    pick: <T>(from: readonly T[]) => {
      if (from.length === 0) throw new TypeError("there is nothing to pick from");
      return from[roll(from.length)] as T;
    },
  };
}
