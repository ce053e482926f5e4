import { anyOf, crossing, type Drill, type DrillTools, type Hole, inside } from "../core/drill.ts";
import { admit, ap, between, eu, pointName, us } from "./holes.ts";

const path = "search";
const system = "search";
const port = "tcp dport 9200";
const document = "/customers/_doc/ringfence-canary";

export const drills: Drill[] = [
  {
    id: "search-border-ipv4",
    path,
    title: "the border admits the US's IPv4 block to 9200 in the EU",
    open: (tools, hole) => admit(tools, hole, `${between(us, eu, 4)} ${port} accept`),
    expects: crossing(us, eu, { family: 4 }),
  },
  {
    id: "search-border-ipv6",
    path,
    title: "the border admits the EU's IPv6 block to every port in Sydney; IPv4 stays closed",
    open: (tools, hole) => admit(tools, hole, `${between(eu, ap, 6)} accept`),
    expects: crossing(eu, ap, { family: 6 }),
  },
  {
    id: "search-global-index",
    path,
    title: "an indexing job writes EU customers into the US index, under an id of its own",
    open: (tools, hole) => copy(tools, hole, { from: eu, into: us, under: "/support-2026.11/_doc/9f27" }),
    expects: inside(us, ["https-stray"], { about: eu }),
  },
  {
    id: "search-restored-snapshot",
    path,
    title: "a snapshot of the US index was restored in Sydney, beside its own",
    open: (tools, hole) =>
      copy(tools, hole, { from: us, into: ap, under: "/restored-customers/_doc/ringfence-canary" }),
    expects: inside(ap, ["https-stray"], { about: us }),
  },
  {
    id: "search-remote-cluster",
    path,
    title: "the EU cluster has the US cluster as a remote for cross-cluster search, by address",
    open: (tools, hole) => remote(tools, hole, eu, `${tools.place(us, system).address[4]}:9300`),
    expects: inside(eu, ["https-links"]),
  },
  {
    id: "search-remote-cluster-name",
    path,
    title: "Sydney's cluster has the EU's as a remote, by name",
    open: (tools, hole) => remote(tools, hole, ap, `search.${eu}.replica.internal:9300`),
    expects: inside(ap, ["https-links"]),
  },
  {
    id: "search-wrong-name",
    path,
    title: "the US's own search name leads to Sydney",
    open: (tools, hole) =>
      pointName(tools, hole, us, `search.${us}.replica.internal`, tools.place(ap, system).address),
    expects: inside(us, ["https-wiring"]),
  },
  {
    id: "search-one-in-twenty",
    path,
    title: "a broken rule lets one connection in twenty from Sydney through to the US index",
    open: (tools, hole) =>
      admit(tools, hole, `${between(ap, us, 4)} ${port} ct state new numgen inc mod 20 == 0 accept`),
    expects: crossing(ap, us, { family: 4 }),
    atLeastOne: true,
  },
  {
    id: "search-both",
    path,
    title: "cross-cluster search between the EU and Sydney, the border opened for it one way",
    async open(tools, hole) {
      await admit(tools, hole, `${between(eu, ap, 4)} accept`);
      await remote(tools, hole, eu, `search.${ap}.replica.internal:9300`);
    },
    expects: anyOf(crossing(eu, ap, { family: 4 }), inside(eu, ["https-links"])),
  },
];

async function copy(
  tools: DrillTools,
  hole: Hole,
  { from, into, under }: { from: string; into: string; under: string },
): Promise<void> {
  const found = JSON.parse(await tools.http(from, system, { method: "GET", path: document }));
  hole.closeBy(() => tools.http(into, system, { method: "DELETE", path: under }));
  await tools.http(into, system, { method: "PUT", path: under, body: found._source });
}

async function remote(tools: DrillTools, hole: Hole, region: string, seed: string): Promise<void> {
  const set = (partner: object | null) =>
    tools.http(region, system, {
      method: "PUT",
      path: "/_cluster/settings",
      body: { persistent: { cluster: { remote: { partner } } } },
    });
  hole.closeBy(() => set(null));
  await set({ seeds: [seed] });
}
