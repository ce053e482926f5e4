#!/usr/bin/env node
// The package's `bin`: runs the command line on Node 24 or later, wherever it is called from.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));
const pinned = join(folder, "..", "node_modules", "node", "bin", "node");

if (Number(process.versions.node.split(".")[0]) >= 24) {
  // What Node compiled is kept for the next start. It strips types by itself, but not below node_modules, where an installed package lies.
  module.enableCompileCache(join(folder, "..", ".cache", "compiled"));
  if (folder.includes("/node_modules/")) (await import("tsx/esm/api")).register();
  await import("./ringfence.ts");
} else if (existsSync(pinned)) {
  const done = spawnSync(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  process.exit(done.status ?? 70);
} else {
  process.stderr.write(
    `ringfence needs Node 24, and this is ${process.version}\n  fix  in a clone: node scripts/setup.mjs\n`,
  );
  process.exit(70);
}
