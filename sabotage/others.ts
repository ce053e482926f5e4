import { renameSync } from "node:fs";
import { join } from "node:path";
import type { ReplicaState } from "../environments/replica/state.ts";
import { greetings } from "./greetings.ts";
import { withRule, withTable } from "./host.ts";
import { without } from "./names.ts";
import {
  anythingOf,
  crossing,
  crossingTo,
  far,
  home,
  otherKinds,
  resultOf,
  type Sabotage,
} from "./record.ts";
import { systemState, withZone } from "./systems.ts";
import { stopped } from "./targets.ts";
import { undoable } from "./undo.ts";

const nothingLeaves = "{ type filter hook output priority 0; policy drop; oifname lo accept; }";
const served = otherKinds.filter((kind) => kind !== "settings");

const cutOff = served.map(
  (kind): Sabotage => ({
    id: `runner/no-network/${kind}`,
    kind,
    title: "the runner has no network at all",
    async run({ state, prove }) {
      await using _cut = await withTable(state, `${home}/app`, nothingLeaves);
      const judged = await prove({ kind });
      return resultOf(judged.judgement, anythingOf(home));
    },
  }),
);

/** The vendors have many names, and are seen from outside. */
const nameless = served
  .filter((kind) => kind !== "vendor")
  .map(
    (kind): Sabotage => ({
      id: `names/missing/${kind}`,
      kind,
      title: "target's name not in DNS, in any region",
      async run({ state, prove }) {
        const { address, address6 } = systemState(state, far, kind);
        await using _here = await withZone(state, home, without(address, address6));
        await using _there = await withZone(state, far, without(address, address6));
        const judged = await prove({ kind });
        return resultOf(judged.judgement, (verdict) => crossing(verdict) && anythingOf(far)(verdict));
      },
    }),
  );

/** Whoever has to say what arrived does not. */
const untold = (["datagram"] as const).map(
  (kind): Sabotage => ({
    id: `receiver/says-nothing/${kind}`,
    kind,
    title: "the far receiver does not say what it was sent",
    async run({ state, prove }) {
      await using _mute = await withRule(state, `${far}/data`, {
        chain: "input",
        rule: "tcp dport 8126 drop",
      });
      const judged = await prove({ kind });
      return resultOf(judged.judgement, crossingTo(far));
    },
  }),
);

const nobodyOutside = (["vendor", "proxy"] as const).map(
  (kind): Sabotage => ({
    id: `outside/no-network/${kind}`,
    kind,
    title: "whoever stands outside of all regions has no network",
    async run({ state, prove }) {
      await using _cut = await withTable(state, "outside", nothingLeaves);
      const judged = await prove({ kind });
      return resultOf(
        judged.judgement,
        ({ item }) => item.to.endpoint !== undefined || item.witnessed === true,
      );
    },
  }),
);

/** A proxy that carries to nobody is no border: it is broken. */
const deafProxy: Sabotage = {
  id: "proxy/carries-nothing/vendor",
  kind: "vendor",
  title: `the proxy of ${home} answers nobody`,
  async run({ state, prove }) {
    const rule = "tcp dport 3128 drop";
    await using _deaf = await withRule(state, `${home}/data`, { chain: "input", rule });
    const judged = await prove({ kind: "vendor" });
    return resultOf(
      judged.judgement,
      ({ item }) => item.from.region === home && item.probe === "vendor-proxy",
    );
  },
};

const unreadable: Sabotage = {
  id: "settings/unreadable/settings",
  kind: "settings",
  title: "the workload's settings cannot be read",
  async run({ state, prove }) {
    await using _shut = await shut(state, "acme/workload.env");
    const judged = await prove({ kind: "settings" });
    return resultOf(judged.judgement, ({ item }) => item.from.region === home);
  },
};

function shut(state: ReplicaState, path: string): Promise<AsyncDisposable> {
  const file = join(`/proc/${state.hosts[`${home}/app`]?.pid}/root`, state.work, path);
  return undoable(
    () => renameSync(file, `${file}.away`),
    () => renameSync(`${file}.away`, file),
  );
}

export const others: readonly Sabotage[] = [
  ...cutOff,
  ...nameless,
  ...untold,
  ...nobodyOutside,
  deafProxy,
  ...greetings,
  unreadable,
];

export const otherRuins = served.map(
  (kind): Sabotage => ({
    id: `target/stopped-before/${kind}`,
    kind,
    title: "target server killed before the attempts",
    run: (context) => stopped(context, kind, "before"),
  }),
);
