import { describe, test } from "vitest";
import { firstImpression } from "../core/impression.ts";
import type { LeakPath } from "../core/vocabulary.ts";
import { theObserver } from "./current.ts";

/** One test per planned attempt of a leak path, all at once. A test shows a first impression; the verdict
 *  is the judge's, who also has the other regions' word. */
export function leakPathSuite(path: LeakPath): void {
  const observer = theObserver();
  describe.concurrent(path, () => {
    for (const item of observer.attempts().filter((attempt) => attempt.path === path)) {
      test(item.title, { timeout: 4 * item.deadlineMs + 30_000 }, async ({ expect }) => {
        const records = await observer.attempt(item);
        expect(
          firstImpression(
            item,
            records.map(({ entry }) => entry),
          ),
        ).toBe("nothing seen to get through");
      });
    }
  });
}
