import { once } from "node:events";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { readMapFile } from "../../environments/map-file.ts";
import { bootReplica, driver } from "../../environments/replica/driver.ts";
import { removeState, writeState } from "../../environments/replica/state.ts";
import { loadProbes } from "../../probes/catalog.ts";
import { parseOptions, takeNothing, usage } from "../options.ts";
import { bold, dim } from "../terminal.ts";
import { today } from "../version.ts";

export const help = `ringfence up --state FILE: starts a replica and holds it in the foreground

  --env NAME      replica
  --map FILE      the residency map to build (default: the sample)
  --state FILE    written when the replica is ready, removed when it ends; readable by you only.
                  It names each host's process, each system's address, and credentials to break things with

Enter a host    nsenter --target PID --user --net --preserve-credentials …
Open a hole     nft add rule inet ringfence forward … (on the host "core")
Prove it        ringfence run --attach FILE
Ctrl-C ends it, and nothing of it is left.`;

export async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const options = parseOptions("up", args, {
    env: { type: "string" },
    map: { type: "string" },
    state: { type: "string" },
  });
  takeNothing("up", options);
  if ((options.text("env") ?? "replica") !== "replica")
    throw usage("up: only the replica can be held up", "use --env replica");
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
  await using replica = await bootReplica(map, { signal });
  if (signal.aborted) return 0;
  try {
    writeState(file, replica.state);
    const hosts = Object.entries(replica.state.hosts).map(([name, { pid }]) => `${name} ${dim(String(pid))}`);
    process.stdout.write(
      `${bold("up")} in ${((performance.now() - begun) / 1000).toFixed(1)} s  ${hosts.join("  ")}\nstate ${file}\n`,
    );
    await Promise.race([once(signal, "abort"), replica.ended]);
  } finally {
    removeState(file);
  }
  return signal.aborted ? 0 : 70;
}
