import type { EnvironmentDriver } from "../environments/driver.ts";
import type { Parsed } from "./options.ts";

/** What every command that reruns a line repeats of a run's options; `verify` takes these and no others. */
export function rerunOptions(
  options: Pick<Parsed, "text">,
  { driver, hide }: { driver: Pick<EnvironmentDriver, "name" | "fidelity">; hide: (text: string) => string },
): string {
  const quoted = (name: string) => {
    const value = options.text(name);
    return value === undefined ? "" : ` --${name} '${hide(value).replaceAll("'", "'\\''")}'`;
  };
  // Real regions are named by a file, and only its signers can sign there.
  const environment =
    driver.fidelity === "real" ? `${quoted("env")}${quoted("signers")}` : ` --env ${driver.name}`;
  return `${environment}${quoted("map")}${quoted("attach")}`.trimStart();
}
