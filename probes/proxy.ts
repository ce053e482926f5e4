import { isIP, type Socket } from "node:net";
import { outside } from "../core/residency-map.ts";
import { height, type Outcome } from "../core/vocabulary.ts";
import { askArrivals } from "./arrivals.ts";
import { brokenConnection } from "./attempt.ts";
import { defineProbe, type TryContext } from "./probe.ts";
import { ProxyEndpoint } from "./proxy-endpoint.ts";
import { greet, greetingChecks } from "./proxy-greetings.ts";
import { connectTcp, tcpCheck } from "./tcp.ts";
import { openTls } from "./tls-request.ts";
import { listen, refusedByProxy, throughTunnel, tunnelHost } from "./tunnel.ts";

/** The region's HTTP CONNECT proxy: nobody else's may be used, and its own carries nothing into a region. */
export const proxy = defineProbe({
  kind: "proxy",
  endpoint: ProxyEndpoint,
  stopBy: "network",
  checks: [
    tcpCheck,
    {
      probe: "proxy-tunnel",
      family: "trespass",
      routes: ["name", "address"],
      credentials: ["none"],
      goal: "network",
      contacts: "own",
      aliveBy: "tcp",
      proves: "the own proxy carries nobody into another region",
    },
    {
      probe: "proxy-systems",
      family: "trespass",
      routes: ["name", "address"],
      credentials: ["none"],
      goal: "network",
      contacts: "own",
      aliveBy: "tcp",
      everySystem: true,
      proves: "the own proxy carries nobody to any system of another region",
    },
    ...greetingChecks,
  ],
  contact: (endpoint, { from }) =>
    from.region === outside && endpoint.greetings ? endpoint.greetings.receiver : endpoint,
  async run(context) {
    const { item, address, target, ladder } = context;
    if (item.witnessed) return { outcome: await greet(context) };
    if (item.probe === "tcp") await connectTcp(ladder, { address, port: target.port });
    else await tunnelThrough(context);
    return { outcome: { kind: "reached", rung: "network" } };
  },
  explain: (error, ladder): Outcome =>
    refusedByProxy(error) ??
    brokenConnection(error, ladder) ?? {
      kind: "faulted",
      code: (error as NodeJS.ErrnoException).code ?? "UNKNOWN",
    },
  arrivals: async ({ greetings }) => askArrivals(greetings?.arrivals ?? "nobody"),
});

/** Whoever speaks TLS answers a greeting with something, were it only a complaint; of the rest nobody knows. */
async function tunnelThrough(context: TryContext<ProxyEndpoint>): Promise<void> {
  const { item, address, own, ladder } = context;
  const to = destination(context);
  const servername = isIP(to.host) === 0 ? to.host : "";
  const greets = item.probe === "proxy-tunnel" || item.role === "control";
  const tunnel = { proxy: { address, port: own.port }, to };
  const greet = async (socket: Socket) => void (await openTls(ladder, { servername, over: socket }));
  await throughTunnel(ladder, tunnel, greets ? greet : listen).catch((error: unknown) => {
    if (height(ladder.climbed) < height("network")) throw error;
  });
}

function destination(context: TryContext<ProxyEndpoint>): { host: string; port: number } {
  const { item, own, target } = context;
  return item.role === "control" ? own.allowed : { host: tunnelHost(context), port: target.port };
}
