import { z } from "zod";
import { LeakPath } from "./vocabulary.ts";

const text = z.string().trim().min(1).max(600);

/** `{account}` and the like stand for what differs by customer; the map fills them in. */
const HostPattern = z
  .string()
  .regex(
    /^[a-z0-9{]([a-z0-9{}-]*)(\.[a-z0-9{}-]+)+$/,
    "a host name in lower case; {account} for what differs by customer",
  );

/** Where data sent to a host ends up: a country or union by its short name ("EU", "US", "AU"), "global"
 *  where the vendor promises no place, "varies" where the customer's contract says it and the host does not. */
const Jurisdiction = z.string().regex(/^([A-Z]{2}|global|varies|unknown)$/);

export const VendorEndpoint = z.strictObject({
  host: HostPattern,
  jurisdiction: Jurisdiction,
  region: text.describe("The vendor's own word for it"),
  purpose: text,
  default: z.boolean().default(false).describe("What an SDK uses that nobody configured"),
  verified: z.boolean().describe("Whether a source of the vendor says so; otherwise never relied upon"),
});
export type VendorEndpoint = z.infer<typeof VendorEndpoint>;

/** A request that costs nothing and leaves nothing: no key, and a canary in place of data. */
const HarmlessRequest = z.strictObject({
  method: z.enum(["GET", "POST"]).default("GET"),
  path: z.string().startsWith("/").default("/"),
  contentType: z.string().optional(),
  body: z.string().max(2000).optional().describe("{canary} stands for an unguessable text"),
});

export const Vendor = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{1,40}$/),
  name: text,
  path: LeakPath.describe("The leak path it belongs to, unless the map says otherwise"),
  category: text,
  request: HarmlessRequest.default({ method: "GET", path: "/" }),
  endpoints: z.array(VendorEndpoint).min(1).max(60),
  settings: z
    .array(z.strictObject({ name: text, default: text.optional() }))
    .default([])
    .describe("Environment variables that its SDKs read, and what they use without"),
  notes: z.string().max(1500).default(""),
  sources: z.array(text),
  checked: z.iso.date().describe("When the sources were read"),
});
export type Vendor = z.infer<typeof Vendor>;

/** The host, its placeholders filled in; null where the map does not say with what. */
export function hostOf({ host }: VendorEndpoint, account: Readonly<Record<string, string>>): string | null {
  if (!host.includes("{")) return host;
  const filled = host.replaceAll(/\{([a-z]+)\}/g, (whole, key: string) => account[key] ?? whole);
  return filled.includes("{") ? null : filled;
}

/** The endpoint of a host. A host below a known one may be anywhere: its name alone says nothing. */
export function endpointFor(
  vendor: Vendor,
  host: string,
  account: Readonly<Record<string, string>>,
): VendorEndpoint | undefined {
  return vendor.endpoints.find((endpoint) => hostOf(endpoint, account) === host);
}
