import packet from "dns-packet";
import { z } from "zod";
import { HostName, Port } from "../core/residency-map.ts";
import type { Outcome } from "../core/vocabulary.ts";
import { askArrivals } from "./arrivals.ts";
import { brokenConnection } from "./attempt.ts";
import { canaryDigest } from "./canary.ts";
import { sendDatagram } from "./datagram.ts";
import { askName, type DnsAnswer } from "./dns-client.ts";
import { defineProbe, type TryContext } from "./probe.ts";

const DnsEndpoint = z.strictObject({
  host: HostName.describe("The region's resolver, or the name server of a zone"),
  port: Port.default(53),
  zone: HostName.describe(
    "A zone of which only this region may know; its TXT record `canary` holds the canary",
  ),
  arrivals: z
    .url({ protocol: /^http$/, error: "an address that begins with http://" })
    .describe("Where the name server says what it was asked, asked from its own region only"),
});

type DnsEndpoint = z.infer<typeof DnsEndpoint>;
type DnsContext = TryContext<DnsEndpoint>;

const base = { routes: ["name"], credentials: ["none"] } as const;

/** Names of one region that another must not learn, and look-ups that carry something out. RFC 1035;
 *  over TCP (RFC 7766) wherever an answer is awaited, so that its rungs are seen. */
export const dns = defineProbe({
  kind: "dns",
  endpoint: DnsEndpoint,
  stopBy: "authorization",
  checks: [
    {
      ...base,
      probe: "dns-private",
      family: "trespass",
      contacts: "own",
      goal: "data",
      proves: "the own resolver does not know the private names of another region",
    },
    {
      ...base,
      probe: "dns-resolver",
      routes: ["name", "address"],
      family: "trespass",
      contacts: "target",
      goal: "data",
      proves: "the far resolver does not tell its private names",
    },
    {
      ...base,
      probe: "dns-tunnel",
      family: "send",
      contacts: "own",
      goal: "data",
      witnessed: true,
      proves: "the own resolver carries no look-up out, by the word of the zone's own name server",
    },
    {
      ...base,
      probe: "dns-direct",
      routes: ["name", "address"],
      family: "send",
      contacts: "target",
      goal: "data",
      witnessed: true,
      repeats: 5,
      proves: "no look-up reaches the far name server past the own resolver",
    },
  ],
  contact: (endpoint) => endpoint,
  async run(context) {
    const { item, address, own, target, token, ladder } = context;
    const label = item.witnessed ? `ringfence-${token}` : "canary";
    const name = `${label}.${target.zone}`;
    const port = item.contacts === "own" ? own.port : target.port;
    if (item.probe === "dns-direct") {
      const query = packet.encode({ type: "query", id: 1, questions: [{ type: "TXT", name }] });
      await sendDatagram({ address, port }, query);
      return { outcome: { kind: "silent", rung: "network" } };
    }
    const answer = await askName(ladder, { address, port, name });
    return { outcome: outcomeOf(answer, context) };
  },
  explain: (error, ladder) =>
    brokenConnection(error, ladder) ?? {
      kind: "faulted",
      code: (error as NodeJS.ErrnoException).code ?? "UNKNOWN",
    },
  arrivals: ({ arrivals }) => askArrivals(arrivals),
});

/** Response codes that say "not for you" or "no such name" (RFC 1035, section 4.1.1); others are trouble. */
const refusals = new Set(["NXDOMAIN", "REFUSED", "NODATA"]);

/** NODATA says that the name is known, if not its text; or nothing, where the server is lame. Only a witness can tell. */
function outcomeOf(answer: DnsAnswer, { item, target }: DnsContext): Outcome {
  const answers = answer.answers ?? [];
  const texts = answers.flatMap((one) => (one.type === "TXT" ? [one.data].flat() : []));
  const canary = texts.map((one) => canaryDigest(String(one))).find((digest) => digest !== undefined);
  if (canary) return { kind: "reached", rung: "data", canary };
  if (answers.length > 0) return { kind: "faulted", code: "NO_CANARY_IN_ANSWER" };
  if (isReferral(answer)) return { kind: "faulted", code: "REFERRAL" };
  const code = answer.rcode === "NOERROR" ? "NODATA" : answer.rcode;
  if (code === "NODATA" && !item.witnessed) return { kind: "faulted", code };
  if (item.role === "attempt" && item.contacts === "own" && knowsZone(answer, target.zone))
    return { kind: "faulted", code: "ZONE_KNOWN" };
  return refusals.has(code)
    ? { kind: "refused", rung: "authorization", code }
    : { kind: "faulted", code: /^[A-Z]{1,12}$/.test(code) ? code : "UNREADABLE_CODE" };
}

/** An own resolver that has the authority of the zone, or of a part of it, has asked, or has a copy: that it does not
 *  know this name says nothing of the others. RFC 2308, section 2. */
function knowsZone({ authorities = [] }: DnsAnswer, zone: string): boolean {
  const within = `.${zone.toLowerCase()}`;
  return authorities.some(({ type, name }) => type === "SOA" && `.${name.toLowerCase()}`.endsWith(within));
}

/** Name servers without an SOA record: somebody else is to be asked. RFC 2308, section 2.2. */
function isReferral({ rcode, authorities }: DnsAnswer): boolean {
  const types = (authorities ?? []).map(({ type }) => type);
  return rcode === "NOERROR" && types.includes("NS") && !types.includes("SOA");
}
