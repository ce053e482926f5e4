/** Lets at most `width` start at once, in the order in which they came. Who has run for `holdMs` is only
 *  waiting for somebody's silence, and makes room; a function is asked at each start. */
export function gate(
  width: number,
  holdMs: number | (() => number) = Number.POSITIVE_INFINITY,
): <T>(act: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (act) => {
    if (running >= width) await new Promise<void>((go) => waiting.push(go));
    else running++;
    let held = true;
    const makeRoom = () => {
      if (!held) return;
      held = false;
      const next = waiting.shift();
      if (next) next();
      else running--;
    };
    const hold = typeof holdMs === "function" ? holdMs() : holdMs;
    const timer = Number.isFinite(hold) ? setTimeout(makeRoom, hold) : undefined;
    try {
      return await act();
    } finally {
      clearTimeout(timer);
      makeRoom();
    }
  };
}
