import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { rerunOptions } from "./rerun-options.ts";

const hide = (text: string) => text;
const optionsOf = (given: Record<string, string>, fidelity: "replica" | "real") =>
  rerunOptions({ text: (name) => given[name] }, { driver: { name: "one", fidelity }, hide });

/** As a shell takes them apart. */
function words(options: string): string[] {
  const { stdout } = spawnSync("sh", ["-c", `printf '%s\\0' ${options}`], { encoding: "utf8" });
  return stdout.split("\0").slice(0, -1);
}

test("a replica is named by its name, and needs no signers of its own", () => {
  const given = { env: "whatever", map: "a map.yaml", attach: "", signers: "signers.yaml" };
  expect(words(optionsOf(given, "replica"))).toEqual(["--env", "one", "--map", "a map.yaml", "--attach", ""]);
  expect(optionsOf({}, "replica")).toBe("--env one");
});

test("of real regions the file and its signers come back from a shell as they were given", () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(..."a' \"$`\\;&|\n*") }),
    fc.string({ unit: "grapheme" }),
  );
  const given = text.filter((one) => !one.includes("\0"));
  fc.assert(
    fc.property(given, given, given, (env, signers, map) => {
      expect(words(optionsOf({ env, signers, map }, "real"))).toEqual(
        [
          ["--env", env],
          ["--signers", signers],
          ["--map", map],
        ].flat(),
      );
    }),
    { numRuns: 100 },
  );
});
