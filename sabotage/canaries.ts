import { newCanary } from "../probes/canary.ts";
import { anythingOf, far, home, resultOf, type Sabotage } from "./record.ts";
import { exchangeCanary, withCanary } from "./systems.ts";

const planted = ["postgres", "redis", "s3"] as const;

const missing = planted.map(
  (kind): Sabotage => ({
    id: `canaries/missing/${kind}`,
    kind,
    title: `canary missing in ${far}`,
    async run({ state, prove }) {
      await using _missing = await withCanary(state, { kind, region: far, value: null });
      const judged = await prove({ kind });
      return resultOf(judged.judgement, inside(far));
    },
  }),
);

const stale = planted.map(
  (kind): Sabotage => ({
    id: `canaries/stale/${kind}`,
    kind,
    title: `canary of an earlier run in ${far}`,
    async run({ state, prove }) {
      await using _stale = await withCanary(state, { kind, region: far, value: newCanary() });
      const judged = await prove({ kind });
      return resultOf(judged.judgement, inside(far));
    },
  }),
);

const foreign = planted.map(
  (kind): Sabotage => ({
    id: `canaries/of-another-region/${kind}`,
    kind,
    title: `canary of ${home} in ${far}, where its own should be`,
    async run({ state, prove }) {
      const value = await exchangeCanary[kind](state, home, null);
      await exchangeCanary[kind](state, home, value);
      await using _foreign = await withCanary(state, { kind, region: far, value });
      const judged = await prove({ kind });
      return resultOf(judged.judgement, inside(far));
    },
  }),
);

const unplanted = (["redis"] as const).map(
  (kind): Sabotage => ({
    id: `canaries/unplanted/${kind}`,
    kind,
    title: `nothing planted in ${far}, as far as anybody says`,
    async run({ state, prove }) {
      const judged = await prove({ kind, state: { ...state, planted: { ...state.planted, [far]: {} } } });
      return resultOf(judged.judgement, inside(far));
    },
  }),
);

const swapped = (["redis"] as const).map(
  (kind): Sabotage => ({
    id: `canaries/digests-swapped/${kind}`,
    kind,
    title: "the two regions' canary digests exchanged in the planting record",
    async run({ state, prove }) {
      const { [home]: here = {}, [far]: there = {} } = state.planted;
      const judged = await prove({ kind, state: { ...state, planted: { [home]: there, [far]: here } } });
      return resultOf(judged.judgement, ({ item }) => item.goal === "data");
    },
  }),
);

/** Looks inside a region, and whatever reads its canary. A bare connection needs none. */
function inside(region: string) {
  return (verdict: Parameters<ReturnType<typeof anythingOf>>[0]) =>
    anythingOf(region)(verdict) && verdict.item.goal === "data";
}

export const canaries: readonly Sabotage[] = [...missing, ...stale, ...foreign, ...unplanted, ...swapped];
