import { type Drill, sending } from "../core/drill.ts";
import { allow, ap, carry, carryAddress, eu, us } from "./holes.ts";

const path = "llm";

export const drills: Drill[] = [
  {
    id: "llm-global-default",
    path,
    title: "the EU's allow-list holds the global endpoint, which an SDK uses that nobody configured",
    open: (tools, hole) => allow(tools, hole, { region: eu, host: "api.openai.com", family: 4 }),
    expects: sending(eu, { hosts: ["api.openai.com"], probes: ["vendor"], family: 4 }),
  },
  {
    id: "llm-us-endpoint",
    path,
    title: "Sydney's allow-list holds the US endpoint, over IPv6",
    open: (tools, hole) => allow(tools, hole, { region: ap, host: "us.api.openai.com", family: 6 }),
    expects: sending(ap, { to: [us], probes: ["vendor"], family: 6 }),
  },
  {
    id: "llm-proxy-wildcard",
    path,
    title: "the EU's proxy carries to *.api.openai.com, wherever that is",
    open: (tools, hole) => carry(tools, hole, eu, "*.api.openai.com"),
    expects: sending(eu, {
      to: [us, ap],
      hosts: [".api.openai.com"],
      probes: ["vendor-proxy"],
      route: "name",
    }),
  },
  {
    id: "llm-proxy-address",
    path,
    title: "the US proxy's list holds the address of the Japanese endpoint",
    open: (tools, hole) => carryAddress(tools, hole, { region: us, host: "jp.api.openai.com", family: 4 }),
    expects: sending(us, {
      hosts: ["jp.api.openai.com"],
      probes: ["vendor-proxy"],
      family: 4,
      route: "address",
    }),
  },
];
