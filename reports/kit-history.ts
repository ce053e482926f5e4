import { headOf } from "../attest/history/log.ts";
import type { HistoryStore } from "../attest/history/store.ts";
import { verifyLog } from "../attest/history/verify-log.ts";
import type { Trust } from "../attest/trust.ts";
import type { KitHistory } from "./kit.ts";
import { populationOf } from "./population.ts";
import { renderHistoryHtml } from "./render/history-html.ts";
import { verifyRuns } from "./verify-runs.ts";

/** A log for a kit with folders of runs, and a page of it; or what does not hold. It is read once, because others
 *  may write meanwhile. */
export async function historyForKit(
  store: HistoryStore,
  { runs, trust, cadenceMs }: { runs: readonly string[]; trust: Trust; cadenceMs: number | null },
): Promise<KitHistory | { problems: string[] }> {
  const { problems, log, files } = await verifyLog(store, { trust });
  const all = [...problems, ...verifyRuns(runs, log).problems];
  if (all.length > 0) return { problems: all };
  const population = populationOf(log.entries, { cadenceMs, asOf: Date.now() });
  return { files, page: renderHistoryHtml(population, headOf(log)) };
}
