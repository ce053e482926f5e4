import { inBlocks } from "./addresses.ts";
import { type Atlas, jurisdictionOf } from "./atlas.ts";
import type { NamedPlace } from "./journal.ts";
import type { PlannedItem } from "./plan.ts";
import type { ResidencyMap } from "./residency-map.ts";
import { type OwnName, systemBook } from "./system-book.ts";

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
  const owner = ownerOf(map, region, ({ what, name }) => what === "host" && name === host);
  if (owner) return owner === region ? here : out(`${subject}, which is ${owner}'s`);
  const resident = Object.keys(map.regions).find((id) => inBlocks(host, map.regions[id]?.addresses ?? []));
  if (resident) return resident === region ? here : out(`${subject}, an address of ${resident}`);
  const known = jurisdictionOf(host, planned.atlas ?? noAtlas);
  const abroad = known !== undefined && known.jurisdiction !== map.regions[region]?.jurisdiction;
  if (known?.exact) return abroad ? out(`${subject}, which is in ${known.jurisdiction}`) : here;
  const above = ownerOf(map, region, ({ what, name, vendor }) => {
    return what === "host" && !vendor && isUnder(host, name);
  });
  if (above) return above === region ? here : out(`${subject}, which is ${above}'s`);
  if (abroad) return out(`${subject}, which is in ${known.jurisdiction}`);
  if (known) return unknown(`${subject}, which no record has, though it is below one that is here`);
  const told = amazonRegion(host, map) ?? regionIn(host, map, region);
  if (told !== undefined && told !== region && Object.hasOwn(map.regions, told))
    return out(`${subject}, which is in ${told}`);
  return amazonRegion(host, map) === region
    ? here
    : unknown(`${subject}, and nobody here knows where that is`);
}

/** The region that serves, which AWS puts beside the service into the name of every regional endpoint; what stands
 *  before them is of its user's choice. Undefined where the name has none. Source: AWS General Reference, "AWS service
 *  endpoints". */
function amazonRegion(host: string, map: ResidencyMap): string | undefined {
  const [, before = ""] = /^(.+)\.(?:amazonaws\.com|api\.aws)$/.exec(host) ?? [];
  const [other, last = ""] = [undefined, ...before.split(".")].slice(-2);
  // What stands before S3 is a bucket, which may be called like a region.
  const told = /^s3(-|$)/.test(last) ? [last.replace(/^s3-/, "")] : [last, other];
  return told.find(
    (label) =>
      label !== undefined && (Object.hasOwn(map.regions, label) || /^[a-z]{2}(-[a-z]+)+-\d$/.test(label)),
  );
}

/** A region of the map, or one that an endpoint of the map names, as AWS or a vendor calls it. */
function regionWhereabouts(name: string, { subject, planned, map }: Question): Whereabouts {
  const region = planned.from.region;
  const owner = Object.hasOwn(map.regions, name)
    ? name
    : ownerOf(map, region, (own) => own.what === "region" && own.name === name);
  if (owner === region) return here;
  return owner ? out(subject) : unknown(`${subject}, a region that the map does not know`);
}

/** A bucket's name says nothing for it, and something against it. */
function bucketWhereabouts(bucket: string, { subject, planned, map }: Question): Whereabouts {
  const region = planned.from.region;
  const owner = ownerOf(map, region, (own) => own.what === "bucket" && own.name === bucket);
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
function ownerOf(map: ResidencyMap, own: string, matches: (name: OwnName) => boolean): string | undefined {
  const found = systemBook(map).names.filter(matches);
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
