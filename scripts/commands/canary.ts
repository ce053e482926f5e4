import { sha256 } from "../../core/digest.ts";
import { newCanary } from "../../probes/canary.ts";
import { parseOptions, takeNothing } from "../options.ts";

export const help = `ringfence canary: makes up what to plant in one system of one region, and its SHA-256

The first line is the canary: plant it, and keep it nowhere else. The second is for \`planted\` in the file of your
runners. No two systems, and no two regions, may have the same.`;

export async function main(args: readonly string[]): Promise<number> {
  takeNothing("canary", parseOptions("canary", args, {}));
  const canary = newCanary();
  process.stdout.write(`${canary}\n${sha256(canary)}\n`);
  return 0;
}
