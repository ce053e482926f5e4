import { crossing, type Drill, type DrillTools, type Hole, sending } from "../core/drill.ts";
import { admit, ap, between, editFile, eu, us } from "./holes.ts";

const path = "dns";
const system = "internal-names";

export const drills: Drill[] = [
  {
    id: "dns-shared-zone",
    path,
    title: "the EU's private zone is also answered in the US, whose resolver asks the EU's",
    async open(tools, hole) {
      const far = tools.place(eu, system).address[4];
      const here = tools.place(us, system).address[4];
      await admit(tools, hole, `ip saddr ${here} ip daddr ${far} tcp dport 53 accept`);
      await forward(tools, hole, us, `${eu}.corp.acme.example ${far}`);
    },
    expects: crossing(us, eu, { probes: ["dns-private"] }),
  },
  {
    id: "dns-tunnel",
    path,
    title: "the EU's resolver asks the Internet for whatever it does not know",
    async open(tools, hole) {
      const far = tools.place("outside", "tunnel-zone").address[4];
      const here = tools.place(eu, system).address[4];
      await admit(tools, hole, `ip saddr ${here} ip daddr ${far} tcp dport 53 accept`);
      await forward(tools, hole, eu, `. ${far}`);
    },
    expects: sending(eu, { system: "tunnel-zone", probes: ["dns-tunnel"] }),
  },
  {
    id: "dns-direct",
    path,
    title: "the border lets Sydney ask any name server over UDP and IPv4",
    open: (tools, hole) => admit(tools, hole, "ip saddr 10.30.0.0/16 udp dport 53 accept"),
    expects: sending(ap, { system: "tunnel-zone", probes: ["dns-direct"], family: 4 }),
  },
  {
    id: "dns-direct-ipv6",
    path,
    title: "the same for the US over IPv6, which somebody forgot",
    open: (tools, hole) => admit(tools, hole, "ip6 saddr fd10:20::/48 udp dport 53 accept"),
    expects: sending(us, { system: "tunnel-zone", probes: ["dns-direct"], family: 6 }),
  },
  {
    id: "dns-far-resolver",
    path,
    title: "the border admits look-ups from the EU to the US resolver, which answers everybody",
    open: (tools, hole) => admit(tools, hole, `${between(eu, us, 4)} tcp dport 53 accept`),
    expects: crossing(eu, us, { probes: ["dns-resolver"], family: 4 }),
  },
];

async function forward(tools: DrillTools, hole: Hole, region: string, line: string): Promise<void> {
  await editFile(hole, tools.fileOf(`${region}/data`, `${system}-forwards`), () => `${line}\n`);
}
