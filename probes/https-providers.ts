import type { NamedPlace } from "../core/journal.ts";
import { coded, type Way } from "./https-inside.ts";
import { parseJson, textsIn } from "./json-peers.ts";
import { distinct, placesIn } from "./settings-places.ts";
import { readSettings } from "./settings-text.ts";

/** Whom a gateway may send prompts to, fallbacks included, read as any other setting is. */
export const providers: Way = async ({ context: { own }, read, seen }, { canaries }) => {
  const found: NamedPlace[] = [];
  for (const path of own.providersPaths ?? []) {
    const { body } = await read({ path, token: own.credentials.auditor.token });
    found.push(...readSettings(body, path).flatMap(placesIn));
  }
  return { canaries: [...new Set([...canaries, ...seen])], settings: distinct(found) };
};

/** One smallest prompt, and where its answer says that it was made. Throws NO_PLACE_IN_ANSWER. */
export const answeredIn: Way = async ({ context: { own }, read, seen }, { canaries }) => {
  const { path = "", body = "", at = "" } = own.answer ?? {};
  const post = { type: "application/json", body };
  const answer = await read({ path, token: own.credentials.own.token, post });
  const words = [...textsIn(parseJson(answer.body))].filter(({ key }) => key === at);
  if (words.length === 0) throw coded("NO_PLACE_IN_ANSWER");
  const settings = words.map(({ text }) => placeOf(`${at} in the answer of ${path}`, text));
  return { canaries: [...new Set([...canaries, ...seen])], settings: distinct(settings) };
};

/** A region, as clouds write them, or else a jurisdiction. */
function placeOf(setting: string, word: string): NamedPlace {
  if (/^[a-z]{2,6}$/i.test(word)) return { what: "jurisdiction", setting, jurisdiction: word.toLowerCase() };
  const [place] = placesIn({ name: "region", value: word });
  return { ...(place ?? { what: "unreadable" }), setting };
}
