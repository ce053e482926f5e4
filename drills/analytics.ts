import { type Drill, sending } from "../core/drill.ts";
import { allow, ap, carry, eu, us } from "./holes.ts";

const path = "analytics";

export const drills: Drill[] = [
  {
    id: "analytics-us-host",
    path,
    title: "the EU's allow-list holds the US host of the analytics vendor",
    open: (tools, hole) => allow(tools, hole, { region: eu, host: "us.i.posthog.com", family: 4 }),
    expects: sending(eu, { to: [us], probes: ["vendor"], family: 4 }),
  },
  {
    id: "analytics-assets",
    path,
    title: "the script of the analytics vendor comes to Sydney from its US host, over IPv6",
    open: (tools, hole) => allow(tools, hole, { region: ap, host: "us-assets.i.posthog.com", family: 6 }),
    expects: sending(ap, { hosts: ["us-assets.i.posthog.com"], probes: ["vendor"], family: 6 }),
  },
  {
    id: "analytics-proxy",
    path,
    title: "the US proxy carries to every host of the analytics vendor, the EU's too",
    open: (tools, hole) => carry(tools, hole, us, "*.i.posthog.com"),
    expects: sending(us, { to: [eu], hosts: [".i.posthog.com"], probes: ["vendor-proxy"], route: "name" }),
  },
];
