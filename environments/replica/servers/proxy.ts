import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { serveOn } from "../host-server.ts";
import type { KindServer } from "../servers.ts";

/** The file, one host name a line, of what a region's proxy carries to; it is read anew for each request. */
export const allowListFile = "proxy-allows";

export const server: KindServer = {
  async serve({ topology, job }, mine, held) {
    const [region = ""] = mine.map(({ placement }) => placement.region);
    const allowed = topology.placements.filter((one) => one.region === region && one.host === "world");
    const names = [...new Set(allowed.map(({ endpoint }) => String(endpoint.host)))];
    await writeFile(join(held.folder, allowListFile), `${names.join("\n")}\n`);
    const listen = mine.flatMap(({ placement: { address, port } }) =>
      [address[4], address[6]].map((host) => ({ host, port })),
    );
    const script = join(import.meta.dirname, "proxy-script.ts");
    await serveOn(held, script, { listen, allowList: join(job.work, allowListFile) });
  },
};
