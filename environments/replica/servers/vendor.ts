import { join } from "node:path";
import { serveOn } from "../host-server.ts";
import type { KindServer } from "../servers.ts";

/** Every endpoint of every vendor of the map, under its real name. */
export const server: KindServer = {
  async serve({ authority, job }, _mine, held) {
    const script = join(import.meta.dirname, "vendor-script.ts");
    await serveOn(held, script, { cert: authority.ca, key: authority.key, work: job.work });
  },
};
