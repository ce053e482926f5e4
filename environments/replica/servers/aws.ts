import { join } from "node:path";
import { planServices, serviceUsers } from "../aws-services.ts";
import { planStore } from "../buckets.ts";
import { serveOn } from "../host-server.ts";
import type { HeldHost } from "../namespace.ts";
import type { Boot } from "../servers.ts";
import { awsKinds, hostKeys } from "../topology.ts";

const served = new WeakMap<HeldHost, Promise<void>>();

/** All AWS endpoints of a host, whatever their kinds, at once: those of all public systems, on the internet, and those of
 *  each region's private ones. */
export function serveAws(boot: Boot, held: HeldHost): Promise<void> {
  const serving = served.get(held) ?? serve(boot, held);
  served.set(held, serving);
  return serving;
}

async function serve({ job, topology, authority, provisions }: Boot, held: HeldHost): Promise<void> {
  const all = provisions.filter(
    ({ placement }) => placement.host === held.host.name && awsKinds.includes(placement.system.kind),
  );
  const buckets = all.filter(({ placement }) => placement.system.kind === "s3");
  const beside = all.filter((one) => !buckets.includes(one));
  const names = all.flatMap(({ placement: { endpoint } }) =>
    hostKeys.flatMap((key) => (key in endpoint ? [String(endpoint[key]), `*.${String(endpoint[key])}`] : [])),
  );
  const plain = all.some(({ placement }) => placement.endpoint.tls === false);
  const tls = plain ? null : await authority.issue([...new Set(names)]);
  const store = planStore(topology, buckets, { users: serviceUsers(beside), provisions: beside });
  const script = join(import.meta.dirname, "aws-script.ts");
  await serveOn(held, script, { store, services: planServices(beside), tls, work: job.work });
}
