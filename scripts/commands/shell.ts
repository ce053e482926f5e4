import { once } from "node:events";
import { resolve } from "node:path";
import { enterHost } from "../../environments/replica/driver.ts";
import { readState } from "../../environments/replica/state.ts";
import { parseOptions, usage } from "../options.ts";

export const help = `ringfence shell REGION --attach FILE [-- COMMAND…]: a shell inside a region of a replica that is up

  REGION          a region, for its app host; or a host such as us-east-1/data, core, internet
  --attach FILE   the file that \`ringfence up --state FILE\` wrote (default: $RINGFENCE_STATE)

The region's credentials are in its environment, names resolve, and psql, redis-cli and curl work if this
machine has them. CA for curl and psql: $SSL_CERT_FILE.`;

export async function main(args: readonly string[]): Promise<number> {
  const cut = args.indexOf("--");
  const own = cut < 0 ? args : args.slice(0, cut);
  const command = cut < 0 ? [] : args.slice(cut + 1);
  const options = parseOptions("shell", own, { attach: { type: "string" } });
  const [asked] = options.rest;
  if (!asked) throw usage("shell: no region was named", "see `ringfence shell --help`");
  const file = options.text("attach") ?? process.env.RINGFENCE_STATE;
  if (!file)
    throw usage(
      "shell: no replica was named",
      "name with --attach the file that `ringfence up --state FILE` wrote",
    );
  const state = readState(resolve(file));
  const host = state.hosts[asked] ? asked : `${asked}/app`;
  const region = host.split("/")[0] ?? "";
  const child = enterHost(state, host, command.length > 0 ? command : [process.env.SHELL ?? "/bin/sh"], {
    environment: {
      ...process.env,
      ...state.credentials[region],
      SSL_CERT_FILE: `${state.work}/ca.pem`,
      CURL_CA_BUNDLE: `${state.work}/ca.pem`,
      PGSSLROOTCERT: `${state.work}/ca.pem`,
      NODE_EXTRA_CA_CERTS: `${state.work}/ca.pem`,
      PS1: `[${host}] # `,
    },
    stdio: "inherit",
  });
  const [code] = (await once(child, "close")) as [number | null];
  return code ?? 70;
}
