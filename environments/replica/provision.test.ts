import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newCanary } from "../../probes/canary.ts";
import { loadProbes } from "../../probes/catalog.ts";
import { readMapFile } from "../map-file.ts";
import { byServer, provisionAll, serverOf } from "./provision.ts";
import { tenantMoves } from "./tenant-moves.ts";
import { layOut } from "./topology.ts";

const kinds = await loadProbes();
const mapFile = join(import.meta.dirname, "residency.yaml");
const { map } = readMapFile(mapFile, { kinds, today: "2026-11-22" });
const provisions = provisionAll(layOut(map, []).placements, newCanary);
const of = (region: string, system: string) => {
  const found = provisions.find(
    ({ placement }) => placement.region === region && placement.system.id === system,
  );
  if (!found) throw new TypeError(`${system} is not provisioned in ${region}`);
  return found;
};
const regions = Object.keys(map.regions);

describe("systems on one host and port", () => {
  test("are one server, with one address and one administrator, and each has a canary of its own", () => {
    for (const region of regions) {
      const [orders, tenants] = [of(region, "orders-db"), of(region, "moved-tenants-db")];
      expect(serverOf(orders.placement)).toBe(serverOf(tenants.placement));
      expect(orders.placement.address).toEqual(tenants.placement.address);
      expect(orders.admin).toEqual(tenants.admin);
    }
    const canaries = provisions.map(({ canary }) => canary);
    expect(new Set(canaries).size).toBe(canaries.length);
  });

  test("are served once, by the first of them", () => {
    const servers = byServer(
      provisions.filter(
        ({ placement }) => placement.region === regions[0] && placement.system.kind === "redis",
      ),
    );
    expect(servers.map((all) => all.map(({ placement }) => placement.system.id))).toEqual([
      ["session-cache", "moved-tenants-cache"],
      ["events"],
    ]);
  });

  test("of different hosts are different servers: staging does not see production's databases", () => {
    const [staging, orders] = ["staging-db", "orders-db"].map((id) => of("eu-central-1", id).placement);
    expect(staging && orders && serverOf(staging) !== serverOf(orders)).toBe(true);
    expect(staging?.address).not.toEqual(orders?.address);
  });
});

test("one NAME is one secret, whichever systems name it, and no two names share one", () => {
  const byName = new Map<string, Set<string>>();
  for (const { secrets } of provisions)
    for (const [name, value] of Object.entries(secrets))
      byName.set(name, (byName.get(name) ?? new Set()).add(value));
  expect([...byName.values()].every(({ size }) => size === 1)).toBe(true);
  const values = [...byName.values()].flatMap((all) => [...all]);
  expect(new Set(values).size).toBe(values.length);
});

test("a tenant moves into each region, from the next one of the map, in every system of the path", () => {
  const moves = tenantMoves(provisions).map(
    ({ source, destination }) =>
      `${destination.placement.system.id} ${source.placement.region} → ${destination.placement.region}`,
  );
  const expected = ["db", "cache", "files"].flatMap((what) =>
    regions.map(
      (region, index) => `moved-tenants-${what} ${regions[(index + 1) % regions.length]} → ${region}`,
    ),
  );
  expect(moves.sort()).toEqual(expected.sort());
});

test("a workload's settings are on its own host, where nobody listens", () => {
  const { placement } = of("us-east-1", "workload-settings");
  expect(placement).toMatchObject({ host: "us-east-1/app", port: 0 });
});
