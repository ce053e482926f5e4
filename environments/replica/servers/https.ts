import { join } from "node:path";
import { scriptArguments } from "../../node-script.ts";
import { onHost, said, start } from "../namespace.ts";
import type { KindServer } from "../servers.ts";
import { planService } from "../web-services.ts";

/** One process for all services on one host, told apart by address and name. */
export const server: KindServer = {
  async serve({ job, topology, authority }, mine, held) {
    const services = mine.map((one) => planService(topology, one));
    const certificate = await authority.issue([...new Set(services.map(({ host }) => host))]);
    const script = scriptArguments(join(import.meta.dirname, "https-process.ts"));
    const running = start(onHost(held, [process.execPath, ...script]));
    running.stdin?.end(JSON.stringify({ services, certificate, ca: authority.ca, work: job.work }));
    await said(running, "serving", "the HTTP services");
  },
  admin: ({ placement }) => ({ host: placement.host, name: String(placement.endpoint.host) }),
};
