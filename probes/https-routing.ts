import { randomBytes } from "node:crypto";
import type { Link } from "../core/journal.ts";
import { type Asked, canariesOf, isSuccess, turnsAway } from "./https-answer.ts";
import { forTenant, type HttpsContext } from "./https-endpoint.ts";
import { coded, type Look, type Way } from "./https-inside.ts";
import { legibleText } from "./legible.ts";

/** What an own data plane does with what belongs to another region: `about` in every one of these looks. */

/** The own plane is asked for the other region's tenant, with the own session and with what opens it at home.
 *  The own canary is read by the same path, which shows that the path is right. */
export const foreignTenant: Way = async ({ context, ask, read, seen }) => {
  const { own, item } = context;
  const { path = "", token = "" } = own.tenants ?? {};
  const about = item.about ?? "";
  await read({ path: forTenant(path, item.from.region), token: own.credentials.own.token });
  for (const reference of [own.credentials.own.token, forTenant(token, about)]) {
    const answer = await ask({ path: forTenant(path, about), token: reference });
    if (!turnsAway(answer, askedOf(context)) && canariesOf(answer).length === 0)
      throw coded(`HTTP_${answer.status}`);
  }
  return { canaries: [...seen].sort() };
};

/** The other region's host is called as the own one is, with that region's id in it. */
function askedOf({ own: { tls, host }, item }: HttpsContext): Asked {
  return { tls, host, home: host.replaceAll(item.from.region, item.about ?? "") };
}

/** A session cookie that the browser would also send to another region's host. RFC 6265, 5.2.3 and 5.1.3. */
export const cookieScope: Way = async ({ context, read, seen }, { canaries }) => {
  const { own, item } = context;
  const { path = "", elsewhere = "" } = own.cookie ?? {};
  const about = item.about ?? "";
  const far = forTenant(elsewhere, about).toLowerCase();
  const { headers } = await read({ path, token: own.credentials.own.token });
  const cookies = headers["set-cookie"] ?? [];
  if (cookies.length === 0) throw coded("NO_SESSION_COOKIE");
  const domains = new Set(cookies.map(domainOf).filter((domain) => covers(domain, far)));
  const links = [...domains].map(
    (domain): Link => ({
      what: "the session cookie's domain",
      peer: legibleText(domain),
      addresses: [],
      region: about,
    }),
  );
  return { canaries: [...new Set([...canaries, ...seen])], links };
};

/** The last Domain attribute decides; empty where the cookie is for its own host only. */
export function domainOf(cookie: string): string {
  const domains = cookie
    .split(";")
    .slice(1)
    .flatMap((attribute) => /^\s*domain\s*=\s*(.*?)\s*$/i.exec(attribute)?.[1] ?? []);
  return (domains.at(-1) ?? "").replace(/^\./, "").toLowerCase();
}

export function covers(domain: string, host: string): boolean {
  return domain !== "" && (host === domain || host.endsWith(`.${domain}`));
}

/** The routing table is the same everywhere, so nothing of a customer may be in it. It has to name the other
 *  region, or it is not the table. */
export const directory: Way = async ({ context, readWhole, seen }, { canaries }) => {
  const { own, item } = context;
  const { body } = await readWhole({ path: own.directoryPath ?? "", token: own.credentials.own.token });
  if (!body.includes(item.about ?? "")) throw coded("REGION_NOT_IN_DIRECTORY");
  return { canaries: [...new Set([...canaries, ...seen])].sort() };
};

const mostReadings = 5;

/** Posts bodies for the other region's tenant to the own plane, with the own session and with what opens the
 *  tenant at home, and looks for them in the own request log. The requests themselves have to be there, or the
 *  log says nothing. */
export const requestLog: Way = async (look, { canaries }) => {
  const { own, item } = look.context;
  const about = item.about ?? "";
  const path = forTenant(own.log?.postTo ?? "", about);
  const tokens = [own.credentials.own.token, ...(own.tenants ? [forTenant(own.tenants.token, about)] : [])];
  const sent = tokens.map((token) => ({ token, name: unguessable("request"), mark: unguessable("body") }));
  const peer = legibleText(`a tenant of ${about}`);
  const links: Link[] = [];
  for (const { token, name, mark } of sent) {
    const post = { type: "text/plain", body: mark };
    const answer = await look.ask({ path: `${path}?ringfence=${name}`, token, post });
    if (isSuccess(answer))
      links.push({ what: "a request that the service accepts", peer, addresses: [], region: about });
    else if (!turnsAway(answer, askedOf(look.context))) throw coded(`HTTP_${answer.status}`);
  }
  const log = await logWith(
    look,
    sent.map(({ name }) => name),
  );
  if (sent.some(({ mark }) => holds(log, mark)))
    links.push({ what: "the request log, with a body inside,", peer, addresses: [], region: about });
  return { canaries: [...new Set([...canaries, ...look.seen])], links };
};

async function logWith({ context: { own }, read }: Look, names: readonly string[]): Promise<string> {
  for (let readings = 0; readings < mostReadings; readings++) {
    const { body } = await read({ path: own.log?.path ?? "", token: own.credentials.auditor.token });
    if (names.every((name) => body.includes(name))) return body;
  }
  throw coded("REQUEST_NOT_IN_LOG");
}

/** Whether a text holds a mark in whatever form logs write a body: as it is, escaped, in base64 at any place of a
 *  longer text, or in hexadecimal. Nothing escapes the digits at its end. */
function holds(text: string, mark: string): boolean {
  const digits = mark.slice(-32);
  const base64 = [0, 1, 2].map((before) =>
    Buffer.from(" ".repeat(before) + digits)
      .toString("base64")
      .slice(before === 0 ? 0 : 4, -4),
  );
  const hex = Buffer.from(digits).toString("hex");
  return [digits, ...base64].some((form) => text.includes(form)) || text.toLowerCase().includes(hex);
}

function unguessable(what: string): string {
  return `ringfence-${what}-${randomBytes(16).toString("hex")}`;
}
