import type { Agent } from "node:http";
import type { Findings, Link } from "../core/journal.ts";
import type { Outcome } from "../core/vocabulary.ts";
import { explainExchange, type HttpAnswer, pinnedAgent } from "./http.ts";
import { canariesOf, isSuccess, outcomeOf } from "./https-answer.ts";
import { ask, type HttpsContext, type Question } from "./https-endpoint.ts";
import { parseJson, peersIn, placeIn } from "./json-peers.ts";
import { legibleText } from "./legible.ts";
import { addressesOf } from "./names.ts";
import type { Answer } from "./probe.ts";
import { requireWholeAnswer } from "./search-answer.ts";

/** One look into the region's own service. `seen` collects the canaries of every answer but the first, so that
 *  they are reported whatever happens afterwards. */
export interface Look {
  context: HttpsContext;
  seen: Set<string>;
  /** What is reported whatever happens afterwards. */
  certain: Pick<Findings, "writes"> & { removed?: NonNullable<Answer["removed"]> };
  ask(question: Question): Promise<HttpAnswer>;
  /** Throws HTTP_<status> for an answer that is no success. */
  read(question: Question): Promise<HttpAnswer>;
  /** Throws SEARCH_TRUNCATED, too, where the answer says that it is a part. */
  readWhole(question: Question): Promise<HttpAnswer>;
}

export type Way = (look: Look, own: { canaries: readonly string[] }) => Promise<Findings>;

export function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Reads the own canary, which is the control, and then looks around as the probe asks. */
export async function lookInside(context: HttpsContext, way: Way): Promise<Answer> {
  const { own, ladder, address } = context;
  const agent = pinnedAgent(own.tls ? "https:" : "http:", { address, ladder, keepAlive: true });
  const first = await ask({ ...context, agent }, own, {
    path: own.canaryPath,
    token: own.credentials.auditor.token,
  });
  const outcome = outcomeOf(first, { tls: own.tls, host: own.host, home: own.host });
  const canaries = canariesOf(first);
  const look = lookOf({ ...context, agent });
  const { certain } = look;
  const removed = () => (certain.removed ? { removed: certain.removed } : {});
  try {
    if (outcome.kind !== "reached") return { outcome, findings: { canaries } };
    return { outcome, findings: await way(look, { canaries }), ...removed() };
  } catch (error) {
    const ended: Outcome = explainExchange(error, ladder);
    const all = [...new Set([...canaries, ...look.seen])].sort();
    const writes = certain.writes ? { writes: certain.writes } : {};
    return { outcome: ended, findings: { canaries: all, ...writes }, ...removed() };
  }
}

function lookOf(context: HttpsContext & { agent: Agent }): Look {
  const seen = new Set<string>();
  const asking = async (question: Question) => {
    const answer = await ask(context, context.own, question);
    for (const canary of canariesOf(answer)) seen.add(canary);
    return answer;
  };
  const reading = async (question: Question) => {
    const answer = await asking(question);
    if (!isSuccess(answer)) throw coded(`HTTP_${answer.status}`);
    return answer;
  };
  return {
    context,
    seen,
    certain: {},
    ask: asking,
    read: reading,
    async readWhole(question) {
      const answer = await reading(question);
      requireWholeAnswer(answer, question);
      return answer;
    },
  };
}

/** A query over everything: only what the search itself found counts, the own canary included. */
export const strayCanaries: Way = async ({ context: { own }, readWhole, seen }) => {
  const { searchPath = "", searchBody } = own;
  const post = searchBody === undefined ? {} : { post: { type: "application/json", body: searchBody } };
  await readWhole({ path: searchPath, token: own.credentials.auditor.token, ...post });
  return { canaries: [...seen].sort() };
};

/** Whatever the service names as a peer, each where its name leads. */
export const links: Way = async ({ context: { own }, readWhole, seen }, { canaries }) => {
  const found: Link[] = [];
  for (const path of own.linksPaths ?? []) {
    const { body } = await readWhole({ path, token: own.credentials.auditor.token });
    const peers = peersIn(parseJson(body));
    const what = `the peer in ${legibleText(path)}`;
    found.push(
      ...(await Promise.all(
        peers.map(async (peer) => ({ what, peer: legibleText(peer), addresses: await addressesOf(peer) })),
      )),
    );
  }
  return { canaries: [...new Set([...canaries, ...seen])], links: found };
};

/** Where the answering server says it is; a private one is also where it answered. */
export const place: Way = async ({ context: { own, address }, read, seen }, { canaries }) => {
  const path = own.placePath ?? own.publicPlacePath ?? "";
  const { body } = await read({ path, token: own.credentials.auditor.token });
  const said = placeIn(parseJson(body));
  const addresses = own.placePath === undefined ? said.addresses : [address, ...said.addresses];
  return {
    canaries: [...new Set([...canaries, ...seen])],
    servedFrom: { ...said, addresses: [...new Set(addresses)] },
  };
};
