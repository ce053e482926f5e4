import { inside } from "./checks.ts";
import { explainExchange } from "./http.ts";
import { outcomeOf } from "./https-answer.ts";
import { deliveries } from "./https-deliveries.ts";
import { ask, forTenant, type HttpsContext, HttpsEndpoint, type Moving } from "./https-endpoint.ts";
import { links, lookInside, place, strayCanaries, type Way } from "./https-inside.ts";
import { answeredIn, providers } from "./https-providers.ts";
import { cookieScope, directory, foreignTenant, requestLog } from "./https-routing.ts";
import { frozenTenant } from "./https-writes.ts";
import { type Answer, defineProbe } from "./probe.ts";
import { connectTcp, tcpCheck } from "./tcp.ts";

const trespass = {
  family: "trespass",
  routes: ["name", "address"],
  goal: "data",
  contacts: "target",
} as const;
const ofOthers = { ...inside, family: "stray", perOtherRegion: true } as const;

/** A company's own HTTP service with bearer tokens: a search index, a vector store, a data plane. Statuses:
 *  RFC 9110. Private unless the map says that authorization has to stop everybody. */
export const https = defineProbe({
  kind: "https",
  endpoint: HttpsEndpoint,
  stopBy: "network",
  checks: [
    tcpCheck,
    {
      ...trespass,
      probe: "https",
      credentials: ["own", "target"],
      proves: "no answer, and no document of the far service",
    },
    {
      ...ofOthers,
      probe: "https-stray",
      needs: "searchPath",
      looksFor: "canaries",
      proves: "no canary of another region in the own index",
    },
    {
      ...inside,
      probe: "https-links",
      family: "stray",
      needs: "linksPaths",
      looksFor: "links",
      proves: "no peer, remote cluster or provider outside the region",
    },
    {
      ...inside,
      probe: "https-wiring",
      family: "wiring",
      needs: "placePath",
      looksFor: "place",
      privateAddresses: true,
      proves: "the own name ends in the own region, and the service says so",
    },
    {
      ...inside,
      probe: "https-place",
      family: "wiring",
      needs: "publicPlacePath",
      looksFor: "place",
      proves: "the own name ends at a service that says it is in the own region",
    },
    {
      ...inside,
      probe: "https-providers",
      family: "wiring",
      needs: "providersPaths",
      looksFor: "settings",
      proves:
        "every vendor, model and fallback that the gateway may send to works in the region's jurisdiction",
    },
    {
      ...inside,
      probe: "https-answer",
      family: "wiring",
      needs: "answer",
      looksFor: "settings",
      proves: "the answer says that it was made in the region's jurisdiction",
    },
    {
      ...inside,
      probe: "https-deliveries",
      family: "wiring",
      needs: "deliveries",
      looksFor: "place",
      proves: "what is sent to customers leaves from the region, by the receiver's own word",
    },
    {
      ...trespass,
      probe: "https-session",
      credentials: ["own"],
      needs: "tenants",
      proves: "a session of the own region opens nothing in the far one",
    },
    {
      ...ofOthers,
      probe: "https-tenant",
      needs: "tenants",
      opens: "tenants",
      looksFor: "canaries",
      proves: "the own data plane turns away requests for another region's tenant, and hands out nothing",
    },
    {
      ...ofOthers,
      probe: "https-cookie",
      needs: "cookie",
      looksFor: "links",
      proves: "no browser sends the session cookie to another region's host",
    },
    {
      ...ofOthers,
      probe: "https-directory",
      needs: "directoryPath",
      looksFor: "canaries",
      proves: "no customer data in the routing table",
    },
    {
      ...ofOthers,
      probe: "https-log",
      needs: "log",
      opens: "tenants",
      aliveBy: "https-tenant",
      looksFor: "links",
      proves: "the body of a request for another region's tenant is refused, and not logged",
    },
    {
      ...inside,
      probe: "https-frozen",
      family: "stray",
      needs: "moving",
      looksFor: "writes",
      refusals: ({ moving }) => (moving as Moving).refusals.map((status) => `HTTP_${status}`),
      proves: "no write is accepted for a tenant while it is being moved",
    },
  ],
  contact: (endpoint) => endpoint,
  async run(context) {
    const { probe, role } = context.item;
    if (probe === "https-tenant" && role === "control") return openTenant(context);
    const way = ways[probe];
    if (way) return lookInside(context, way);
    return probe === "tcp" ? connect(context) : readCanary(context);
  },
  explain: explainExchange,
});

const ways: Record<string, Way> = {
  "https-stray": strayCanaries,
  "https-links": links,
  "https-wiring": place,
  "https-place": place,
  "https-providers": providers,
  "https-answer": answeredIn,
  "https-deliveries": deliveries,
  "https-tenant": foreignTenant,
  "https-cookie": cookieScope,
  "https-directory": directory,
  "https-log": requestLog,
  "https-frozen": frozenTenant,
};

async function connect({ ladder, address, target }: HttpsContext): Promise<Answer> {
  await connectTcp(ladder, { address, port: target.port });
  return { outcome: { kind: "reached", rung: "network" } };
}

async function readCanary(context: HttpsContext): Promise<Answer> {
  const { item, own, target } = context;
  const { token } = item.vector.credentials === "target" ? target.credentials.canary : own.credentials.own;
  const answer = await ask(context, target, { path: target.canaryPath, token });
  return { outcome: outcomeOf(answer, { tls: target.tls, host: target.host, home: own.host }) };
}

/** The control of what other regions present for this one's tenant: it opens it here. */
async function openTenant(context: HttpsContext): Promise<Answer> {
  const { item, own } = context;
  const { path = "", token = "" } = own.tenants ?? {};
  const { region } = item.from;
  const answer = await ask(context, own, { path: forTenant(path, region), token: forTenant(token, region) });
  return { outcome: outcomeOf(answer, { tls: own.tls, host: own.host, home: own.host }) };
}
