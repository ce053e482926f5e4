import { isIP } from "node:net";
import { domainToASCII } from "node:url";

/** Reads JSON from a service that nobody vouches for: bounded, and without recursion. */

const mostPeers = 100;
const longestJson = 512 * 1024;
const longestToken = 253;
const deepest = 64;

/** Under these keys a service says where it is itself. */
const hostKeys =
  /^(host(name)?|addr(ess)?|ip|ur[il]|endpoint|seeds?|server_?name|(proxy|publish)_?address)s?$/i;

const peerKeys =
  /(^|[^a-z])(host(_?name)?|addr(ess(es)?)?|ip|ur[il]|endpoint|seed|server(_?name)?|node|member|peer|upstream|backend|broker|remote|primary|master|leader|replica|standby|follower)s?$/;

/** Whether even words without a dot are hosts: alone or in a list, under a key that ends so. Under any other, or in
 *  a sentence, nobody could tell them. */
function namesPeers(key: string, text: string): boolean {
  if (hostKeys.test(key)) return true;
  const isList = !/\s/.test(text.trim().replace(/\s*[,;]\s*/g, ","));
  return isList && peerKeys.test(key.replace(/([a-z0-9])(?=[A-Z])/g, "$1_").toLowerCase());
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Throws NOT_JSON for anything but an object or an array: a proxy's page, an error's text; and
 *  ANSWER_TOO_LONG beyond 512 Ki characters. */
export function parseJson(body: string): object {
  if (body.length > longestJson) throw coded("ANSWER_TOO_LONG");
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw coded("NOT_JSON");
  }
  if (value === null || typeof value !== "object") throw coded("NOT_JSON");
  return value;
}

/** A host that nobody can read, and no host is called so: what leads there leads nobody knows where. */
const unreadable = "?";

/** Every host and address that the JSON names, in values and in keys: `10.20.2.11:9300`, `[fd10:20::5]:6335`,
 *  `https://vectors.example/v1`, `search.us-east-1.example`, `host=…`; an address whatever stands around it; "?" for
 *  that of a URL that cannot be read. Throws SEARCH_TRUNCATED beyond 100. */
export function peersIn(json: object): string[] {
  const peers = new Set<string>();
  for (const { key, text } of textsIn(json)) {
    for (const address of addressesIn(text)) peers.add(address);
    for (const word of text.split(/[\s,;]+/)) {
      const [named, said = ""] = word.split("=");
      const hosts = [
        hostIn(word, namesPeers(key, text)),
        hostIn(said, namesPeers(named ?? "", said)),
        ...partsOf(word).map((part) => hostIn(part, false)),
      ];
      for (const host of hosts) if (host !== null) peers.add(host);
    }
    if (peers.size > mostPeers) throw coded("SEARCH_TRUNCATED");
  }
  return [...peers].sort();
}

const ipv4 = /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])/g;

/** Also `/10.20.2.11:9300`, `user@10.20.2.11`, `inet[/fd10:20::5]`, `/ip4/10.20.2.11/tcp/4001`. */
function addressesIn(text: string): string[] {
  const pieces = text.toLowerCase().split(/[^0-9a-z_.:]+/);
  return pieces.flatMap((piece) => [piece, ...(piece.match(ipv4) ?? [])]).filter((one) => isIP(one) !== 0);
}

/** What of a word may be a host: a URL within it, or what follows an "=" or a bracket, or has a port behind a
 *  user, a protocol or a slash. */
function partsOf(word: string): string[] {
  const [url] = /[a-z][a-z0-9+.-]{0,30}:\/\/[^"'<>()|]*/i.exec(word) ?? [];
  if (url !== undefined) return [url];
  return word.split(/[=()|]+/).map((part) => part.replace(/^.*[@/:](?=[^@/:[\]]+:\d{1,5}$)/, ""));
}

/** Where the service says that it is. Throws NO_PLACE_IN_ANSWER, AMBIGUOUS_PLACE where it names several
 *  regions, UNREADABLE_PLACE for a region that no region is called. */
export function placeIn(json: object): { addresses: string[]; region?: string } {
  const regions = new Set<string>();
  const addresses = new Set<string>();
  for (const { key, text } of textsIn(json)) {
    if (key.toLowerCase() === "region") {
      if (!/^[A-Za-z0-9 ._-]{1,64}$/.test(text)) throw coded("UNREADABLE_PLACE");
      regions.add(text);
    }
    const host = hostKeys.test(key) ? hostIn(text, false) : null;
    if (host !== null && isIP(host) !== 0) addresses.add(host);
  }
  if (regions.size > 1 || addresses.size > mostPeers) throw coded("AMBIGUOUS_PLACE");
  const [region] = regions;
  if (region === undefined && addresses.size === 0) throw coded("NO_PLACE_IN_ANSWER");
  return { addresses: [...addresses], ...(region === undefined ? {} : { region }) };
}

/** Every string with the key that it stands under, and every key as a text of its own. */
export function* textsIn(json: object): Generator<{ key: string; text: string }> {
  const open: { key: string; value: unknown; depth: number }[] = [{ key: "", value: json, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { key, value, depth } = next;
    if (depth > deepest) throw coded("SEARCH_TRUNCATED");
    if (typeof value === "string") yield { key, text: value };
    if (value === null || typeof value !== "object") continue;
    if (Array.isArray(value)) {
      for (const item of value) open.push({ key, value: item, depth: depth + 1 });
      continue;
    }
    for (const [name, item] of Object.entries(value)) {
      yield { key: "", text: name };
      open.push({ key: name, value: item, depth: depth + 1 });
    }
  }
}

const label = "[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?";
const dotted = new RegExp(`^(${label}\\.)+[a-z][a-z0-9-]*[a-z0-9]\\.?$`);
const single = new RegExp(`^${label}$`);

function hostIn(word: string, aloneToo: boolean): string | null {
  const text = word.toLowerCase().slice(0, 2 * longestToken);
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//.test(text);
  const { name: said, certain } = isUrl ? hostOfUrl(text) : withoutPort(text);
  const name = inAscii(said);
  const isShort = name.length <= longestToken;
  if (isShort && (isIP(name) !== 0 || dotted.test(name))) return name.replace(/\.$/, "");
  if (isShort && (aloneToo || certain) && single.test(name) && /[a-z]/.test(name)) return name;
  return isUrl && said !== "" ? unreadable : null;
}

/** `certain`: the text can only be a place. */
interface Named {
  name: string;
  certain: boolean;
}

/** Drivers bear more than a URL may hold: where it is none, what stands between its user and its port or path. */
function hostOfUrl(text: string): Named {
  const name = URL.canParse(text)
    ? new URL(text).hostname
    : (/^[^:]+:\/\/(?:[^/?#\\]*@)?(\[[0-9a-f:.]+\]|[^:/?#\\]*)/.exec(text)?.[1] ?? "");
  return { name: name.replace(/^\[|\]$/g, ""), certain: true };
}

/** In the alphabet of DNS, as URLs of the Web are by themselves; empty where it cannot be written so. */
function inAscii(name: string): string {
  if (/^[!-~]*$/.test(name) && !name.includes("%")) return name;
  try {
    return domainToASCII(decodeURIComponent(name));
  } catch {
    return "";
  }
}

function withoutPort(text: string): Named {
  const bracketed = /^\[([0-9a-f:.]+)\](:\d{1,5})?(\/.*)?$/.exec(text)?.[1];
  if (bracketed !== undefined) return { name: bracketed, certain: true };
  if (isIP(text) !== 0) return { name: text, certain: true };
  const [, name, port] = /^([^:/]+)(:\d{1,5})?(\/.*)?$/.exec(text) ?? [];
  return { name: name ?? "", certain: port !== undefined };
}
