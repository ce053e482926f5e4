import { join } from "node:path";
import { serveOn } from "../host-server.ts";
import { credentialOf, type Provision } from "../provision.ts";
import type { KindServer } from "../servers.ts";
import type { BastionJob } from "./ssh-script.ts";

/** Each bastion keeps its accounts and its record of logins in a folder of its own. */
export const server: KindServer = {
  async serve({ job }, mine, held) {
    const jobs = mine.map((one) => jobOf(one, job.work));
    await serveOn(held, join(import.meta.dirname, "ssh-script.ts"), jobs);
  },
};

function jobOf(one: Provision, work: string): BastionJob {
  const { system, address, port } = one.placement;
  const account = (role: string) => {
    const { user = "", ...rest } = credentialOf(one, role);
    return { name: user, ...rest };
  };
  return {
    folder: join(work, system.id),
    listen: [
      { address: address[4], port },
      { address: address[6], port },
    ],
    canary: one.canary,
    accounts: [
      { ...account("own"), reads: ["ringfence-canary"] },
      { ...account("auditor"), reads: ["ringfence-canary", "access-record"] },
      { ...account("canary"), reads: ["ringfence-canary"], forcedCommand: "cat ringfence-canary" },
    ],
  };
}
