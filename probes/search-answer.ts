import type { HttpAnswer } from "./http.ts";

/** Throws SEARCH_TRUNCATED where an answer itself says that it is not all there is: by its status or its Link (RFC
 *  9110, 15.3.7; RFC 8288), or in its JSON, as search engines, vector databases, gateways and GraphQL do: a mark
 *  of a next page, a count higher than the list beside it, a part that failed. Sources: OpenSearch, "Search API";
 *  Qdrant, "Scroll points"; Solr, "Response writers"; Algolia, Meilisearch and Typesense, "Search"; Pinecone,
 *  "List vector IDs"; GraphQL, section 7.1. So it does where it cannot be told to be whole: without its length (RFC
 *  9112, 8), as JSON that breaks off, without the total that its engine would give, or with as many finds as were
 *  asked for and not a word of how many there are. Other text says nothing of the kind. */
export function requireWholeAnswer(
  { status, headers, body }: Omit<HttpAnswer, "peer">,
  asked: { path: string; post?: { body: string } },
): void {
  const hasNext = /\brel\s*=\s*"?[^",;]*\bnext\b/i.test(String(headers.link ?? ""));
  const hasEnd = headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
  if (status === 206 || hasNext || !hasEnd || documentsIn(body).some((one) => isCut(one, limitIn(asked))))
    throw truncated();
}

function truncated(): Error {
  return Object.assign(new Error("the answer is not whole"), { code: "SEARCH_TRUNCATED" });
}

type Fields = Record<string, unknown>;

const limit =
  /^(size|limit|rows|first|top|k|top_?k|(per_?|hits_?per_?)page|page_?size|max_?(results|items))$/i;

/** How many finds were asked for; Infinity where nothing says so. */
function limitIn({ path, post }: { path: string; post?: { body: string } }): number {
  const query = [...new URL(path, "http://localhost").searchParams];
  const body = parsed(post?.body ?? "");
  const named = [...query, ...(isFields(body) ? Object.entries(body) : [])];
  const told = named.filter(([name]) => limit.test(name)).map(([, value]) => Number(value));
  return Math.min(...told.filter((one) => one > 0));
}

const nextPage =
  /^(next([_-]?(page|cursor|token|offset|link|url|key))*|has[_-]?(more|next[_-]?page|next)|(is[_-]?)?truncated|continuation([_-]?token)?)$/i;
const trouble = /^(errors?|timed_?out|terminated_?early|partial_?results)$/i;
const count =
  /^(total([_-]?(count|hits|results|records|elements|items))?|(num[_-]?)?found|nb[_-]?hits|estimated_?total_?hits)$/i;
const pages = /^(total|nb)[_-]?pages$/i;
const finds =
  /^(grouped_?)?(hits|docs|documents|data|results?|items|entries|edges|nodes|points|vectors|matches|objects|records|values)$/i;
/** What these count are servers, not finds. */
const servers = /^_?(shards|clusters|nodes)$/;

/** Without recursion, because nobody vouches for the answer. */
function isCut(answer: unknown, asked: number): boolean {
  if (isFields(answer) && isSearch(answer) && !saysOfParts(answer)) return true;
  if (Array.isArray(answer) && answer.length >= asked) return true;
  const open = [answer];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (isFields(next) && (saysMore(next) || countsMore(next) || isUncounted(next, asked))) return true;
    if (next !== null && typeof next === "object") for (const value of Object.values(next)) open.push(value);
  }
  return false;
}

function saysMore(fields: Fields): boolean {
  return Object.entries(fields).some(
    ([key, value]) =>
      ((nextPage.test(key) || trouble.test(key)) && saysSomething(value)) ||
      (pages.test(key) && Number(value) > 1) ||
      (servers.test(key) && isFields(value) && isMissing(key, value)) ||
      (key === "numFoundExact" && value === false) ||
      (key === "relation" && value === "gte"),
  );
}

/** A skipped shard had nothing to find; a skipped cluster was not asked. */
function isMissing(key: string, { failed, skipped, partial }: Fields): boolean {
  return Number(failed) > 0 || (/clusters/.test(key) && (Number(skipped) > 0 || Number(partial) > 0));
}

/** OpenSearch answers so; of hits within hits, and of aggregations, it tells a total, too. */
function isSearch({ hits }: Fields): boolean {
  return isFields(hits) && Array.isArray(hits.hits);
}

/** It always says how its shards fared, and whether there was time, unless it was asked to leave that out. */
function saysOfParts({ timed_out, _shards }: Fields): boolean {
  return timed_out === false && isFields(_shards) && _shards.failed === 0;
}

/** As many as were asked for, or hits of which nobody says how many there are. */
function isUncounted(fields: Fields, asked: number): boolean {
  if (isSearch(fields) && countsIn(fields.hits as Fields).length === 0) return true;
  const isFull = listsIn(fields).some(([key, { length }]) => finds.test(key) && length >= asked);
  return isFull && countsIn(fields).length === 0 && !Object.keys(fields).some((key) => nextPage.test(key));
}

/** A count beside a list, or one level below it, as in `total.value` and `pagination.total`; of several lists the
 *  one that is called as finds are, because facets may be more. */
function countsMore(fields: Fields): boolean {
  const lists = listsIn(fields);
  if (lists.length === 0) return false;
  const named = lists.filter(([key]) => finds.test(key));
  const lengths = (named.length > 0 ? named : lists).map(([, { length }]) => length);
  const longest = lengths.reduce((most, length) => Math.max(most, length));
  return countsIn(fields).some((told) => told > longest);
}

function countsIn(fields: Fields): number[] {
  return Object.entries(fields)
    .flatMap(([key, value]): unknown[] => {
      if (!isFields(value)) return count.test(key) ? [value] : [];
      if (servers.test(key) || listsIn(value).length > 0) return [];
      return Object.entries(value).flatMap(([inner, told]) =>
        count.test(inner === "value" ? key : inner) ? [told] : [],
      );
    })
    .filter((told) => typeof told === "number");
}

function listsIn(fields: Fields): [string, unknown[]][] {
  return Object.entries(fields).flatMap(([key, value]): [string, unknown[]][] =>
    Array.isArray(value) ? [[key, value]] : [],
  );
}

function saysSomething(value: unknown): boolean {
  if (value !== null && typeof value === "object") return Object.keys(value).length > 0;
  return value !== null && value !== false && value !== "" && value !== 0;
}

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** One JSON text, or one in each line. Throws SEARCH_TRUNCATED for what begins like JSON and is none. */
function documentsIn(body: string): unknown[] {
  if (!/^\s*[[{]/.test(body)) return [];
  const whole = parsed(body);
  if (whole !== undefined) return [whole];
  const lines = body.split("\n").filter((line) => line.trim() !== "");
  const each = lines.map(parsed);
  if (each.includes(undefined)) throw truncated();
  return each;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
