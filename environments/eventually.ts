import { RingfenceError } from "../core/errors.ts";

/** Tries again every 15 ms until it works; rejects with the last reason after `withinMs`. */
export async function eventually<T>(act: () => Promise<T>, withinMs: number, what: string): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    try {
      return await act();
    } catch (cause) {
      if (performance.now() > until)
        throw new RingfenceError("REPLICA_FAILED", `${what} did not answer within ${withinMs} ms`, {
          cause,
          fix: "run `npm run -s ringfence -- doctor`",
        });
      await new Promise((done) => setTimeout(done, 15));
    }
  }
}
