import { endpointOf, homesOf, type ResidencyMap, type System } from "./residency-map.ts";
import { endpointFor, hostOf, type Vendor } from "./vendors.ts";

/** An endpoint of a vendor at which a region's data must not arrive. */
export interface ForeignEndpoint {
  host: string;
  jurisdiction: string;
}

/** Every endpoint of the system's vendor that no source puts into the region's jurisdiction, but for those
 *  that are the system's own in some region: these are attempted as that region's. */
export function foreignEndpoints(
  region: string,
  { system, map, vendors }: { system: System; map: ResidencyMap; vendors: readonly Vendor[] },
): ForeignEndpoint[] {
  const vendor = vendorOf(system, vendors);
  if (!vendor) return [];
  const own = homesOf(system, map).map((home) => String(endpointOf(system, home).host));
  const account = accountOf(system, region);
  return vendor.endpoints.flatMap((endpoint) => {
    const host = hostOf(endpoint, account);
    const domestic = endpoint.verified && endpoint.jurisdiction === map.regions[region]?.jurisdiction;
    return host === null || domestic || own.includes(host)
      ? []
      : [{ host, jurisdiction: endpoint.jurisdiction }];
  });
}

/** Why a region's own endpoint at a vendor cannot be relied upon, or some of the vendor's cannot be tried. */
export function vendorDoubts(
  region: string,
  { system, map, vendors }: { system: System; map: ResidencyMap; vendors: readonly Vendor[] },
): string[] {
  if (typeof system.endpoint.vendor !== "string") return [];
  const vendor = vendorOf(system, vendors);
  if (!vendor) return [`there is no record of a vendor "${system.endpoint.vendor}"`];
  const account = accountOf(system, region);
  const unnamed = vendor.endpoints.filter((endpoint) => hostOf(endpoint, account) === null);
  const missing = unnamed.map(({ host }) => `the map does not say what stands for the braces in ${host}`);
  return [...missing, ...homeDoubts(region, { system, map, vendor })];
}

/** Every host at which one of the map's vendors takes data. */
export function vendorHosts(map: ResidencyMap, vendors: readonly Vendor[]): string[] {
  const hosts = map.systems.flatMap((system) =>
    Object.keys(map.regions).flatMap((region) =>
      (vendorOf(system, vendors)?.endpoints ?? []).flatMap(
        (endpoint) => hostOf(endpoint, accountOf(system, region)) ?? [],
      ),
    ),
  );
  return [...new Set(hosts)];
}

function homeDoubts(
  region: string,
  { system, map, vendor }: { system: System; map: ResidencyMap; vendor: Vendor },
): string[] {
  const here = endpointOf(system, region);
  if (!homesOf(system, map).includes(region)) return [];
  const host = String(here.host);
  const known = endpointFor(vendor, host, accountOf(system, region));
  const stated = known?.verified === true && /^[A-Z]{2}$/.test(known.jurisdiction);
  if (!stated && isVouchedFor(system, region)) return [];
  if (!known) return [`${host} is not in the record of ${vendor.name}, and nobody vouches for its place`];
  if (!known.verified)
    return [`no source says where ${vendor.name} keeps what ${host} is sent, and nobody vouches for it`];
  const jurisdiction = map.regions[region]?.jurisdiction;
  return known.jurisdiction === jurisdiction
    ? []
    : [`${vendor.name} keeps what ${host} is sent in ${known.jurisdiction}, not in ${jurisdiction}`];
}

/** A word for one host is none for another. */
function isVouchedFor({ endpoint, perRegion }: System, region: string): boolean {
  const { host, vouchedBy } = perRegion?.[region] ?? {};
  return vouchedBy !== undefined || (host === undefined && endpoint.vouchedBy !== undefined);
}

function vendorOf(system: System, vendors: readonly Vendor[]): Vendor | undefined {
  return vendors.find(({ id }) => id === system.endpoint.vendor);
}

/** Each region may have an account of its own. */
function accountOf(system: System, region: string): Record<string, string> {
  return (endpointOf(system, region).account ?? {}) as Record<string, string>;
}
