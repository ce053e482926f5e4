import { z } from "zod";
import type { Vendor } from "./vendors.ts";

/** Where hosts are that are no region's own, and where SDKs go by themselves. */
export const Atlas = z.strictObject({
  /** Jurisdiction by host, as a source of the vendor says. */
  hosts: z.record(z.string(), z.string()),
  /** By the name of a variable: the host that applies where it is not set; null: none, and nothing is sent. */
  defaults: z.record(z.string(), z.string().nullable()),
});
export type Atlas = z.infer<typeof Atlas>;

/** opentelemetry.io/docs/specs/otel/protocol/exporter, "Configuration Options". */
const standardDefaults = { OTEL_EXPORTER_OTLP_ENDPOINT: "localhost" };

export function atlasOf(vendors: readonly Vendor[]): Atlas {
  const endpoints = vendors.flatMap((vendor) => vendor.endpoints);
  const settings = vendors.flatMap((vendor) => vendor.settings);
  return {
    defaults: byName([
      ...Object.entries(standardDefaults),
      ...settings.map(({ name, default: host = null }): [string, string | null] => [name, host]),
    ]),
    hosts: byName(
      endpoints
        .filter(({ verified, host }) => verified && !host.includes("{"))
        .map(({ host, jurisdiction }): [string, string] => [host, jurisdiction]),
    ),
  };
}

/** In the order of the alphabet: a plan holds it many times, and its canonical JSON then needs no sorting. */
function byName<T>(entries: readonly [string, T][]): Record<string, T> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** What is known of a host: its own jurisdiction, or that of the known name it is below, which says where it
 *  may be and not that it is there. */
export function jurisdictionOf(
  host: string,
  { hosts }: Atlas,
): { jurisdiction: string; exact: boolean } | undefined {
  const labels = host.split(".");
  const names = labels.map((_, index) => labels.slice(index).join("."));
  const known = names.find((name) => Object.hasOwn(hosts, name));
  const jurisdiction = known === undefined ? undefined : hosts[known];
  return jurisdiction === undefined ? undefined : { jurisdiction, exact: known === host };
}
