/** Throws SEARCH_TRUNCATED where a search's own answer says that it is not all there is. Sources: OpenSearch,
 *  "Search API" (`timed_out`, `_shards`, `hits.total`); Qdrant, "Scroll points" (`next_page_offset`). An answer
 *  that is no JSON says nothing of the kind. */
export function requireWholeAnswer(body: string): void {
  const answer = parsed(body);
  if (answer === null) return;
  const hits = objectAt(answer, "hits");
  const total = objectAt(hits, "total");
  const found = Array.isArray(hits?.hits) ? hits.hits.length : null;
  const told = typeof hits?.total === "number" ? hits.total : total?.value;
  const shards = objectAt(answer, "_shards");
  const clusters = objectAt(answer, "_clusters");
  const result = objectAt(answer, "result");
  const cut = [
    answer.timed_out === true,
    answer.terminated_early === true,
    total?.relation === "gte",
    found !== null && typeof told === "number" && told > found,
    isPositive(shards?.failed),
    isPositive(clusters?.skipped),
    (result?.next_page_offset ?? null) !== null,
  ];
  if (cut.includes(true))
    throw Object.assign(new Error("the search is not whole"), { code: "SEARCH_TRUNCATED" });
}

type Fields = Record<string, unknown>;

function parsed(body: string): Fields | null {
  try {
    const value: unknown = JSON.parse(body);
    return isFields(value) ? value : null;
  } catch {
    return null;
  }
}

function objectAt(fields: Fields | undefined, key: string): Fields | undefined {
  const value = fields?.[key];
  return isFields(value) ? value : undefined;
}

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function isPositive(value: unknown): boolean {
  return typeof value === "number" && value > 0;
}
