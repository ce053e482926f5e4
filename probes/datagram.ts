import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { z } from "zod";
import { HostName, Port } from "../core/residency-map.ts";
import { askArrivals } from "./arrivals.ts";
import { networkOutcome, within } from "./attempt.ts";
import { defineProbe } from "./probe.ts";

/** What is put into one datagram; harmless to whoever understands it. */
const payloads = {
  statsd: (token) => `ringfence.canary:1|c|#token:ringfence-${token}`,
  syslog: (token) => `<14>1 - ringfence ringfence - - - ringfence-${token}`,
  gelf: (token) => JSON.stringify({ version: "1.1", host: "ringfence", short_message: `ringfence-${token}` }),
  text: (token) => `ringfence-${token}`,
} satisfies Record<string, (token: string) => string>;

const DatagramEndpoint = z.strictObject({
  host: HostName,
  port: Port,
  format: z.enum(["statsd", "syslog", "gelf", "text"]).default("text"),
  arrivals: z
    .url({ protocol: /^http$/, error: "an address that begins with http://" })
    .describe("Where the receiver says what it was sent, asked from its own region only"),
});

/** A collector over UDP. The sender never knows whether anything arrived, so its receiver is the witness. */
export const datagram = defineProbe({
  kind: "datagram",
  endpoint: DatagramEndpoint,
  stopBy: "network",
  checks: [
    {
      probe: "datagram",
      family: "send",
      routes: ["name", "address"],
      credentials: ["none"],
      goal: "network",
      contacts: "target",
      repeats: 5,
      witnessed: true,
      proves: "no datagram arrives at the far collector, by the collector's own word",
    },
  ],
  contact: (endpoint) => endpoint,
  async run({ address, target, token }) {
    await sendDatagram({ address, port: target.port }, Buffer.from(payloads[target.format](token)));
    return { outcome: { kind: "silent", rung: "network" } };
  },
  explain: (error) => networkOutcome(error as NodeJS.ErrnoException),
  arrivals: ({ arrivals }) => askArrivals(arrivals),
});

/** How long a refusal by ICMP may take: there and back, between the furthest regions. */
const refusalMs = 300;

/** Over a connected socket, for only that is told when the own kernel, or somebody by ICMP, refuses. */
export async function sendDatagram(to: { address: string; port: number }, payload: Buffer): Promise<void> {
  const socket = createSocket(to.address.includes(":") ? "udp6" : "udp4");
  try {
    socket.connect(to.port, to.address);
    await once(socket, "connect");
    const refused = once(socket, "error").then(([error]) => Promise.reject(error as Error));
    await Promise.race([sent(socket, payload).then(() => within(refusalMs, refused)), refused]);
  } finally {
    socket.on("error", () => {});
    socket.close();
  }
}

function sent(socket: Socket, payload: Buffer): Promise<void> {
  return new Promise((done, fail) => socket.send(payload, (error) => (error ? fail(error) : done())));
}
