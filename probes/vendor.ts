import type { Socket } from "node:net";
import { z } from "zod";
import { HostName, Port } from "../core/residency-map.ts";
import type { Vendor } from "../core/vendors.ts";
import type { Outcome } from "../core/vocabulary.ts";
import { loadVendor } from "../vendors/catalogue.ts";
import { brokenConnection } from "./attempt.ts";
import { newCanary } from "./canary.ts";
import { defineProbe, type TryContext } from "./probe.ts";
import { openTls, requestOver } from "./tls-request.ts";
import { refusedByProxy, throughTunnel, tunnelHost } from "./tunnel.ts";

const VendorEndpoint = z.strictObject({
  vendor: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,40}$/, "the id of a vendor record")
    .describe("The id of the vendor's record; `ringfence vendors` lists them"),
  host: HostName.describe("Where this region's data goes"),
  port: Port.default(443),
  account: z
    .record(z.string(), z.string())
    .default({})
    .describe("What stands for the {braces} in the vendor's host names"),
  vouchedBy: z
    .string()
    .min(1)
    .optional()
    .describe("Who vouches that this host keeps data in the region, where no source of the vendor says so"),
  proxy: z
    .strictObject({ host: HostName, port: Port })
    .optional()
    .describe("The region's HTTP CONNECT proxy, by which every endpoint is tried as well"),
});
type VendorEndpoint = z.infer<typeof VendorEndpoint>;

const check = {
  family: "send",
  routes: ["name", "address"],
  credentials: ["none"],
  goal: "tls",
  everyEndpoint: true,
} as const;

const requests = new Map<string, Vendor["request"]>();

function requestOf(vendor: string): Vendor["request"] {
  const known = requests.get(vendor) ?? loadVendor(vendor).request;
  requests.set(vendor, known);
  return known;
}

/** A third party that takes data over HTTPS. What is sent has no key and holds a canary, so that it costs
 *  nothing and leaves nothing; that it arrives is the leak, whatever the vendor then says to it. */
export const vendor = defineProbe({
  kind: "vendor",
  endpoint: VendorEndpoint,
  stopBy: "network",
  checks: [
    {
      ...check,
      probe: "vendor",
      contacts: "target",
      proves: "nothing can be sent to the vendor's endpoints in other jurisdictions",
    },
    {
      ...check,
      probe: "vendor-proxy",
      contacts: "own",
      aliveBy: "vendor",
      needs: "proxy",
      proves: "the own proxy carries nothing to the vendor's endpoints in other jurisdictions",
    },
  ],
  contact: (endpoint, { probe }) =>
    probe === "vendor-proxy" && endpoint.proxy
      ? endpoint.proxy
      : { host: endpoint.host, port: endpoint.port },
  async run(context) {
    const { item, address, target, ladder } = context;
    const status =
      item.probe === "vendor-proxy"
        ? await throughTunnel(ladder, tunnelFor(context), (socket) => send(context, socket))
        : await send(context, { address, port: target.port });
    return { outcome: outcomeOf(status) };
  },
  explain: (error, ladder) =>
    refusedByProxy(error) ?? brokenConnection(error, ladder) ?? { kind: "faulted", code: codeOf(error) },
});

function tunnelFor(context: TryContext<VendorEndpoint>) {
  const { address, own, target } = context;
  return {
    proxy: { address, port: own.proxy?.port ?? 0 },
    to: { host: tunnelHost(context), port: target.port },
  };
}

/** Gives the status of the vendor's answer. */
async function send(
  { target, ladder }: TryContext<VendorEndpoint>,
  over: { address: string; port: number } | Socket,
): Promise<number> {
  const request = requestOf(target.vendor);
  const secure = await openTls(ladder, { servername: target.host, over });
  return requestOver(secure, {
    host: target.host,
    method: request.method,
    path: request.path,
    body: request.body?.replaceAll("{canary}", newCanary()),
    contentType: request.contentType,
  });
}

/** Gateways speak for others; everything else is the vendor's own word, whose name the certificate proves. */
const fromGateways = new Set([407, 502, 503, 504]);

function outcomeOf(status: number): Outcome {
  if (fromGateways.has(status)) return { kind: "faulted", code: `HTTP_${status}` };
  return { kind: "reached", rung: "tls" };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "UNKNOWN";
}
