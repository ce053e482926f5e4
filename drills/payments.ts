import { type Drill, sending } from "../core/drill.ts";
import { allow, ap, carry, eu, us } from "./holes.ts";

const path = "payments";

export const drills: Drill[] = [
  {
    id: "payments-us-account",
    path,
    title: "the EU's allow-list holds the US payment account's host",
    open: (tools, hole) => allow(tools, hole, { region: eu, host: "api.stripe.com", family: 4 }),
    expects: sending(eu, { to: [us], probes: ["vendor"], family: 4 }),
  },
  {
    id: "payments-files",
    path,
    title: "Sydney's allow-list holds the host to which invoices are uploaded, over IPv6",
    open: (tools, hole) => allow(tools, hole, { region: ap, host: "files.stripe.com", family: 6 }),
    expects: sending(ap, { hosts: ["files.stripe.com"], probes: ["vendor"], family: 6 }),
  },
  {
    id: "payments-proxy",
    path,
    title: "the EU's proxy carries to every host of the payment company",
    open: (tools, hole) => carry(tools, hole, eu, "*.stripe.com"),
    expects: sending(eu, { to: [us], hosts: [".stripe.com"], probes: ["vendor-proxy"], route: "name" }),
  },
];
