import type { Socket } from "node:net";
import { z } from "zod";
import { type Check, HostName, Port } from "../core/residency-map.ts";
import type { Ladder } from "./ladder.ts";
import { defineProbe } from "./probe.ts";

/** A bare TCP connection. Other kinds carry this check too: it says nothing, so it can harm nothing. */
export const tcpCheck: Check = {
  probe: "tcp",
  family: "trespass",
  proves: "no TCP connection reaches the far system",
  routes: ["name", "address"],
  credentials: ["none"],
  goal: "network",
  contacts: "target",
  repeats: 8,
};

/** Resolves once the three-way handshake completes; rejects with the socket's own error. */
export function connectTcp(ladder: Ladder, to: { address: string; port: number }): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = ladder.socket();
    socket.once("connect", () => done(socket));
    socket.once("error", fail);
    socket.connect({ host: to.address, port: to.port, autoSelectFamily: false });
  });
}

/** Any system that Ringfence has no client for: reaching its port is the breach. */
export const tcp = defineProbe({
  kind: "tcp",
  endpoint: z.strictObject({ host: HostName, port: Port }),
  stopBy: "network",
  checks: [tcpCheck],
  contact: (endpoint) => endpoint,
  async run({ address, target, ladder }) {
    await connectTcp(ladder, { address, port: target.port });
    return { outcome: { kind: "reached", rung: "network" } };
  },
  explain: (error) => ({ kind: "faulted", code: (error as NodeJS.ErrnoException).code ?? "UNKNOWN" }),
});
