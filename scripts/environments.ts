import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { EnvironmentDriver } from "../environments/driver.ts";
import { projectRoot } from "../environments/node-script.ts";
import { usage } from "./options.ts";

const folder = join(projectRoot, "environments");

/** A new environment is a new folder with a `driver.ts`. */
export function environmentNames(): string[] {
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, "driver.ts")));
}

export async function loadDriver(name: string): Promise<EnvironmentDriver> {
  const known = environmentNames();
  if (!known.includes(name))
    throw usage(`--env: there is no environment "${name}"`, `use one of ${known.join(", ")}`);
  const module = (await import(join(folder, name, "driver.ts"))) as { driver: EnvironmentDriver };
  return module.driver;
}
