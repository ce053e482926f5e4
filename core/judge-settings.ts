import { inBlocks } from "./addresses.ts";
import { type Atlas, jurisdictionOf } from "./atlas.ts";
import type { NamedPlace } from "./journal.ts";
import type { PlannedItem } from "./plan.ts";
import type { ResidencyMap } from "./residency-map.ts";
import { systemBook } from "./system-book.ts";

/** Where what a setting names is: here, out of the region, or nobody knows; the latter two in words. */
export type Whereabouts =
  | { kind: "here" }
  | { kind: "out"; reason: string }
  | { kind: "unknown"; reason: string };

const noAtlas: Atlas = { hosts: {}, defaults: {} };
const here: Whereabouts = { kind: "here" };

/** Asks the map first, then the region's address plan, then the plan's vendors. An unset variable leads to
 *  where its SDK goes by itself. */
export function whereaboutsOf(place: NamedPlace, planned: PlannedItem, map: ResidencyMap): Whereabouts {
  const { setting } = place;
  switch (place.what) {
    case "host":
      return hostWhereabouts(place.host, { subject: `${setting} names ${place.host}`, planned, map });
    case "region":
      return regionWhereabouts(place.region, { subject: `${setting} names ${place.region}`, planned, map });
    case "bucket": {
      const subject = `${setting} names the bucket ${place.bucket}`;
      return bucketWhereabouts(place.bucket, { subject, planned, map });
    }
    case "jurisdiction":
      return place.jurisdiction.toUpperCase() === map.regions[planned.from.region]?.jurisdiction.toUpperCase()
        ? here
        : out(`${setting} names ${place.jurisdiction} as the place of work`);
    case "unset":
      return unsetWhereabouts(setting, { planned, map });
    case "unreadable":
      return unknown(`${setting} names a place in a form that cannot be read`);
  }
}

interface Question {
  /** What is said of the place, in the verdict's words. */
  subject: string;
  planned: PlannedItem;
  map: ResidencyMap;
}

function unsetWhereabouts(setting: string, question: Omit<Question, "subject">): Whereabouts {
  const { defaults } = question.planned.atlas ?? noAtlas;
  const host = Object.hasOwn(defaults, setting) ? defaults[setting] : undefined;
  if (host === undefined) return unknown(`${setting} is not set, and nobody here knows what then applies`);
  if (host === null) return here;
  return hostWhereabouts(host, { ...question, subject: `${setting} is not set, so that ${host} applies` });
}

function hostWhereabouts(host: string, { subject, planned, map }: Question): Whereabouts {
  const region = planned.from.region;
  if (isLocal(host)) return here;
  const owner = ownerOf(map, region, (name) => host === name || isUnder(host, name));
  if (owner) return owner === region ? here : out(`${subject}, which is ${owner}'s`);
  const resident = Object.keys(map.regions).find((id) => inBlocks(host, map.regions[id]?.addresses ?? []));
  if (resident) return resident === region ? here : out(`${subject}, an address of ${resident}`);
  const known = jurisdictionOf(host, planned.atlas ?? noAtlas);
  if (known) {
    if (known.jurisdiction !== map.regions[region]?.jurisdiction)
      return out(`${subject}, which is in ${known.jurisdiction}`);
    return known.exact
      ? here
      : unknown(`${subject}, which no record has, though it is below one that is here`);
  }
  const told = regionIn(host, map, region);
  if (told !== undefined && told !== region) return out(`${subject}, which is in ${told}`);
  // AWS puts the region that serves into the name of every regional endpoint.
  if (told === region && /\.(amazonaws\.com|api\.aws)$/.test(host)) return here;
  return unknown(`${subject}, and nobody here knows where that is`);
}

/** A region of the map, or one that an endpoint of the map names, as AWS or a vendor calls it. */
function regionWhereabouts(name: string, { subject, planned, map }: Question): Whereabouts {
  const region = planned.from.region;
  const owner = Object.hasOwn(map.regions, name) ? name : ownerOf(map, region, (other) => other === name);
  if (owner === region) return here;
  return owner ? out(subject) : unknown(`${subject}, a region that the map does not know`);
}

/** A bucket's name says nothing for it, and something against it. */
function bucketWhereabouts(bucket: string, { subject, planned, map }: Question): Whereabouts {
  const region = planned.from.region;
  const owner = ownerOf(map, region, (name) => name === bucket);
  if (owner === region) return here;
  const told = owner ?? regionIn(bucket, map, region);
  return told !== undefined && told !== region
    ? out(`${subject}, which is ${told}'s`)
    : unknown(`${subject}, which the map does not know`);
}

function isUnder(host: string, name: string): boolean {
  return name.includes(".") && host.endsWith(`.${name}`);
}

/** The region in whose endpoints a name stands: the own one, if it does there. A longer name says more. */
function ownerOf(map: ResidencyMap, own: string, matches: (name: string) => boolean): string | undefined {
  const found = systemBook(map).names.filter(({ name }) => matches(name));
  const longest = Math.max(...found.map(({ name }) => name.length));
  const best = found.filter(({ name }) => name.length === longest).map(({ region }) => region);
  return best.includes(own) ? own : best[0];
}

/** A declared region whose id stands in the text as a word of its own; another one before the own. */
function regionIn(text: string, map: ResidencyMap, own: string): string | undefined {
  const all = Object.keys(map.regions).filter((id) =>
    new RegExp(`(^|[^a-z0-9])${id}[a-f]?([^a-z0-9]|$)`).test(text),
  );
  const named = all.filter((id) => !all.some((longer) => longer !== id && longer.includes(id)));
  return named.find((id) => id !== own) ?? named[0];
}

/** Loopback, link-local (the cloud's metadata service) and Unix sockets stay on the machine. */
function isLocal(host: string): boolean {
  return host === "localhost" || inBlocks(host, ["127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10"]);
}

function out(reason: string): Whereabouts {
  return { kind: "out", reason };
}

function unknown(reason: string): Whereabouts {
  return { kind: "unknown", reason };
}
