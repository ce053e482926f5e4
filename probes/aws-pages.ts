const mostPages = 50;

/** Thrown where there is more than is looked at: a search that ended early proves nothing. */
export function truncated(): Error {
  return Object.assign(new Error("too much to look at"), { name: "SEARCH_TRUNCATED" });
}

/** Every item of a listing, page by page. Throws SEARCH_TRUNCATED beyond 50 pages. */
export async function allPages<Item>(
  ask: (from: string | undefined) => Promise<{ found: Item[]; next: string | undefined }>,
): Promise<Item[]> {
  const all: Item[] = [];
  let from: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { found, next } = await ask(from);
    all.push(...found);
    if (!next) return all;
    from = next;
  }
  throw truncated();
}
