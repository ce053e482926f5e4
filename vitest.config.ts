import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["**/node_modules/**", "reports/out/**"],
    // Two cores, and the end-to-end tests boot whole replicas: one file at a time keeps times honest.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    allowOnly: false,
    retry: 0,
  },
});
