import { once } from "node:events";
import { loadDriver } from "../environments.ts";
import { parseOptions, usage } from "../options.ts";

export const help = `ringfence shell REGION --attach FILE [-- COMMAND…]: a shell inside a region of a replica that is up

  REGION          a region, for the host its workload runs on; or a host such as us-east-1/data, core, internet
  --env NAME      replica (the default), or localstack
  --attach FILE   the file that \`ringfence up --state FILE\` wrote (default: $RINGFENCE_STATE)

The region's credentials are in its environment, names resolve, and psql, redis-cli and curl work if this
machine has them. CA for curl and psql: $SSL_CERT_FILE.`;

export async function main(args: readonly string[]): Promise<number> {
  const cut = args.indexOf("--");
  const own = cut < 0 ? args : args.slice(0, cut);
  const command = cut < 0 ? [] : args.slice(cut + 1);
  const options = parseOptions("shell", own, { attach: { type: "string" }, env: { type: "string" } });
  const driver = await loadDriver(options.text("env") ?? "replica");
  const [asked] = options.rest;
  if (!asked) throw usage("shell: no region was named", "see `ringfence shell --help`");
  if (!driver.enter) throw usage(`shell: ${driver.name} cannot be entered from here`, "use --env replica");
  const at = options.text("attach") ?? process.env.RINGFENCE_STATE ?? null;
  const child = driver.enter(at, asked, command);
  const [code] = (await once(child, "close")) as [number | null];
  return code ?? 70;
}
