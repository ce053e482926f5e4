import { createHmac } from "node:crypto";
import { isIP } from "node:net";
import { inBlocks, plainAddress } from "./addresses.ts";
import { sha256 } from "./digest.ts";
import { mostCharacters } from "./journal.ts";
import { endpointOf, homesOf, outside, type ResidencyMap, type System } from "./residency-map.ts";

/** Puts salted digests in the place of what a map marks as private, the same one for the same value all over
 *  a run, so that what was equal stays equal and every verdict can still be judged again. */
export interface Redactor {
  text(text: string): string;
  /** Every string of a journal's entry, keys included; what has room in one for its text has it afterwards, too. */
  value<T>(value: T): T;
  /** The same of a map or a plan, with nothing cut. */
  whole<T>(value: T): T;
}

/** Whatever may hold an address, or a block of them: in `db/10.0.0.1` the slash begins no prefix. */
const addressLike = /[0-9a-f:.]+(?:\/\d{1,3}(?![.:]*[0-9a-f]))?/gi;
/** In names that a cloud gives, such as `ip-10-0-0-1`, hyphens stand for an address's dots. */
const hyphenated = /(?<!\d)\d+(?:-\d+){3,}/g;
/** RFC 4291, 2.2: with an IPv4 address at its end. */
const longestAddress = 45;
/** RFC 1035, 2.3.4: 255 bytes, and each label takes two at least. */
const mostLabels = 127;
const inLabel = "[a-z0-9_-]";
const label = `(?:(?:${inLabel}|\\{[a-z]+\\})+|\\*)`;

/** `salt`: the run's, 32 bytes in hex. Blocks of the regions stay recognisable as such, so that an address is
 *  still seen to be in one. */
export function redactor(map: ResidencyMap, salt: string): Redactor {
  const { addresses = [], names = [] } = map.private ?? {};
  const blocks = [...Object.values(map.regions).flatMap((region) => region.addresses), ...addresses];
  const suffixes = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  const privateName = new RegExp(
    `(?<!${inLabel})(?:${label}\\.){0,${mostLabels}}(?:${suffixes})(?![a-z0-9])`,
    "gi",
  );
  const pseudonym = (value: string, length: number) =>
    saltedDigest(value, saltOf(value, salt)).slice(0, length);
  const blockName = (block: string) => `ipv${block.includes(":") ? 6 : 4}-${pseudonym(block, 8)}`;

  /** Null where it is no address, or none that is private. */
  function hiddenAddress(base: string, prefix: string | undefined): string | null {
    const plain = plainAddress(base);
    if (isIP(plain) === 0 || !inBlocks(plain, addresses)) return null;
    if (prefix !== undefined) return blockName(`${base}/${prefix}`);
    const around = blocks.find((one) => inBlocks(plain, [one])) ?? "";
    return `${blockName(around)}-${pseudonym(plain, 16)}`;
  }

  /** Something else may stand before an address and after it, such as a port or the end of a sentence. */
  function addressesWithin(text: string): string {
    const [base = "", prefix] = text.split("/");
    if (base.search(/[:.].*[:.]/) < 0) return text;
    let written = "";
    let start = 0;
    while (start < base.length) {
      const found = addressAt(base, { start, prefix });
      written += found?.hidden ?? base[start];
      start = found?.end ?? start + 1;
      if (found?.isBlock) return written;
    }
    return prefix === undefined ? written : `${written}/${prefix}`;
  }

  function hyphenatedWithin(text: string): string {
    const dotted = text.replaceAll("-", ".");
    const written = addressesWithin(dotted);
    return written === dotted ? text : written.replaceAll(".", "-");
  }

  /** The longest that begins there. */
  function addressAt(base: string, { start, prefix }: { start: number; prefix: string | undefined }) {
    for (let end = Math.min(base.length, start + longestAddress); end > start + 1; end--) {
      const one = base.slice(start, end);
      const version = isIP(one);
      if (version === 0 || isTorn(base, { start, end, version })) continue;
      const isBlock = prefix !== undefined && end === base.length && prefix.length < (version === 4 ? 3 : 4);
      const hidden = hiddenAddress(one, isBlock ? prefix : undefined);
      if (hidden !== null) return { hidden, end, isBlock };
    }
    return null;
  }

  const text = (whole: string) => {
    const hidden = whole.replace(hyphenated, hyphenatedWithin).replace(addressLike, addressesWithin);
    if (suffixes === "") return hidden;
    return hidden.replace(privateName, (name) => `name-${pseudonym(name.toLowerCase(), 16)}.redacted`);
  };
  const cut = (whole: string) => {
    const hidden = text(whole);
    return whole.length > mostCharacters ? hidden : hidden.slice(0, mostCharacters).toWellFormed();
  };
  return { text, value: (one) => everyString(one, cut), whole: (one) => everyString(one, text) };
}

function everyString<T>(value: T, change: (text: string) => string): T {
  const changed = (one: unknown): unknown => {
    if (typeof one === "string") return change(one);
    if (Array.isArray(one)) return one.map(changed);
    if (one === null || typeof one !== "object") return one;
    return Object.fromEntries(Object.entries(one).map(([key, item]) => [change(key), changed(item)]));
  };
  return changed(value) as T;
}

/** Whether a digit goes on from it that could be part of the same number: `10.0.0.1` is not in `110.0.0.1`. */
function isTorn(
  text: string,
  { start, end, version }: { start: number; end: number; version: number },
): boolean {
  const digit = version === 4 ? /[0-9]/ : /[0-9a-f]/i;
  const full = version === 4 ? /[0-9]{3}/ : /[0-9a-f]{4}/i;
  const goesOn = (at: number) => digit.test(text[at] ?? "");
  const width = version === 4 ? 3 : 4;
  return (
    (goesOn(start - 1) && !full.test(text.slice(start, start + width))) ||
    (goesOn(end) && !full.test(text.slice(end - width, end)))
  );
}

/** To show one value behind a digest and no other: its own salt, and with it `sha256(salt + value)`. */
export function saltOf(value: string, salt: string): string {
  return createHmac("sha256", salt).update(value).digest("hex");
}

export function saltedDigest(value: string, salt: string): string {
  return sha256(`${salt}${value}`);
}

/** The map to be published: `{region}` is filled in first, as what stands in its place is digested with it. */
export function redactedMap(map: ResidencyMap, { whole }: Redactor): ResidencyMap {
  const { private: _, ...rest } = map;
  return whole({ ...rest, systems: map.systems.map((system) => filledIn(system, map)) });
}

function filledIn(system: System, map: ResidencyMap): System {
  const homes = homesOf(system, map).filter((home) => home !== outside);
  const perRegion = Object.fromEntries(homes.map((home) => [home, endpointOf(system, home)]));
  return homes.length === 0 ? system : { ...system, perRegion };
}
