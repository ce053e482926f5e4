import { isIP } from "node:net";
import type { NamedPlace } from "../core/journal.ts";
import type { Setting } from "./settings-text.ts";

/** The places that a setting's value names: hosts of URLs, connection strings and host lists, addresses wherever
 *  they stand, regions, and buckets. Nothing else of the value is handed on: no user, no password, no path, no query. */
export function placesIn({ name, value }: Setting): NamedPlace[] {
  const setting = settingName(name);
  if (value.length > longestValue) return [{ what: "unreadable", setting }];
  const found = [...urls(value), ...pairs(value), ...arns(value), ...profiles(value)];
  if (found.length > mostPlaces) return [{ what: "unreadable", setting }];
  const rest = blanked(value, found);
  const bare = secretName.test(name) ? [] : bareHosts(rest, { alone: !taggedName.test(name) });
  const others = secretName.test(name) ? [] : hostsAmongOthers(blanked(rest, bare));
  found.push(...bare, ...others, ...regions(blanked(rest, [...bare, ...others])));
  if (found.length === 0) found.push(...byName(name, value.trim()));
  const places = found.flatMap(({ place }) => (place === skipped ? [] : [place]));
  return distinct(places.map((place) => withSetting(setting, place)));
}

const longestValue = 64 * 1024;
const mostPlaces = 200;

type Place =
  | { what: "host"; host: string }
  | { what: "region"; region: string }
  | { what: "bucket"; bucket: string }
  | { what: "jurisdiction"; jurisdiction: string };

const skipped = Symbol("names no place");

/** `text`: the part of the value that it was found in. `place`: null where it cannot be read. */
interface Found {
  text: string;
  place: Place | null | typeof skipped;
}

/** What is in these may look like a host, and must not be handed on. */
const secretName = /(secret|token|passw(or)?d|pwd|credential|key|signature|salt)s?$/i;
const placeName = /(host|hostname|url|uri|dsn|endpoint|server|broker|site|domain|addr|address)s?$/i;
const noPlace = /^(|true|false|on|off|yes|no|none|null|\d+|[/.].*)$/i;

/** What is called a host or a region names a place, in whatever form. */
function byName(name: string, value: string): Found[] {
  if (noPlace.test(value)) return [];
  const place = jurisdictionPlace(name, value);
  if (place) return [{ text: value, place }];
  const isLocation = /locations?$/i.test(name) && !/[:/]/.test(value);
  if (/region$/i.test(name) || isLocation) {
    const known = /^[a-z][a-z0-9-]{1,40}$/.test(value);
    return [{ text: value, place: known ? { what: "region", region: value } : null }];
  }
  if (/^jdbc:/i.test(value)) return [{ text: value, place: null }];
  return placeName.test(name) ? [{ text: value, place: hostPlace(value) }] : [];
}

/** What no setting is called by becomes "?". */
export function settingName(name: string): string {
  return name.slice(0, 200).replace(/[^\w.:/ @-]/g, "?");
}

/** Who works anywhere, or in one jurisdiction of several, and says so in a word: Azure OpenAI's deployment type,
 *  Vertex AI's and BigQuery's location, Anthropic's inference_geo. Sources: the notes of their records in `vendors/`. */
function jurisdictionPlace(name: string, value: string): Place | null {
  const worldwide = /^global(standard|batch|provisionedmanaged)$/i.test(value);
  if (worldwide || (/(region|location)$/i.test(name) && /^global$/i.test(value)))
    return { what: "jurisdiction", jurisdiction: "global" };
  if (/location$/i.test(name) && /^(us|eu)$/i.test(value))
    return { what: "jurisdiction", jurisdiction: value.toLowerCase() };
  return /inference_?geo$/i.test(name) && /^[a-z]{2,6}$/i.test(value)
    ? { what: "jurisdiction", jurisdiction: value.toLowerCase() }
    : null;
}

const profile =
  /(?<![\w.-])(us-gov|us|eu|apac|jp|au|ca|in|global)\.(?:ai21|amazon|anthropic|cohere|deepseek|meta|mistral|openai|qwen|stability|twelvelabs|writer)\.[a-z0-9][\w.:-]*/g;

/** Inference profiles of AWS Bedrock: what stands before the model's maker says where it may run. */
function profiles(value: string): Found[] {
  return [...value.matchAll(profile)].map(([text, jurisdiction = ""]) => ({
    text,
    place: { what: "jurisdiction", jurisdiction },
  }));
}

const url = /([a-z][a-z0-9+.-]{0,30}):\/\/((?:(?!,[a-z][a-z0-9+.-]{0,30}:\/\/)[^\s"'<>`])*)/gi;
const bucketSchemes = /^(s3|s3a|s3n|gs|gcs)$/i;

/** What is before the last "@" of the authority is user and password. An "@" further on may mean that a
 *  password holds a slash or the like, and then nobody can say where the host begins. */
function urls(value: string): Found[] {
  return [...value.matchAll(url)].flatMap(([text, scheme = "", rest = ""]): Found[] => {
    const authority = /^[^/?#;\\]*/.exec(rest)?.[0] ?? "";
    if (rest.slice(authority.length).includes("@")) return [{ text, place: null }];
    const hosts = authority.slice(authority.lastIndexOf("@") + 1);
    if (hosts === "") return [{ text, place: skipped }];
    if (bucketSchemes.test(scheme)) return [{ text, place: bucketPlace(hosts) }];
    return hosts.split(",").map((host) => ({ text, place: hostPlace(host) }));
  });
}

const pair =
  /(?:^|[\s;(])[\w.-]{0,60}(?:host|hostaddr|hostname|server|data source|address|addr|endpoint|upstream)s?\s{0,9}=\s{0,9}(?:tcp:)?([^\s;()]+)/gi;

/** `host=… port=…` of libpq, `Server=tcp:…,1433;` of ADO.NET, `-Ddb.host=…`, `--upstream=…`, and `(HOST=…)` of Oracle. */
function pairs(value: string): Found[] {
  return [...value.matchAll(pair)].flatMap(([text, hosts = ""]) =>
    hosts
      .replace(/^["']|["']$/g, "")
      .split(",")
      .filter((host) => !noPlace.test(host))
      .map((host): Found => ({ text, place: host.includes("://") ? skipped : hostPlace(host) })),
  );
}

const arn = /\barn:aws[a-z-]{0,20}:([a-z0-9-]{0,40}):([a-z0-9-]{0,40}):([0-9]{0,20}):([^\s"'<>,;]*)/gi;

/** Of an ARN without a region only a bucket's name says something. AWS IAM reference, "ARNs". */
function arns(value: string): Found[] {
  return [...value.matchAll(arn)].flatMap(([text, service = "", region = "", , resource = ""]): Found[] => {
    if (region !== "") return [{ text, place: { what: "region", region: region.toLowerCase() } }];
    const [bucket = ""] = resource.split("/");
    if (service.toLowerCase() === "s3") return [{ text, place: bucketPlace(bucket) }];
    const inside = regions(resource);
    return inside.length > 0 ? inside.map(({ place }) => ({ text, place })) : [{ text, place: skipped }];
  });
}

/** A list of nothing but hosts, with ports (and, as for ZooKeeper, a path) or without. Capitals are for keys and
 *  class names, and a very long label for tokens. `alone`: a port makes a host of a word without a dot, too. */
function bareHosts(value: string, { alone }: { alone: boolean }): Found[] {
  const parts = value
    .trim()
    .split(/[\s,;]+/)
    .filter(Boolean);
  const hosts = parts.map((part) => ({ part, host: withoutPort(part.replace(/(:\d{1,5})\/.*$/, "$1")) }));
  const isHost = ({ part, host }: { part: string; host: string }) =>
    isIP(host) !== 0 || bare.test(host) || (alone && single.test(part));
  if (hosts.length === 0 || !hosts.every(isHost)) return [];
  return hosts.map(({ part, host }) => ({
    text: part,
    place: /[^.]{41}/.test(host) ? null : hostPlace(host),
  }));
}

/** Two labels or more, the last of letters; "localhost", too. */
const bare = /^(localhost|([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]{2,24}\.?)$/;

const single = /^[a-z]([a-z0-9_-]{0,61}[a-z0-9_])?:\d{2,5}(\/.*)?$/;
/** "postgres:18" under such a name is no host and port. */
const taggedName = /(image|tag|version|model)s?$/i;

const protocol = /\b(?:tcp|udp)[46]?\(([^()\s]+)\)/gi;
const ported =
  /(?<![\w.-])((?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,23}):\d{2,5}(?![\w.:])/gi;
const secretPair = /\b(?:password|passwd|pwd|secret|token)\s{0,9}=\s{0,9}[^\s;&)]+/gi;

/** Hosts that stand among what is none: `user:password@tcp(host:3306)/x` of Go, `user:password@host:5432/x`, a name
 *  with its port, an address. */
function hostsAmongOthers(written: string): Found[] {
  const value = written.replace(secretPair, " ");
  const ofGo = [...value.matchAll(protocol)].map(([text, host = ""]) => ({ text, place: hostPlace(host) }));
  const words = value.split(/\s+/).filter((word) => word.search(protocol) < 0);
  const logins = words.flatMap(hostsOfLogin);
  const last = blanked(words.join(" "), logins);
  const names = [...last.matchAll(ported)].map(([text, host = ""]) => ({ text, place: hostPlace(host) }));
  return [...ofGo, ...logins, ...names, ...addresses(last)];
}

/** Of two "@" nobody can say which one ends the password. */
function hostsOfLogin(text: string): Found[] {
  const [user = "", rest = "", ...more] = text.split("@");
  if (!/^[^/:]+:[^/]*$/.test(user)) return [];
  if (more.length > 0) return [{ text, place: null }];
  const [hosts = ""] = rest.split(/[/?]/);
  return /:\d{1,5}(?!\w)/.test(hosts)
    ? hosts.split(",").map((host) => ({ text, place: hostPlace(host) }))
    : [];
}

const ipv4 = /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])/g;
/** A range, or where somebody listens: data goes to neither. */
const nowhere = /^(?:(?:\d{1,3}\.){3}0\/\d{1,2}|[0-9a-f:]*::\/\d{1,3}|0\.0\.0\.0|::)$/i;

function addresses(value: string): Found[] {
  const words = value.split(/[^0-9A-Za-z_.:/]+/).filter((word) => !nowhere.test(word));
  const pieces = words.flatMap((word) => word.split("/"));
  return pieces
    .flatMap((piece) => [piece, ...(piece.match(ipv4) ?? [])])
    .filter((one) => isIP(one) !== 0 && !nowhere.test(one))
    .map((text) => ({ text, place: hostPlace(text) }));
}

const amazon =
  "(?:af|ap|ca|cn|eu|il|me|mx|sa|us)(?:-gov|-iso[a-z]?)?-(?:central|(?:north|south)?(?:east|west)|north|south)-\\d";
const google =
  "(?:africa|asia|australia|europe|me|northamerica|southamerica|us)-(?:central|(?:north|south)?(?:east|west)|north|south)\\d{1,2}";
const region = new RegExp(`(?<![a-z0-9])(${amazon}|${google})(?=[a-f]?(?![a-z0-9]))`, "gi");

/** Regions as AWS and Google write them, whatever stands around them. */
function regions(value: string): Found[] {
  return [...value.matchAll(region)].map(([text]) => ({
    text,
    place: { what: "region", region: text.toLowerCase() },
  }));
}

function hostPlace(written: string): Place | null {
  const host = withoutPort(written).toLowerCase().replace(/\.$/, "");
  const legible = isIP(host) !== 0 || /^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$/.test(host);
  return legible ? { what: "host", host } : null;
}

function bucketPlace(bucket: string): Place | null {
  return /^[a-z0-9][a-z0-9._-]{1,220}$/.test(bucket) ? { what: "bucket", bucket } : null;
}

function withoutPort(written: string): string {
  const bracketed = /^\[([0-9a-fA-F:.]+)\](?::\d{1,5})?$/.exec(written)?.[1];
  if (bracketed !== undefined) return bracketed;
  return isIP(written) === 6 ? written : written.replace(/:\d{1,5}$/, "");
}

/** The value without what was read already, so that nothing is read twice, and differently. */
function blanked(value: string, found: readonly Found[]): string {
  return found.reduce((text, one) => text.replaceAll(one.text, " "), value);
}

function withSetting(setting: string, place: Place | null): NamedPlace {
  return place === null ? { what: "unreadable", setting } : { ...place, setting };
}

export function distinct(places: readonly NamedPlace[]): NamedPlace[] {
  return [...new Map(places.map((place) => [JSON.stringify(place), place])).values()];
}
