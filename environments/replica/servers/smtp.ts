import { join } from "node:path";
import { serveOn } from "../host-server.ts";
import { credentialOf, type Provision } from "../provision.ts";
import type { Boot, KindServer } from "../servers.ts";
import type { RelayJob } from "./smtp-script.ts";

/** Each relay keeps its settings in a folder of its own. */
export const server: KindServer = {
  async serve(boot, mine, held) {
    const jobs = await Promise.all(mine.map((one) => jobOf(one, boot)));
    await serveOn(held, join(import.meta.dirname, "smtp-script.ts"), jobs);
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
