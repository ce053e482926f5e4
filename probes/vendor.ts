import { z } from "zod";
import { HostName, Port } from "../core/residency-map.ts";
import type { Outcome } from "../core/vocabulary.ts";
import { loadVendors } from "../vendors/catalogue.ts";
import { brokenConnection } from "./attempt.ts";
import { newCanary } from "./canary.ts";
import { defineProbe, type TryContext } from "./probe.ts";
import { openTls, requestOver } from "./tls-request.ts";
import { openTunnel, refusedByProxy, tunnelHost } from "./tunnel.ts";

const VendorEndpoint = z.strictObject({
  vendor: z.string().min(1).describe("The id of the vendor's record; `ringfence vendors` lists them"),
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

const send = {
  family: "send",
  routes: ["name", "address"],
  credentials: ["none"],
  goal: "tls",
  everyEndpoint: true,
} as const;

const vendors = new Map(loadVendors().map((vendor) => [vendor.id, vendor]));

/** A third party that takes data over HTTPS. What is sent has no key and holds a canary, so that it costs
 *  nothing and leaves nothing; that it arrives is the leak, whatever the vendor then says to it. */
export const vendor = defineProbe({
  kind: "vendor",
  endpoint: VendorEndpoint,
  stopBy: "network",
  checks: [
    {
      ...send,
      probe: "vendor",
      contacts: "target",
      proves: "nothing can be sent to the vendor's endpoints in other jurisdictions",
    },
    {
      ...send,
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
    const { item, target, ladder } = context;
    const socket = item.probe === "vendor-proxy" ? await tunnelTo(context) : ladder.socket();
    const connected = item.probe === "vendor-proxy" ? {} : { address: context.address, port: target.port };
    const secure = await openTls(ladder, { socket, servername: target.host, ...connected });
    const { request } = vendors.get(target.vendor) ?? {};
    const answer = await requestOver(secure, {
      host: target.host,
      method: request?.method ?? "GET",
      path: request?.path ?? "/",
      body: request?.body?.replaceAll("{canary}", newCanary()),
      contentType: request?.contentType,
    });
    return { outcome: outcomeOf(answer.status) };
  },
  explain: (error, ladder) =>
    brokenConnection(error, ladder) ?? refusedByProxy(error) ?? { kind: "faulted", code: codeOf(error) },
});

async function tunnelTo(context: TryContext<VendorEndpoint>) {
  const { address, ladder, own, target } = context;
  return openTunnel(ladder, {
    proxy: { address, port: own.proxy?.port ?? 0 },
    to: { host: tunnelHost(context), port: target.port },
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
