import { crossing, type Drill } from "../core/drill.ts";
import { admit, ap, between, carry, eu, us } from "./holes.ts";

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
];
