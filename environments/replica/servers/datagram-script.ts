import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Arrivals } from "../../../fixtures/receivers/arrivals.ts";
import { takeJob } from "../host-jobs.ts";

/** Collectors over UDP, which keep what was marked as Ringfence's and say so over HTTP. */
const collectors = takeJob<
  {
    addresses: string[];
    port: number;
    arrivals: number;
  }[]
>(import.meta.filename);
for (const { addresses, port, arrivals } of collectors) {
  const seen = new Arrivals();
  for (const address of addresses) {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.on("message", (message, from) => seen.note(message.toString("latin1"), from.address));
    socket.bind(port, address);
    await once(socket, "listening");
    await seen.serve({ address, port: arrivals });
  }
}
