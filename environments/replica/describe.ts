import { sha256 } from "../../core/digest.ts";
import type { ResidencyMap } from "../../core/residency-map.ts";
import { bucketOf } from "./buckets.ts";
import { firewall } from "./fabric.ts";
import type { InitReport } from "./init.ts";
import { credentialOf, type Provision } from "./provision.ts";
import type { ReplicaState } from "./state.ts";

/** What the replica's first process reported, as seen from outside of its namespaces. */
export function stateOf(
  report: InitReport,
  {
    map,
    privilege,
    work,
    pids,
  }: { map: ResidencyMap; privilege: readonly string[]; work: string; pids: Map<number, number> },
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
      provisions.map((one) => [`${one.placement.region}/${one.placement.system.id}`, systemState(one)]),
    ),
    names: Object.fromEntries(
      regions.map((region) => [region, `/proc/${corePid}/root${work}/names/${region}.hosts`]),
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

function systemState(one: Provision): ReplicaState["systems"][string] {
  const { placement, admin } = one;
  const { system, endpoint, address, port } = placement;
  const access: Record<string, Record<string, string>> = {
    postgres: { user: admin.user, password: admin.password, database: String(endpoint.database) },
    redis: { user: admin.user, password: admin.password },
    s3: {
      accessKeyId: admin.accessKeyId,
      secretAccessKey: admin.password,
      region: String(endpoint.region),
      bucket: system.kind === "s3" ? bucketOf(one) : "",
      endpoint: `${endpoint.tls === false ? "http" : "https"}://${String(endpoint.host)}${port === 443 ? "" : `:${port}`}`,
    },
  };
  const canary = system.kind === "s3" ? {} : { canaryUser: credentialOf(one, "canary").user ?? "" };
  const keys = endpoint.canaryKey === undefined ? {} : { canaryKey: String(endpoint.canaryKey) };
  return {
    kind: system.kind,
    address: address[4],
    address6: address[6],
    port,
    admin: { ...access[system.kind], ...canary, ...keys },
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
