import { join } from "node:path";
import { serveOn } from "../host-server.ts";
import type { KindServer } from "../servers.ts";
import { planService } from "../web-services.ts";

/** All services of one host, told apart by address and name. */
export const server: KindServer = {
  async serve({ job, topology, authority }, mine, held) {
    const services = mine.map((one) =>
      planService(topology, one, { jurisdiction: job.map.regions[one.placement.region]?.jurisdiction ?? "" }),
    );
    const certificate = await authority.issue([...new Set(services.map(({ host }) => host))]);
    const script = join(import.meta.dirname, "https-script.ts");
    await serveOn(held, script, { services, certificate, ca: authority.ca, work: job.work });
  },
  admin: ({ placement }) => ({ host: placement.host, name: String(placement.endpoint.host) }),
};
