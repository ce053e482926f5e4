import { type Drill, sending } from "../core/drill.ts";
import { allow, ap, carry, eu, us } from "./holes.ts";

const path = "vendors";

export const drills: Drill[] = [
  {
    id: "vendors-support-us",
    path,
    title: "the EU's allow-list holds the US host of the support desk",
    open: (tools, hole) => allow(tools, hole, { region: eu, host: "api.intercom.io", family: 4 }),
    expects: sending(eu, { system: "support-desk", to: [us], probes: ["vendor"], family: 4 }),
  },
  {
    id: "vendors-flag-events",
    path,
    title: "only the flags' host was set for the EU, and the events still go to the US default",
    open: (tools, hole) => allow(tools, hole, { region: eu, host: "events.launchdarkly.com", family: 4 }),
    expects: sending(eu, { hosts: ["events.launchdarkly.com"], probes: ["vendor"], family: 4 }),
  },
  {
    id: "vendors-flag-stream",
    path,
    title: "Sydney streams its flags from the US, over IPv6",
    open: (tools, hole) => allow(tools, hole, { region: ap, host: "stream.launchdarkly.com", family: 6 }),
    expects: sending(ap, { hosts: ["stream.launchdarkly.com"], probes: ["vendor"], family: 6 }),
  },
  {
    id: "vendors-support-proxy",
    path,
    title: "Sydney's proxy carries to every host of the support desk",
    open: (tools, hole) => carry(tools, hole, ap, "*.intercom.io"),
    expects: sending(ap, { system: "support-desk", to: [eu, us], probes: ["vendor-proxy"], route: "name" }),
  },
];
