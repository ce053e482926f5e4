import { isIP } from "node:net";
import { z } from "zod";
import { HostName, Port } from "../core/residency-map.ts";

export const ProxyEndpoint = z.strictObject({
  host: HostName,
  port: Port.default(3128),
  allowed: z
    .strictObject({ host: HostName, port: Port.default(443) })
    .describe("A destination to which the proxy must carry; the control asks for it"),
  greetings: z
    .strictObject({
      receiver: z
        .strictObject({
          host: HostName.refine((host) => isIP(host) === 0, "a name, for an address greets by none"),
          port: Port.default(443),
        })
        .describe("One's own, outside of all regions: every proxy carries to it, and it bears any name"),
      arrivals: z
        .url({ protocol: /^https?$/ })
        .describe("Where it says what it was sent, asked from outside of all regions only"),
    })
    .optional(),
});
export type ProxyEndpoint = z.infer<typeof ProxyEndpoint>;
