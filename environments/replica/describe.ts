import { sha256 } from "../../core/digest.ts";
import { outside, type ResidencyMap } from "../../core/residency-map.ts";
import { firewall } from "./fabric.ts";
import type { InitReport } from "./init.ts";
import { credentialOf, type Provision } from "./provision.ts";
import type { KindServer } from "./servers.ts";
import type { ReplicaState } from "./state.ts";

/** What the replica's first process reported, as seen from outside of its namespaces. */
export function stateOf(
  report: InitReport,
  {
    map,
    privilege,
    work,
    pids,
    servers,
  }: {
    map: ResidencyMap;
    privilege: readonly string[];
    work: string;
    pids: Map<number, number>;
    servers: Map<string, KindServer>;
  },
): ReplicaState {
  const regions = Object.keys(map.regions);
  const { provisions } = report;
  const homed = (region: string) => provisions.filter(({ placement }) => placement.region === region);
  const outer = (inner: number) => pids.get(inner) ?? 0;
  const corePid = outer(1);
  return {
    environment: "replica",
    privilege: [...privilege],
    firewall: { ...firewall },
    hosts: Object.fromEntries(
      report.hosts.map(({ name, pid, addresses }) => [
        name,
        { pid: outer(pid), ...(addresses.length > 0 ? { addresses } : {}) },
      ]),
    ),
    systems: Object.fromEntries(
      provisions.map((one) => [
        `${one.placement.region}/${one.placement.system.id}`,
        systemState(one, servers),
      ]),
    ),
    names: Object.fromEntries(
      [...regions, outside].map((region) => [region, `/proc/${corePid}/root${work}/names/${region}.hosts`]),
    ),
    work,
    ca: report.ca,
    planted: Object.fromEntries(
      regions.map((region) => [
        region,
        Object.fromEntries(
          homed(region).map(({ placement, canary }) => [placement.system.id, sha256(canary)]),
        ),
      ]),
    ),
    credentials: Object.fromEntries(regions.map((region) => [region, credentialsFor(region, provisions)])),
  };
}

function systemState(one: Provision, servers: Map<string, KindServer>): ReplicaState["systems"][string] {
  const { placement } = one;
  const { system, endpoint, address, port } = placement;
  const { user } = credentialOf(one, "canary");
  const canary = user === undefined ? {} : { canaryUser: user };
  const keys = endpoint.canaryKey === undefined ? {} : { canaryKey: String(endpoint.canaryKey) };
  return {
    kind: system.kind,
    address: address[4],
    address6: address[6],
    port,
    admin: { ...servers.get(system.kind)?.admin?.(one), ...canary, ...keys },
  };
}

/** A region's own secrets, and of the other regions nothing but the canary credentials. */
function credentialsFor(region: string, provisions: readonly Provision[]): Record<string, string> {
  return Object.fromEntries(
    provisions.flatMap(({ placement, secrets, shared }) =>
      Object.entries(secrets).filter(([name]) => placement.region === region || shared.includes(name)),
    ),
  );
}
