import { createHmac } from "node:crypto";
import { isIP } from "node:net";
import { inBlocks, plainAddress } from "./addresses.ts";
import { sha256 } from "./digest.ts";
import { endpointOf, homesOf, outside, type ResidencyMap, type System } from "./residency-map.ts";

/** Puts salted digests in the place of what a map marks as private, the same one for the same value all over
 *  a run, so that what was equal stays equal and every verdict can still be judged again. */
export interface Redactor {
  text(text: string): string;
  /** Every string in it, keys included. */
  value<T>(value: T): T;
}

const ipv4 = /(?:::ffff:)?(?:\d{1,3}\.){3}\d{1,3}(?:\/\d{1,2}(?!\d))?/gi;
/** Whatever holds two colons and may be an address, with what stands before it. */
const ipv6 = /[0-9a-f:.]*:[0-9a-f.]*:[0-9a-f:.]*(?:\/\d{1,3}(?!\d))?/gi;
const label = "[a-z0-9_*{}-]";

/** `salt`: the run's, 32 bytes in hex. Blocks of the regions stay recognisable as such, so that an address is
 *  still seen to be in one. */
export function redactor(map: ResidencyMap, salt: string): Redactor {
  const { addresses = [], names = [] } = map.private ?? {};
  const blocks = [...Object.values(map.regions).flatMap((region) => region.addresses), ...addresses];
  const suffixes = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  const privateName = new RegExp(`(?<!${label})(?:${label}+\\.)*(?:${suffixes})(?!${label})`, "gi");
  const pseudonym = (value: string, length: number) =>
    saltedDigest(value, saltOf(value, salt)).slice(0, length);
  const blockName = (block: string) => `ipv${block.includes(":") ? 6 : 4}-${pseudonym(block, 8)}`;

  function address(text: string): string {
    const [base = "", prefix] = text.split("/");
    const plain = plainAddress(base);
    if (isIP(plain) === 0 || !inBlocks(plain, addresses)) return text;
    if (prefix !== undefined) return blockName(text);
    const around = blocks.find((one) => inBlocks(plain, [one])) ?? "";
    return `${blockName(around)}-${pseudonym(plain, 16)}`;
  }

  /** Something else may stand before an address, and a sentence may end after it. */
  function addressWithin(text: string): string {
    const [, middle = "", tail = ""] = /^(.*?)(\.*|(?<!:):)$/.exec(text) ?? [];
    for (let start = 0; start < middle.length; start++) {
      const end = middle.slice(start);
      const found = address(end);
      if (found !== end) return `${middle.slice(0, start)}${found}${tail}`;
    }
    return text;
  }

  const text = (whole: string) => {
    const hidden = whole.replace(ipv6, addressWithin).replace(ipv4, address);
    if (suffixes === "") return hidden;
    return hidden.replace(privateName, (name) => `name-${pseudonym(name.toLowerCase(), 16)}.redacted`);
  };
  const value = (one: unknown): unknown => {
    if (typeof one === "string") return text(one);
    if (Array.isArray(one)) return one.map(value);
    if (one === null || typeof one !== "object") return one;
    return Object.fromEntries(Object.entries(one).map(([key, item]) => [text(key), value(item)]));
  };
  return { text, value: <T>(one: T) => value(one) as T };
}

/** To show one value behind a digest and no other: its own salt, and with it `sha256(salt + value)`. */
export function saltOf(value: string, salt: string): string {
  return createHmac("sha256", salt).update(value).digest("hex");
}

export function saltedDigest(value: string, salt: string): string {
  return sha256(`${salt}${value}`);
}

/** The map to be published: `{region}` is filled in first, as what stands in its place is digested with it. */
export function redactedMap(map: ResidencyMap, { value }: Redactor): ResidencyMap {
  const { private: _, ...rest } = map;
  return value({ ...rest, systems: map.systems.map((system) => filledIn(system, map)) });
}

function filledIn(system: System, map: ResidencyMap): System {
  const homes = homesOf(system, map).filter((home) => home !== outside);
  const perRegion = Object.fromEntries(homes.map((home) => [home, endpointOf(system, home)]));
  return homes.length === 0 ? system : { ...system, perRegion };
}
