import { spawnSync } from "node:child_process";
import { defineConfig } from "vitest/config";

/** The Docker suite needs an engine that answers, and Compose. Where it must run (RINGFENCE_REQUIRE_DOCKER),
 *  its absence is a failure; elsewhere it is said plainly that it did not run. */
const hasDocker = ["info", "compose version"].every(
  (asked) => spawnSync("docker", asked.split(" "), { stdio: "ignore", timeout: 15_000 }).status === 0,
);
const dockerSuite = "tests/docker/**";
if (!hasDocker) {
  if (process.env.RINGFENCE_REQUIRE_DOCKER)
    throw new Error("no Docker engine with Compose answers, and RINGFENCE_REQUIRE_DOCKER asks for its suite");
  process.stderr.write(
    `\nNO DOCKER: no engine with Compose answers, so ${dockerSuite} did not run. Everything else does.\n\n`,
  );
}

/** What has no clock to watch: its files run side by side, before the others. */
const pure = [
  "{attest,core,files,reports/!(out),vendors}/**/*.test.ts",
  "reports/*.test.ts",
  "tests/page*.test.ts",
];

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: "pure", include: pure, maxWorkers: 2, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: {
          name: "timed",
          include: ["**/*.test.ts"],
          exclude: [...pure, "**/node_modules/**", "reports/out/**", ...(hasDocker ? [] : [dockerSuite])],
          // Two cores, and the end-to-end tests boot whole replicas: one file at a time keeps times honest.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
    testTimeout: 180_000,
    hookTimeout: 240_000,
    // A page or a server that is slow is not wrong.
    expect: { poll: { timeout: 20_000 } },
    allowOnly: false,
    retry: 0,
  },
});
