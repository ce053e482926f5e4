import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { arrivalsPort } from "../arrivals-port.ts";
import { serveOn } from "../host-server.ts";
import type { KindServer } from "../servers.ts";

/** The file, "zone address" a line, of where a resolver sends what it does not know itself. A careful
 *  company's is empty; it is read anew for each question. */
export const forwardsFile = (system: string) => `${system}-forwards`;

export const server: KindServer = {
  async serve({ job }, mine, held) {
    const servers = await Promise.all(
      mine.map(async ({ placement: { system, address, port, endpoint }, canary }) => {
        await writeFile(join(held.folder, forwardsFile(system.id)), "");
        const forwards = join(job.work, forwardsFile(system.id));
        const addresses = [address[4], address[6]];
        return { addresses, port, zone: endpoint.zone, canary, forwards, arrivals: arrivalsPort(endpoint) };
      }),
    );
    await serveOn(held, join(import.meta.dirname, "dns-script.ts"), servers);
  },
};
