import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { serveOn } from "../host-server.ts";
import { greetedBy } from "../receivers.ts";
import type { KindServer } from "../servers.ts";

/** The file, one host name a line, of what a region's proxy carries to; it is read anew for each request. */
export const allowListFile = "proxy-allows";

/** The file, "family rule" a line, of how it holds the names inside TLS; read anew for each request, too. */
export const greetingsFile = "proxy-greetings";

export const server: KindServer = {
  async serve({ topology, job }, mine, held) {
    const [region = ""] = mine.map(({ placement }) => placement.region);
    const allowed = topology.placements.filter((one) => one.region === region && one.host === "world");
    const receivers = mine.flatMap(({ placement: { endpoint } }) => greetedBy(endpoint) ?? []);
    const names = [...new Set([...allowed.map(({ endpoint }) => String(endpoint.host)), ...receivers])];
    await writeFile(join(held.folder, allowListFile), `${names.join("\n")}\n`);
    await writeFile(join(held.folder, greetingsFile), "4 exact\n6 exact\n");
    const listen = mine.flatMap(({ placement: { address, port } }) =>
      [address[4], address[6]].map((host) => ({ host, port })),
    );
    const script = join(import.meta.dirname, "proxy-script.ts");
    const files = { allowList: join(job.work, allowListFile), greetings: join(job.work, greetingsFile) };
    await serveOn(held, script, { listen, ...files });
  },
};
