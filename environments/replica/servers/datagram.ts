import { join } from "node:path";
import { arrivalsPort } from "../arrivals-port.ts";
import { serveOn } from "../host-server.ts";
import type { KindServer } from "../servers.ts";

export const server: KindServer = {
  async serve(_boot, mine, held) {
    const collectors = mine.map(({ placement: { address, port, endpoint } }) => ({
      addresses: [address[4], address[6]],
      port,
      arrivals: arrivalsPort(endpoint),
    }));
    await serveOn(held, join(import.meta.dirname, "datagram-script.ts"), collectors);
  },
};
