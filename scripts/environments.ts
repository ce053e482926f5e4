import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { EnvironmentDriver } from "../environments/driver.ts";
import { projectRoot } from "../environments/node-script.ts";
import { runnersDriver } from "../environments/runners/runners.ts";
import { usage } from "./options.ts";

const folder = join(projectRoot, "environments");

/** Those that come with Ringfence: each is a folder with a `driver.ts`. */
export function environmentNames(): string[] {
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, "driver.ts")));
}

/** `name`: one of those, or the file that says how the runners of real regions are reached. */
export async function loadDriver(name: string): Promise<EnvironmentDriver> {
  const known = environmentNames();
  if (/\.ya?ml$/.test(name)) return runnersDriver(name);
  if (!known.includes(name))
    throw usage(
      `--env: there is no environment "${name}"`,
      `use one of ${known.join(", ")}, or the YAML file of your runners (docs/environments.md)`,
    );
  const module = (await import(join(folder, name, "driver.ts"))) as { driver: EnvironmentDriver };
  return module.driver;
}
