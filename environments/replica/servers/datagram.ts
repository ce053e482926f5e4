import { join } from "node:path";
import { scriptArguments } from "../../node-script.ts";
import { arrivalsPort } from "../arrivals-port.ts";
import { onHost, said, start } from "../namespace.ts";
import type { KindServer } from "../servers.ts";

export const server: KindServer = {
  async serve(_boot, mine, held) {
    const collectors = mine.map(({ placement: { address, port, endpoint } }) => ({
      addresses: [address[4], address[6]],
      port,
      arrivals: arrivalsPort(endpoint),
    }));
    const script = scriptArguments(join(import.meta.dirname, "datagram-process.ts"));
    const receiver = start(onHost(held, [process.execPath, ...script]));
    receiver.stdin?.end(JSON.stringify(collectors));
    await said(receiver, "serving", "the collectors");
  },
};
