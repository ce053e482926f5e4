import { crossing, type Drill, type DrillTools, type Hole, sending } from "../core/drill.ts";
import type { PlannedItem } from "../core/plan.ts";
import type { AddressFamily } from "../core/vocabulary.ts";
import { admit, ap, between, carry, eu, holdNames, us } from "./holes.ts";

const path = "egress";
const system = "egress-proxy";
const name = (region: string) => `${system}.${region}.replica.internal:3128`;

export const drills: Drill[] = [
  {
    id: "egress-far-proxy",
    path,
    title: "the border admits the EU to the US proxy, which would carry for it",
    open: (tools, hole) => admit(tools, hole, `${between(eu, us, 4)} tcp dport 3128 accept`),
    expects: crossing(eu, us, { probes: ["tcp"], family: 4 }),
  },
  {
    id: "egress-proxy-into-a-region",
    path,
    title: "the EU's proxy carries to a host inside the US, over a line between the two proxies",
    async open(tools, hole) {
      const far = tools.place(us, system).address[4];
      const here = tools.place(eu, system).address[4];
      await admit(tools, hole, `ip saddr ${here} ip daddr ${far} accept`);
      await carry(tools, hole, eu, name(us));
    },
    expects: crossing(eu, us, { probes: ["proxy-tunnel"], family: 4, route: "name" }),
  },
  {
    id: "egress-proxy-raw-address",
    path,
    title: "Sydney's proxy carries to an address in the EU, which no list of names holds",
    async open(tools, hole) {
      const far = tools.place(eu, system).address[6];
      const here = tools.place(ap, system).address[6];
      await admit(tools, hole, `ip6 saddr ${here} ip6 daddr ${far} accept`);
      await carry(tools, hole, ap, `${far}:3128`);
    },
    expects: crossing(ap, eu, { probes: ["proxy-tunnel"], family: 6, route: "address" }),
  },
  {
    id: "egress-proxy-to-a-database",
    path,
    title: "the US proxy carries to Sydney's database by its name",
    open: (tools, hole) => carryInto(tools, hole, { from: us, to: ap, system: "orders-db", by: "name" }),
    expects: through({ from: us, to: ap, system: "orders-db", by: "name" }),
  },
  {
    id: "egress-proxy-to-a-cache",
    path,
    title: "the EU's proxy carries to the address of the US cache",
    open: (tools, hole) =>
      carryInto(tools, hole, { from: eu, to: us, system: "session-cache", by: "address" }),
    expects: through({ from: eu, to: us, system: "session-cache", by: "address" }),
  },
  {
    id: "egress-names-unread",
    path,
    title: "the EU's proxy looks at the name that it is asked for, and not at the one inside TLS",
    open: (tools, hole) => holdNames(tools, hole, eu, { 4: "unread", 6: "unread" }),
    expects: greeting(eu, ["forged-name", "name-below", "cut-name", "no-name"]),
  },
  {
    id: "egress-names-unread-ipv6",
    path,
    title: "the US proxy looks inside TLS over IPv4 only",
    open: (tools, hole) => holdNames(tools, hole, us, { 6: "unread" }),
    expects: greeting(us, ["forged-name", "name-below", "cut-name", "no-name"], 6),
  },
  {
    id: "egress-name-missing",
    path,
    title: "Sydney's proxy refuses a wrong name inside TLS, and lets a missing one pass",
    open: (tools, hole) => holdNames(tools, hole, ap, { 4: "if-given", 6: "if-given" }),
    expects: greeting(ap, ["no-name"]),
  },
  {
    id: "egress-name-ending",
    path,
    title: "the US proxy compares how the name inside TLS ends",
    open: (tools, hole) => holdNames(tools, hole, us, { 4: "ending", 6: "ending" }),
    expects: greeting(us, ["name-below"]),
  },
  {
    id: "egress-name-cut",
    path,
    title: "the EU's proxy reads the first record of a greeting, and lets pass what is not whole in it",
    open: (tools, hole) => holdNames(tools, hole, eu, { 4: "first-record", 6: "first-record" }),
    expects: greeting(eu, ["cut-name"]),
  },
  {
    id: "egress-name-too-late",
    path,
    title: "Sydney's proxy closes a tunnel by the name inside TLS, which it has carried out already",
    open: (tools, hole) => holdNames(tools, hole, ap, { 4: "too-late", 6: "too-late" }),
    expects: greeting(ap, ["forged-name", "name-below"]),
  },
];

function greeting(
  from: string,
  ways: readonly string[],
  family?: AddressFamily,
): (item: PlannedItem) => boolean {
  const probes = ways.map((way) => `proxy-${way}`);
  return sending(from, { probes, ...(family ? { family } : {}) });
}

interface Passage {
  from: string;
  to: string;
  system: string;
  by: "name" | "address";
}

/** Over IPv4, along a line between the proxy and the system. */
async function carryInto(
  tools: DrillTools,
  hole: Hole,
  { from, to, system: far, by }: Passage,
): Promise<void> {
  const here = tools.place(from, system).address[4];
  const { address, port } = tools.place(to, far);
  await admit(tools, hole, `ip saddr ${here} ip daddr ${address[4]} accept`);
  await carry(tools, hole, from, `${by === "name" ? `${far}.${to}.replica.internal` : address[4]}:${port}`);
}

function through({ from, to, system: far, by }: Passage): (item: PlannedItem) => boolean {
  const carried = crossing(from, to, { probes: ["proxy-systems"], family: 4, route: by });
  return (item) => item.to.system === far && carried(item);
}
