import { type Drill, inside, sending } from "../core/drill.ts";
import { allow, ap, carry, carryAddress, changePage, copyDocument, eu, us } from "./holes.ts";

const path = "llm";
const system = "llm-gateway";

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
  {
    id: "llm-fallback-abroad",
    path,
    title: "when the EU's model does not answer, the EU's gateway asks the US",
    open: (tools, hole) =>
      changePage(tools, hole, { region: eu, system, path: "/v1/model/info" }, (page) => ({
        ...page,
        fallbacks: [{ model: "openai/gpt-5-mini", api_base: "https://us.api.openai.com/v1" }],
      })),
    expects: inside(eu, ["https-providers"]),
  },
  {
    id: "llm-global-profile",
    path,
    title: "Sydney's gateway names a model by its global inference profile, which may run anywhere",
    open: (tools, hole) =>
      changePage(tools, hole, { region: ap, system, path: "/v1/model/info" }, (page) => ({
        ...page,
        batch: { model: "bedrock/global.anthropic.claude-sonnet-4-5-v1:0", region: ap },
      })),
    expects: inside(ap, ["https-providers"]),
  },
  {
    id: "llm-answered-abroad",
    path,
    title: "nothing in the EU's gateway names the US, and its answers are made there",
    open: (tools, hole) =>
      changePage(tools, hole, { region: eu, system, path: "/v1/chat/completions" }, () => ({
        choices: [],
        usage: { inference_geo: "us" },
      })),
    expects: inside(eu, ["https-answer"]),
  },
  {
    id: "llm-prompts-copied",
    path,
    title: "the US gateway keeps a prompt of the EU",
    open: (tools, hole) =>
      copyDocument(tools, hole, { system, path: "/v1/prompts/ringfence-canary", from: eu, into: us }),
    expects: inside(us, ["https-stray"], { about: eu }),
  },
];
