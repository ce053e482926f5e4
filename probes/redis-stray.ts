import type { Redis } from "ioredis";
import { canaryDigest, canaryLength } from "./canary.ts";

const mostKeys = 100_000;
const mostPages = 10_000;
/** Elements of lists, hashes, sets and streams, of all keys together. */
const mostElements = 100_000;
/** Also the longest answer: redis-frames.ts lets no longer array pass. */
const pageSize = 500;

const truncated = () => Object.assign(new Error("too much to look at"), { code: "SEARCH_TRUNCATED" });

/** Digests of the canaries in every key, whatever its name: strings of exactly a canary's length, and the
 *  elements of everything else. Throws where it could not look everywhere. */
export async function strayCanaries(client: Redis): Promise<string[]> {
  const canaries = new Set<string>();
  const note = (values: readonly (string | null)[]) => {
    for (const value of values) {
      const digest = canaryDigest(value);
      if (digest) canaries.add(digest);
    }
  };
  const budget = { elements: mostElements };
  for await (const keys of pages(client)) {
    const types = await Promise.all(keys.map((key) => client.type(key)));
    const strings = keys.filter((_, index) => types[index] === "string");
    const lengths = await Promise.all(strings.map((key) => client.strlen(key)));
    const candidates = strings.filter((_, index) => lengths[index] === canaryLength);
    note(await Promise.all(candidates.map((key) => client.get(key))));
    for (const [index, key] of keys.entries()) {
      const type = types[index] ?? "";
      // Gone meanwhile, or a string.
      if (type === "none" || type === "string") continue;
      const read = readers[type];
      if (!read) throw Object.assign(new Error("a type nobody can read"), { code: "UNKNOWN_KEY_TYPE" });
      for await (const values of read(client, key)) {
        // An empty page counts, too, or a server could send them for ever.
        budget.elements -= values.length + 1;
        if (budget.elements < 0) throw truncated();
        note(values);
      }
    }
  }
  return [...canaries].sort();
}

async function* pages(client: Redis): AsyncGenerator<string[]> {
  let cursor = "0";
  let seen = 0;
  let page = 0;
  do {
    const [next, keys] = await client.scan(cursor, "COUNT", 1000);
    cursor = next;
    seen += keys.length;
    if (seen > mostKeys || ++page > mostPages) throw truncated();
    yield keys;
  } while (cursor !== "0");
}

type Reader = (client: Redis, key: string) => AsyncGenerator<string[]>;

/** How each type is read, page by page; an element of any length passes only where it is a canary. */
const readers: Record<string, Reader> = {
  async *list(client, key) {
    const length = await client.llen(key);
    for (let from = 0; from < length; from += pageSize)
      yield await client.lrange(key, from, from + pageSize - 1);
  },
  hash: (client, key) => cursored((cursor) => client.hscan(key, cursor, "COUNT", pageSize)),
  set: (client, key) => cursored((cursor) => client.sscan(key, cursor, "COUNT", pageSize)),
  zset: (client, key) => cursored((cursor) => client.zscan(key, cursor, "COUNT", pageSize)),
  async *stream(client, key) {
    let from = "-";
    for (;;) {
      const entries = await client.xrange(key, from, "+", "COUNT", pageSize);
      yield entries.flatMap(([, fields]) => fields);
      const last = entries.at(-1)?.[0];
      if (last === undefined || entries.length < pageSize) return;
      from = `(${last}`;
    }
  },
};

async function* cursored(scan: (cursor: string) => Promise<[string, string[]]>): AsyncGenerator<string[]> {
  let cursor = "0";
  let page = 0;
  do {
    const [next, values] = await scan(cursor);
    cursor = next;
    if (++page > mostPages) throw truncated();
    yield values;
  } while (cursor !== "0");
}
