import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { readMapFile } from "../../environments/map-file.ts";
import { loadProbes } from "../../probes/catalog.ts";
import { loadDriver } from "../environments.ts";
import { parseOptions, takeNothing, usage } from "../options.ts";
import { bold } from "../terminal.ts";
import { today } from "../version.ts";
import { writeWhole } from "../write-whole.ts";

export const help = `ringfence up --state FILE: starts a replica and holds it in the foreground

  --env NAME      replica (the default), or localstack
  --map FILE      the residency map to build (default: the environment's sample)
  --state FILE    written when the replica is ready, removed when it ends; readable by you only.
                  It names each host, each system's address, and credentials to break things with

Enter a host    ringfence shell HOST --attach FILE
Prove it        ringfence run --attach FILE
Ctrl-C ends it, and nothing of it is left.

Of the embedded replica, by hand:
Enter a host    nsenter --target PID --user --net --preserve-credentials …
Open a hole     nft add rule inet ringfence forward … (on the host "core")`;

export async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const options = parseOptions("up", args, {
    env: { type: "string" },
    map: { type: "string" },
    state: { type: "string" },
  });
  takeNothing("up", options);
  const driver = await loadDriver(options.text("env") ?? "replica");
  if (!driver.hold)
    throw usage(`up: ${driver.name} cannot be held up from here`, "use --env replica or --env localstack");
  const asked = options.text("state");
  if (!asked)
    throw usage("up: no --state FILE was named", "name the file that shall describe the running replica");
  const file = resolve(asked);
  if (existsSync(file))
    throw usage(
      `up: ${file} exists, so a replica may be up already`,
      "end that one, remove the file, or name another",
    );
  const kinds = await loadProbes();
  const { map } = readMapFile(options.text("map") ?? driver.mapFile, { kinds, today: today() });
  const begun = performance.now();
  await using held = await driver.hold(map, { signal });
  if (signal.aborted) return 0;
  try {
    writeWhole(file, `${JSON.stringify(held.state, null, 2)}\n`, { option: "up: --state", mode: 0o600 });
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    process.stdout.write(`${bold("up")} in ${seconds} s  ${held.summary}\nstate ${file}\n`);
    await Promise.race([once(signal, "abort"), held.ended]);
  } finally {
    rmSync(file, { force: true });
  }
  return signal.aborted ? 0 : 70;
}
