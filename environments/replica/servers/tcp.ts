import { join } from "node:path";
import { serveOn } from "../host-server.ts";
import type { KindServer } from "../servers.ts";

export const server: KindServer = {
  async serve(_boot, mine, held) {
    const places = mine.flatMap(({ placement: { address, port } }) => [
      { host: address[4], port },
      { host: address[6], port },
    ]);
    await serveOn(held, join(import.meta.dirname, "tcp-script.ts"), places);
  },
};
