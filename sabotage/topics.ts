import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { ReplicaState } from "../environments/replica/state.ts";
import { askStore } from "../environments/replica/store-client.ts";
import { crossing, home, resultOf, type Sabotage } from "./record.ts";
import { undoable } from "./undo.ts";

interface Topic {
  name: string;
  tags: Record<string, string>;
  subscriptions: object[];
  unlisted: number;
}

/** The home region's topics are others, until they are put back. */
async function withTopics(
  state: ReplicaState,
  change: (topic: Topic) => Partial<Topic>,
): Promise<AsyncDisposable> {
  const file = join(`/proc/${state.hosts.internet?.pid}/root`, state.work, "store.sock");
  const of = { service: "sns", region: home } as const;
  const before = (await askStore(file, { verb: "read-service", ...of })) as Topic[];
  const write = (topics: Topic[]) => askStore(file, { verb: "write-service", ...of, state: topics });
  return undoable(
    () => write(before.map((topic) => ({ ...topic, ...change(topic) }))),
    () => write(before),
  );
}

/** Another secret for the home region's own key, in its process's hands. */
function wrongKey(state: ReplicaState): ReplicaState {
  const held = state.credentials[home] ?? {};
  const name = Object.keys(held).find((one) => /_ORDER_EVENTS_SECRET_ACCESS_KEY$/.test(one) && isOwn(one));
  if (!name) throw new Error("the home region has no key of its own topic");
  const credentials = { ...held, [name]: randomBytes(24).toString("base64url") };
  return { ...state, credentials: { ...state.credentials, [home]: credentials } };
}

function isOwn(name: string): boolean {
  return name.startsWith(home.toUpperCase().replaceAll("-", "_"));
}

const kind = "sns";

export const topics: readonly Sabotage[] = [
  {
    id: "topics/wrong-key/sns",
    kind,
    title: `a wrong key of its own topic in the hands of ${home}`,
    async run({ state, prove }) {
      const judged = await prove({ kind, state: wrongKey(state) });
      return resultOf(
        judged.judgement,
        ({ item }) => item.from.region === home && item.vector.credentials === "own",
      );
    },
  },
  {
    id: "topics/canary-missing/sns",
    kind,
    title: `the topic of ${home} has lost its canary`,
    async run({ state, prove }) {
      await using _lost = await withTopics(state, () => ({ tags: {} }));
      const judged = await prove({ kind });
      return resultOf(judged.judgement, insideHome);
    },
  },
  {
    id: "topics/page-cut/sns",
    kind,
    title: `the listing of subscriptions in ${home} ends early, with no sign that it does`,
    async run({ state, prove }) {
      await using _cut = await withTopics(state, ({ subscriptions }) => ({ unlisted: subscriptions.length }));
      const judged = await prove({ kind });
      return resultOf(
        judged.judgement,
        (verdict) => verdict.item.probe === "sns-links" && insideHome(verdict),
      );
    },
  },
];

function insideHome(verdict: Parameters<typeof crossing>[0]): boolean {
  return verdict.item.from.region === home && !crossing(verdict);
}
