import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ResidencyMap } from "../core/residency-map.ts";
import type { ReplicaState } from "../environments/replica/state.ts";
import { serving, withRule, withTable } from "./host.ts";
import { anythingOf, type Context, type Footing, home, resultOf, type Sabotage } from "./record.ts";
import { undoable } from "./undo.ts";

const kind = "proxy";
const tools = join(import.meta.dirname, "tools");
const port = 8888;

/** What the receiver alone can tell. */
const greeted: Footing = ({ item }) => item.witnessed === true;

const receiver = "outpost.acme.example";

function receiverAddresses(state: ReplicaState): { 4: string; 6: string } {
  const lines = readFileSync(state.names.outside ?? "", "utf8").split("\n");
  const found = lines.filter((line) => line.endsWith(` ${receiver}`)).map((line) => line.split(" ")[0] ?? "");
  const of = (isOfFamily: (address: string) => boolean) => found.find(isOfFamily) ?? "";
  return { 4: of((one) => !one.includes(":")), 6: of((one) => one.includes(":")) };
}

function askedAt(map: ResidencyMap, arrivals: string): ResidencyMap {
  const systems = map.systems.map((system) => ({
    ...system,
    endpoint: { ...system.endpoint, greetings: { receiver: { host: receiver, port: 443 }, arrivals } },
  }));
  return { ...map, systems };
}

const dead: Sabotage = {
  id: "receiver/dead/proxy",
  kind,
  title: "the receiver outside takes no connection",
  async run({ state, prove }) {
    const address = receiverAddresses(state);
    await using _four = await withRule(state, "world", {
      chain: "input",
      rule: `ip daddr ${address[4]} drop`,
    });
    await using _six = await withRule(state, "world", {
      chain: "input",
      rule: `ip6 daddr ${address[6]} drop`,
    });
    return resultOf((await prove({ kind })).judgement, greeted);
  },
};

const untold: Sabotage = {
  id: "receiver/says-nothing/proxy",
  kind,
  title: "the receiver outside does not say what it was sent",
  async run({ mapOf, prove }) {
    const map = askedAt(mapOf(kind), `https://${receiver}/no-arrivals`);
    return resultOf((await prove({ kind, map })).judgement, greeted);
  },
};

const blind: Sabotage = {
  id: "receiver/sees-nothing/proxy",
  kind,
  title: "the receiver outside says that nothing came, whatever came",
  async run({ state, mapOf, prove }) {
    await using _list = await serving(state, "outside", join(tools, "says-nothing-came.ts"), { port });
    const map = askedAt(mapOf(kind), `http://127.0.0.1:${port}/`);
    return resultOf((await prove({ kind, map })).judgement, greeted);
  },
};

/** Nothing forged arrives, though the proxy holds back nothing. */
const choosy: Sabotage = {
  id: "receiver/turns-away/proxy",
  kind,
  title: "the receiver outside turns other names away by itself, and no proxy does",
  async run({ state, prove }) {
    const behind = { port, name: receiver, behind: 443 };
    await using _door = await serving(state, "world", join(tools, "turns-away.ts"), behind);
    await using _open = await withRule(state, "world", { chain: "input", rule: `tcp dport ${port} accept` });
    const address = receiverAddresses(state);
    const caught = [`ip daddr ${address[4]}`, `ip6 daddr ${address[6]}`].map(
      (where) => `; add rule inet sabotage hooked ${where} tcp dport 443 redirect to :${port}`,
    );
    await using _led = await withTable(
      state,
      "world",
      `{ type nat hook prerouting priority -100; }${caught.join("")}`,
    );
    await using _unread = await heldNames(state, "4 unread\n6 unread\n");
    return resultOf(
      (await prove({ kind })).judgement,
      (verdict) => greeted(verdict) && anythingOf(home)(verdict),
    );
  },
};

function heldNames(state: ReplicaState, rules: string): Promise<AsyncDisposable> {
  const file = join(`/proc/${state.hosts[`${home}/data`]?.pid}/root`, state.work, "proxy-greetings");
  const before = readFileSync(file, "utf8");
  return undoable(
    () => writeFileSync(file, rules),
    () => writeFileSync(file, before),
  );
}

const empty = [
  { id: "at-once", when: "at once", hearsFirst: false },
  { id: "when-greeted", when: "when it is greeted", hearsFirst: true },
].map(
  ({ id, when, hearsFirst }): Sabotage => ({
    id: `proxy/carries-nothing-and-closes-${id}/proxy`,
    kind,
    title: `the proxy of ${home} grants every tunnel, carries nothing, and closes ${when}`,
    async run({ state, prove }: Context) {
      const host = `${home}/data`;
      await using _proxy = await serving(state, host, join(tools, "carries-nothing.ts"), {
        port,
        hearsFirst,
      });
      await using _open = await withRule(state, host, { chain: "input", rule: `tcp dport ${port} accept` });
      const caught = `; add rule inet sabotage hooked tcp dport 3128 redirect to :${port}`;
      await using _led = await withTable(state, host, `{ type nat hook prerouting priority -100; }${caught}`);
      return resultOf(
        (await prove({ kind })).judgement,
        ({ item }) => item.from.region === home && item.contacts === "own",
      );
    },
  }),
);

/** The checks whose word is a receiver's outside, over a proxy. */
export const greetings: readonly Sabotage[] = [dead, untold, blind, choosy, ...empty];
