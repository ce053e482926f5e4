import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { EnvironmentDriver } from "../environments/driver.ts";
import { projectRoot } from "../environments/node-script.ts";
import { usage } from "./options.ts";

/** The driver of an environment: `environments/NAME/driver.ts`. A new environment is a new folder. */
export async function loadDriver(name: string): Promise<EnvironmentDriver> {
  const folder = join(projectRoot, "environments");
  const known = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  if (!known.includes(name))
    throw usage(`--env: there is no environment "${name}"`, `use one of ${known.join(", ")}`);
  const module = (await import(join(folder, name, "driver.ts"))) as { driver: EnvironmentDriver };
  return module.driver;
}
