import { crossing, type Drill, type DrillTools, type Hole, inside } from "../core/drill.ts";
import { admit, ap, between, eu, pointName, us } from "./holes.ts";

const path = "vector-db";
const system = "embeddings";
const port = "tcp dport 6333";
const point = "/collections/documents/points/ringfence-canary";

export const drills: Drill[] = [
  {
    id: "vector-db-border-ipv4",
    path,
    title: "the border admits the EU's IPv4 block to 6333 in the US",
    open: (tools, hole) => admit(tools, hole, `${between(eu, us, 4)} ${port} accept`),
    expects: crossing(eu, us, { family: 4 }),
  },
  {
    id: "vector-db-border-ipv6",
    path,
    title: "the border admits Sydney's IPv6 block to 6333 in the EU; IPv4 stays closed",
    open: (tools, hole) => admit(tools, hole, `${between(ap, eu, 6)} ${port} accept`),
    expects: crossing(ap, eu, { family: 6 }),
  },
  {
    id: "vector-db-copied-points",
    path,
    title: "a re-embedding job wrote passages of the EU into the US collection",
    open: (tools, hole) => copy(tools, hole, { from: eu, into: us, under: "b3-0017" }),
    expects: inside(us, ["https-stray"], { about: eu }),
  },
  {
    id: "vector-db-global-collection",
    path,
    title: "one collection for everybody: Sydney's holds passages of both other regions",
    async open(tools, hole) {
      await copy(tools, hole, { from: eu, into: ap, under: "eu-1" });
      await copy(tools, hole, { from: us, into: ap, under: "us-1" });
    },
    expects: inside(ap, ["https-stray"]),
  },
  {
    id: "vector-db-peer-abroad",
    path,
    title: "the EU's cluster has a peer in the US, to which it replicates shards",
    open: (tools, hole) =>
      put(tools, hole, eu, "/cluster", {
        to: { "2": `http://${tools.place(us, system).address[4]}:6335/` },
        back: {},
      }),
    expects: inside(eu, ["https-links"]),
  },
  {
    id: "vector-db-peer-ipv6",
    path,
    title: "Sydney's cluster has a peer in the EU, known by its IPv6 address only",
    open: (tools, hole) =>
      put(tools, hole, ap, "/cluster", {
        to: { "2": `http://[${tools.place(eu, system).address[6]}]:6335/` },
        back: {},
      }),
    expects: inside(ap, ["https-links"]),
  },
  {
    id: "vector-db-embedding-abroad",
    path,
    title: "Sydney's texts are turned into vectors by the model of the US",
    open: (tools, hole) =>
      put(tools, hole, ap, "/settings/embedding", {
        to: { endpoint: `https://inference.embeddings.${us}.replica.internal/v1/embeddings` },
        back: { endpoint: `https://inference.embeddings.${ap}.replica.internal/v1/embeddings` },
      }),
    expects: inside(ap, ["https-links"]),
  },
  {
    id: "vector-db-wrong-name",
    path,
    title: "the EU's own vector store name leads to the US",
    open: (tools, hole) =>
      pointName(tools, hole, eu, `embeddings.${eu}.replica.internal`, tools.place(us, system).address),
    expects: inside(eu, ["https-wiring"]),
  },
];

async function copy(
  tools: DrillTools,
  hole: Hole,
  { from, into, under }: { from: string; into: string; under: string },
): Promise<void> {
  const { result } = JSON.parse(await tools.http(from, system, { method: "GET", path: point }));
  const target = `/collections/documents/points/${under}`;
  hole.closeBy(() => tools.http(into, system, { method: "DELETE", path: target }));
  await tools.http(into, system, { method: "PUT", path: target, body: result.payload });
}

async function put(
  tools: DrillTools,
  hole: Hole,
  region: string,
  target: string,
  { to, back }: { to: object; back: object },
): Promise<void> {
  hole.closeBy(() => tools.http(region, system, { method: "PUT", path: target, body: back }));
  await tools.http(region, system, { method: "PUT", path: target, body: to });
}
