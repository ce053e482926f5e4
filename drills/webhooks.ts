import { type Drill, sending } from "../core/drill.ts";
import { allow, ap, carry, eu, us } from "./holes.ts";

const path = "webhooks";

export const drills: Drill[] = [
  {
    id: "webhooks-us-host",
    path,
    title: "the EU's allow-list holds the US host of the webhook service",
    open: (tools, hole) => allow(tools, hole, { region: eu, host: "api.us.svix.com", family: 4 }),
    expects: sending(eu, { to: [us], probes: ["vendor"], family: 4 }),
  },
  {
    id: "webhooks-shared-host",
    path,
    title: "the US allow-list holds the host at which the key alone decides the place, over IPv6",
    open: (tools, hole) => allow(tools, hole, { region: us, host: "api.svix.com", family: 6 }),
    expects: sending(us, { hosts: ["api.svix.com"], probes: ["vendor"], family: 6 }),
  },
  {
    id: "webhooks-proxy",
    path,
    title: "Sydney's proxy carries to every host of the webhook service",
    open: (tools, hole) => carry(tools, hole, ap, "*.svix.com"),
    expects: sending(ap, { to: [eu, us], hosts: [".svix.com"], probes: ["vendor-proxy"], route: "name" }),
  },
];
