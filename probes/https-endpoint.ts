import type { Agent } from "node:http";
import { z } from "zod";
import { HostName, Port, SecretReference } from "../core/residency-map.ts";
import type { HttpAnswer } from "./http.ts";
import { request } from "./http.ts";
import type { TryContext } from "./probe.ts";

const HttpPath = z.string().regex(/^\/[!-~]*$/, "a path of a URL, such as /orders/_doc/ringfence-canary");
const TenantPath = HttpPath.regex(/\{tenant\}/, "a path with {tenant}, which stands for a region's id");
const token = z.strictObject({ token: SecretReference });

const Moving = z.strictObject({
  tenant: z
    .string()
    .regex(/^[\w.{}-]{1,120}$/)
    .describe("A canary tenant of the region that is held in the middle of a move"),
  settled: z
    .string()
    .regex(/^[\w.{}-]{1,120}$/)
    .describe("A canary tenant of the region that is not moving"),
  holds: TenantPath.describe("Answers with the canary of such a tenant; {tenant} stands for the tenant's id"),
  path: TenantPath.regex(/\{token\}/, "a path with {token}, which stands for 32 hexadecimal digits").describe(
    "One document of a tenant: PUT writes it, GET reads it, DELETE removes it",
  ),
  body: z
    .string()
    .max(2000)
    .default('{"ringfence":"{token}"}')
    .describe("JSON; {token} stands for other digits than in the path"),
  refusals: z
    .array(z.union([z.literal(403), z.literal(409), z.literal(423), z.literal(503)]))
    .min(1)
    .describe("The statuses by which a moving tenant's writes are refused"),
});
export type Moving = z.infer<typeof Moving>;

export const HttpsEndpoint = z.strictObject({
  host: HostName,
  port: Port.default(443),
  tls: z.boolean().default(true).describe("false for an emulator that speaks plain HTTP"),
  tokenHeader: z
    .string()
    .regex(/^[A-Za-z][A-Za-z-]*: [ -~]*\{token\}$/, 'a header, such as "api-key: {token}"')
    .default("Authorization: Bearer {token}"),
  canaryPath: HttpPath.describe("Answers with the canary somewhere in its body"),
  searchPath: HttpPath.optional().describe(
    "A query that finds every canary, wherever it lies; at most 1 MiB of answer",
  ),
  searchBody: z.string().optional().describe("JSON that is posted to searchPath; a GET when left out"),
  linksPaths: z
    .array(HttpPath)
    .min(1)
    .optional()
    .describe("JSON that names remote clusters, peers, providers"),
  providersPaths: z
    .array(HttpPath)
    .min(1)
    .optional()
    .describe("JSON or settings that name the vendors, models and fallbacks that a gateway sends to"),
  answer: z
    .strictObject({
      path: HttpPath,
      body: z.string().max(2000).describe("A prompt as small as can be: a model at a vendor answers it"),
      at: z
        .string()
        .min(1)
        .max(100)
        .default("inference_geo")
        .describe("The key whose value says where it ran"),
    })
    .optional(),
  deliveries: z
    .strictObject({
      path: HttpPath.describe("Where one test event is ordered"),
      body: z
        .string()
        .max(2000)
        .default('{"url":"{url}"}')
        .describe("JSON; {url} stands for where it is to go"),
      receiver: z
        .url({ protocol: /^https$/ })
        .describe("Takes the test event; whoever it came from is written down"),
      arrivals: z
        .url({ protocol: /^https?$/ })
        .describe("Where the receiver says what it was sent, and from where"),
    })
    .optional(),
  placePath: HttpPath.optional().describe("JSON with the region or address that the service says it is at"),
  publicPlacePath: HttpPath.optional().describe("The same, of a service on public addresses"),
  tenants: z
    .strictObject({
      path: TenantPath.describe("The canary tenant of a region; of the own region it answers the canary"),
      token: SecretReference.describe("What opens it at home; {TENANT} is the region's id in capitals"),
    })
    .optional(),
  cookie: z
    .strictObject({
      path: HttpPath.describe("Answers with the session cookie"),
      elsewhere: HostName.describe("The host of another region's own service; {tenant} is the region's id"),
    })
    .optional(),
  moving: Moving.optional().describe("Tries to write for a tenant that is being moved"),
  directoryPath: HttpPath.optional().describe("The routing table: it names every region, and no customer"),
  log: z
    .strictObject({
      path: HttpPath.describe("The newest lines of the request log"),
      postTo: TenantPath.describe(
        "Where a body for another region's tenant is posted, and has to be refused",
      ),
    })
    .optional(),
  credentials: z.strictObject({
    own: token.describe("What the region's workload presents"),
    canary: token.describe("Reads canaryPath and nothing else; the other regions try it"),
    auditor: token.describe("May read the paths above in its own region"),
  }),
});
export type HttpsEndpoint = z.infer<typeof HttpsEndpoint>;
export type HttpsContext = TryContext<HttpsEndpoint>;

export interface Question {
  path: string;
  /** A reference; looked up here, so that no secret is passed around. */
  token: string;
  post?: { type: string; body: string };
  /** When left out: GET, or POST with `post`. */
  method?: "GET" | "POST" | "PUT" | "DELETE";
}

/** Asks `endpoint` one question at the literal address of the try; with an `agent`, over its connection. */
export function ask(
  { address, ladder, secret, agent }: Pick<HttpsContext, "address" | "ladder" | "secret"> & { agent?: Agent },
  { host, port, tls, tokenHeader }: HttpsEndpoint,
  { path, token, post, method = post ? "POST" : "GET" }: Question,
): Promise<HttpAnswer> {
  const [header = "", value = ""] = tokenHeader.split(/: (.*)/s);
  return request({
    address,
    ladder,
    host,
    port,
    tls,
    path,
    headers: {
      accept: "application/json, */*",
      [header]: value.replace("{token}", () => secret(token)),
      ...(post ? { "content-type": post.type } : {}),
    },
    method,
    ...(post ? { body: post.body } : {}),
    ...(agent ? { agent } : {}),
  });
}

/** `{tenant}` and `{TENANT}` stand for another region, as `{region}` and `{REGION}` do for the own one. */
export function forTenant(template: string, region: string): string {
  const capitals = region.toUpperCase().replaceAll("-", "_");
  return template.replaceAll("{tenant}", region).replaceAll("{TENANT}", capitals);
}
