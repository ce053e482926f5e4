import { RingfenceError } from "../../core/errors.ts";

/** Where a history is kept. Nothing in it is ever changed or removed. What cannot be reached, or gives half
 *  an answer, throws HISTORY_UNAVAILABLE: never taken for absence. */
export interface HistoryStore extends Disposable {
  /** As it was given, for messages. */
  readonly name: string;
  /** Every name in it, sorted; what a killed writer left unfinished is not there. */
  list(): Promise<string[]>;
  /** Null where nothing has that name. */
  read(name: string): Promise<Buffer | null>;
  /** Names under which something else stood before, or nothing stands any more; null where that is not shown. Only
   *  of a store that keeps what was removed or written over. */
  replaced?(): Promise<string[] | null>;
  /** All or nothing, and lasting once it has answered. `exists`: something had the name before, and stays. */
  create(name: string, content: Buffer): Promise<"created" | "exists">;
}

/** A record or a checkpoint is far smaller; whatever is larger was not written by us. */
export const mostBytes = 4 * 1024 * 1024;

export function unavailable(store: string, problem: string, cause?: unknown): RingfenceError {
  const why = cause instanceof Error ? `: ${cause.message.split("\n")[0]}` : "";
  return new RingfenceError("HISTORY_UNAVAILABLE", `the history in ${store} ${problem}${why}`, {
    ...(cause === undefined ? {} : { cause }),
    fix: "make it reachable and writable; what was written there before is whole",
  });
}

const mostLists = 5;

/** A list that stood at one moment: one that is made while others write may have the later of two names, and not the
 *  earlier. So it is made again until it stays the same. */
export async function settledList(store: HistoryStore): Promise<string[]> {
  let names = await store.list();
  for (let lists = 1; lists < mostLists; lists++) {
    const again = await store.list();
    if (again.length === names.length) return again;
    names = again;
  }
  return names;
}

/** `s3://BUCKET/PREFIX`, or a folder. Opens nothing yet. */
export async function openStore(given: string): Promise<HistoryStore> {
  if (given.startsWith("s3://")) {
    const { S3Store } = await import("./s3-store.ts");
    return S3Store.open(given);
  }
  const { FolderStore } = await import("./folder-store.ts");
  return new FolderStore(given);
}
