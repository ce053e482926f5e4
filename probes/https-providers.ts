import type { NamedPlace } from "../core/journal.ts";
import { coded, type Way } from "./https-inside.ts";
import { parseJson, textsIn } from "./json-peers.ts";
import { distinct, placesIn, settingName } from "./settings-places.ts";
import { leafOf, readSettings, type Setting } from "./settings-text.ts";

/** Whom a gateway may send prompts to, fallbacks included, read as any other setting is. */
export const providers: Way = async ({ context: { own }, readWhole, seen }, { canaries }) => {
  const found: NamedPlace[] = [];
  for (const path of own.providersPaths ?? []) {
    const { body } = await readWhole({ path, token: own.credentials.auditor.token });
    const kind = /^\s*[[{]/.test(body) ? "routes.json" : "routes.env";
    const routes = Map.groupBy(readSettings(body, kind), ({ name }) => name.slice(0, -leafOf(name).length));
    found.push(...[...routes.values()].flatMap(placesOfRoute));
  }
  return { canaries: [...new Set([...canaries, ...seen])], settings: distinct(found) };
};

/** A model, or a vendor, beside which nothing says where it works is wherever the vendor's SDK goes by itself. */
function placesOfRoute(route: readonly Setting[]): NamedPlace[] {
  const places = route.flatMap(placesIn);
  const model = route.find(({ name }) =>
    /^(model|model_?id|deployment|engine|provider)$/i.test(leafOf(name)),
  );
  return model && places.length === 0 ? [{ what: "unreadable", setting: settingName(model.name) }] : places;
}

/** One smallest prompt, and where its answer says that it was made. Throws NO_PLACE_IN_ANSWER. */
export const answeredIn: Way = async ({ context: { own }, read, seen }, { canaries }) => {
  const { path = "", body = "", at = "" } = own.answer ?? {};
  const post = { type: "application/json", body };
  const answer = await read({ path, token: own.credentials.own.token, post });
  const words = [...textsIn(parseJson(answer.body))].filter(({ key }) => key === at);
  if (words.length === 0) throw coded("NO_PLACE_IN_ANSWER");
  const settings = words.flatMap(({ text }) => placesOf(`${at} in the answer of ${path}`, text));
  return { canaries: [...new Set([...canaries, ...seen])], settings: distinct(settings) };
};

/** A jurisdiction in one short word, or else every region that is named, as clouds write them. */
function placesOf(setting: string, word: string): NamedPlace[] {
  if (/^[a-z]{2,6}$/i.test(word))
    return [{ what: "jurisdiction", setting, jurisdiction: word.toLowerCase() }];
  const places = placesIn({ name: "region", value: word });
  return places.length > 0
    ? places.map((place) => ({ ...place, setting }))
    : [{ what: "unreadable", setting }];
}
