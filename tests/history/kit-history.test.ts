import { expect, test } from "vitest";
import { headOf } from "../../attest/history/log.ts";
import { verifyLog } from "../../attest/history/verify-log.ts";
import { historyForKit } from "../../reports/kit-history.ts";
import { aLog, aResult, begin, MemoryStore, trust } from "./a-log.ts";

const asked = { runs: [], trust, cadenceMs: null };

test("a kit has the records that its page is made of, also where another run is recorded meanwhile", async () => {
  const store = await aLog(["pass", "breach"]);
  const run = await begin(store);
  const list = store.list.bind(store);
  let lists = 0;
  store.list = async () => {
    if (++lists === 2) await run.finish(aResult());
    return list();
  };
  const packed = await historyForKit(store, asked);
  if ("problems" in packed) throw new Error(packed.problems.join());
  const kept = new MemoryStore(Object.entries(packed.files));
  const { problems, log } = await verifyLog(kept, { trust });
  expect(problems).toEqual([]);
  expect(log.entries).toHaveLength(6);
  expect(packed.page).toContain(headOf(log).root.toString("base64"));
});

test("a history that does not hold is in no kit", async () => {
  const store = await aLog(["pass", "breach"]);
  store.files.delete("records/00000001.json");
  expect(await historyForKit(store, asked)).toEqual({
    problems: expect.arrayContaining(["records/00000001.json: missing"]),
  });
});
