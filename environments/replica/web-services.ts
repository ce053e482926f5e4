import { RingfenceError } from "../../core/errors.ts";
import type { Role } from "../../fixtures/web-service/service.ts";
import { credentialOf, type Provision } from "./provision.ts";
import type { Addresses, Topology } from "./topology.ts";

/** One of a company's own HTTP services, as the process that serves it is told. */
export interface PlannedService {
  behaviour: "search-index" | "vector-store" | "data-plane" | "documents";
  host: string;
  region: string;
  address: Addresses;
  port: number;
  tls: boolean;
  tokens: [token: string, role: Role][];
  canary: string;
  /** Where the canary is served; first the path at which the map says so. */
  canaryPaths: [string, ...string[]];
  /** Data planes only: tenants that are being moved away. */
  moving: string[];
  /** Data planes only: where each tenant lives. */
  directory: Record<string, { host: string; region: string; address: string; port: number }>;
  /** Documents only: what it answers elsewhere. */
  pages: Record<string, unknown>;
}

export function planService(
  topology: Topology,
  provision: Provision,
  { jurisdiction }: { jurisdiction: string },
): PlannedService {
  const { placement, canary } = provision;
  const { endpoint, region, address, port } = placement;
  const tokenOf = (role: string) => credentialOf(provision, role).token ?? "";
  return {
    behaviour: behaviourOf(provision),
    host: String(endpoint.host),
    region,
    address,
    port,
    tls: endpoint.tls !== false,
    tokens: [
      [tokenOf("own"), "user"],
      [tokenOf("canary"), "reader"],
      [tokenOf("auditor"), "auditor"],
    ],
    canary,
    canaryPaths: [String(endpoint.canaryPath), ...residents(endpoint)],
    moving: tenantsOf(endpoint).slice(0, 1),
    directory: directoryOf(topology, provision),
    pages: pagesOf(provision, jurisdiction.toLowerCase()),
  };
}

/** The tenants between which a freeze has to tell: first the one that is being moved. */
function tenantsOf({ moving }: Record<string, unknown>): string[] {
  const { tenant, settled } = (moving ?? {}) as Record<string, string>;
  return tenant && settled ? [tenant, settled] : [];
}

/** Where each of them has the region's canary. */
function residents(endpoint: Record<string, unknown>): string[] {
  const { holds = "" } = (endpoint.moving ?? {}) as Record<string, string>;
  return tenantsOf(endpoint).map((tenant) => holds.replaceAll("{tenant}", tenant));
}

/** An LLM gateway's routes and its answer to any prompt; an admin panel's backends. */
function pagesOf({ placement: { endpoint, region } }: Provision, geo: string): Record<string, unknown> {
  const { providersPaths, linksPaths, answer } = endpoint as {
    providersPaths?: string[];
    linksPaths?: string[];
    answer?: { path: string };
  };
  const routes = [
    {
      model_name: "assistant",
      params: { model: "openai/gpt-5-mini", api_base: `https://${geo}.api.openai.com/v1` },
    },
    { model_name: "fallback", params: { model: `bedrock/${geo}.anthropic.claude-sonnet-4-5-v1:0`, region } },
  ];
  return {
    ...Object.fromEntries((providersPaths ?? []).map((path) => [path, { data: routes }])),
    ...Object.fromEntries((linksPaths ?? []).map((path) => [path, { backends: [endpoint.host] }])),
    ...(answer ? { [answer.path]: { choices: [], usage: { inference_geo: geo } } } : {}),
  };
}

/** What the replica can play, by the path of the canary in the map. */
function behaviourOf({ placement: { system, endpoint } }: Provision): PlannedService["behaviour"] {
  const path = String(endpoint.canaryPath);
  if (/^\/tenants\/[^/]+\/[^/]+$/.test(path)) return "data-plane";
  if (/^\/collections\/[^/]+\/points\/[^/]+$/.test(path)) return "vector-store";
  if (/^\/[^/]+\/_doc\/[^/]+$/.test(path)) return "search-index";
  if (/^\/[^/]+\/[^/]+\/[^/]+$/.test(path)) return "documents";
  throw new RingfenceError(
    "REPLICA_UNSUPPORTED",
    `the replica knows no service that keeps the canary of "${system.id}" at ${path}`,
    {
      fix: "use /INDEX/_doc/ID, /collections/NAME/points/ID, /tenants/ID/NAME or /A/COLLECTION/ID in the map that it runs",
    },
  );
}

function directoryOf(topology: Topology, { placement }: Provision): PlannedService["directory"] {
  const everywhere = topology.placements.filter(({ system }) => system === placement.system);
  return Object.fromEntries(
    everywhere.map(({ endpoint, region, address, port }) => [
      String(endpoint.canaryPath).split("/")[2] ?? "",
      { host: String(endpoint.host), region, address: address[4], port },
    ]),
  );
}
