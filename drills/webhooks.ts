import { type Drill, inside, sending } from "../core/drill.ts";
import { allow, ap, blocks, carry, eu, translate, us } from "./holes.ts";

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
  {
    id: "webhooks-shared-nat",
    path,
    title: "what the EU sends to customers leaves through the NAT gateway of the US",
    open: (tools, hole) =>
      translate(tools, hole, "core", {
        postrouting: [`ip saddr ${blocks[eu]?.[4]} oifname "world" snat ip to ${abroad}`],
      }),
    expects: inside(eu, ["https-deliveries"]),
  },
  {
    id: "webhooks-body-logged",
    path,
    title: "Sydney turns events for other regions' tenants away, and writes their bodies into its log",
    async open(tools, hole) {
      const set = (body: object) =>
        tools.http(ap, "webhook-inbox", { method: "PUT", path: "/settings", body });
      hole.closeBy(() => set({}));
      await set({ logsBodies: true });
    },
    expects: inside(ap, ["https-log"]),
  },
  {
    id: "webhooks-tenant-accepted",
    path,
    title: "the US inbox still takes, and hands out, the events of a tenant that moved to Sydney",
    async open(tools, hole) {
      const target = `/tenants/canary-${ap}/events`;
      const events = await tools.http(ap, "webhook-inbox", { method: "GET", path: target });
      hole.closeBy(() => tools.http(us, "webhook-inbox", { method: "DELETE", path: target }));
      const body: unknown = JSON.parse(events);
      await tools.http(us, "webhook-inbox", { method: "PUT", path: target, body });
    },
    expects: inside(us, ["https-tenant", "https-log"], { about: ap }),
  },
];

/** Of the US's block. */
const abroad = "10.20.9.9";
