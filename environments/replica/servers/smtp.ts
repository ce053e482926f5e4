import { join } from "node:path";
import { scriptArguments } from "../../node-script.ts";
import { onHost, said, start } from "../namespace.ts";
import { credentialOf, type Provision } from "../provision.ts";
import type { Boot, KindServer } from "../servers.ts";
import type { RelayJob } from "./smtp-process.ts";

/** One process a host; each relay keeps its settings in a folder of its own. */
export const server: KindServer = {
  async serve(boot, mine, held) {
    const script = scriptArguments(join(import.meta.dirname, "smtp-process.ts"));
    const relays = start(onHost(held, [process.execPath, ...script]));
    const jobs = await Promise.all(mine.map((one) => jobOf(one, boot)));
    relays.stdin?.end(JSON.stringify(jobs));
    await said(relays, "listening", "the mail relay");
  },
};

async function jobOf(one: Provision, { job, authority }: Boot): Promise<RelayJob> {
  const { system, endpoint, address, port } = one.placement;
  const name = String(endpoint.host);
  const account = (role: string) => {
    const { user = "", password = "" } = credentialOf(one, role);
    return { user, password };
  };
  return {
    name,
    tls: await authority.issue([name]),
    implicitTls: endpoint.tls === "implicit",
    listen: [
      { address: address[4], port },
      { address: address[6], port },
    ],
    settingsFile: join(job.work, system.id, "settings.json"),
    settings: {
      domain: String(endpoint.domain),
      mailboxes: [one.canary],
      users: [account("own"), account("canary")],
      open: false,
    },
  };
}
