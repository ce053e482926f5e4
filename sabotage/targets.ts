import { setTimeout as sleep } from "node:timers/promises";
import type { Entry } from "../core/journal.ts";
import type { ReplicaState } from "../environments/replica/state.ts";
import { killServers, on, signalServers, withRule } from "./host.ts";
import {
  anythingOf,
  type Context,
  crossing,
  type Footing,
  far,
  type Kind,
  kinds,
  resultOf,
  type Sabotage,
} from "./record.ts";
import { atStage } from "./relay.ts";
import { systemState } from "./systems.ts";
import { undoable } from "./undo.ts";

/** Kinds that one server serves for all regions, and where. */
const shared: Partial<Record<Kind, string>> = {
  s3: "internet",
  sqs: "internet",
  sns: "internet",
  "aws-snapshots": "internet",
  vendor: "world",
};

function hostOf(kind: Kind): string {
  return shared[kind] ?? `${far}/data`;
}

/** Crossings that lost their target or their twin; all of them where one server served all regions. */
function lost(kind: Kind): Footing {
  return (verdict) => crossing(verdict) && (kind in shared || anythingOf(far)(verdict));
}

type Moment = "before" | "during" | "just after";

/** Into the silence of the attempts. S3 answers at once, so there it is the first attempt's end. */
const intoAttemptsMs = 400;

/** Kills the servers of the far region at a moment of the run, in a replica that ends with it. */
export async function stopped(context: Context, kind: Kind, moment: Moment) {
  await using replica = await context.boot(kind);
  const { state } = replica;
  let killed: Promise<void> | undefined;
  const kill = () => {
    killed ??= killServers(state, hostOf(kind));
    return killed;
  };
  if (moment === "before") await kill();
  const judged = await context.prove({
    kind,
    state,
    onLine: (_region, line) => moment === "during" && kind === "s3" && isAttempt(line) && void kill(),
    wrap(region, child) {
      if (moment === "just after") return atStage(child, "attempts", kill);
      if (moment !== "during" || kind === "s3" || region !== far) return child;
      return atStage(child, "controls-before", () => void setTimeout(kill, intoAttemptsMs));
    },
  });
  if (!killed) throw new Error("the server was never stopped");
  await killed;
  return resultOf(judged.judgement, lost(kind));
}

function isAttempt(line: string): boolean {
  const { entry } = JSON.parse(line) as { entry: Entry };
  return entry.type === "observation" && entry.phase === "attempt";
}

const moments: readonly Moment[] = ["before", "during", "just after"];

const stops = kinds.flatMap((kind) =>
  moments.map(
    (moment): Sabotage => ({
      id: `target/stopped-${moment.replace(" ", "-")}/${kind}`,
      kind,
      title: `target server killed ${moment} the attempts`,
      run: (context) => stopped(context, kind, moment),
    }),
  ),
);

/** A bare listener that is frozen still accepts, because the kernel does: there nothing is broken. */
const frozen = (["postgres", "redis", "s3"] as const).map(
  (kind): Sabotage => ({
    id: `target/frozen/${kind}`,
    kind,
    title: "target server frozen: its port is open, and it says nothing",
    async run({ state, prove }) {
      await using _frozen = await undoable(
        () => signalServers(state, hostOf(kind), "SIGSTOP"),
        () => signalServers(state, hostOf(kind), "SIGCONT"),
      );
      const judged = await prove({ kind });
      return resultOf(judged.judgement, lost(kind));
    },
  }),
);

/** More than a third of what the attempts waited, and less than a control waits. */
const slowMs = 1300;

/** Its closing controls are answered, and so late that the silence before them was too short. */
const slowAtLast = (["postgres", "redis"] as const).map(
  (kind): Sabotage => ({
    id: `target/slow-at-last/${kind}`,
    kind,
    title: "target server turns slow when the attempts have ended",
    async run({ state, prove }) {
      let thawed: Promise<void> | undefined;
      const freeze = () => {
        signalServers(state, hostOf(kind), "SIGSTOP");
        thawed = sleep(slowMs).then(() => void signalServers(state, hostOf(kind), "SIGCONT"));
      };
      const judged = await prove({
        kind,
        wrap: (region, child) => (region === far ? atStage(child, "attempts", freeze) : child),
      });
      if (!thawed) throw new Error("the server was never slow");
      await thawed;
      return resultOf(judged.judgement, lost(kind));
    },
  }),
);

/** The data host's cable, unplugged at the router. */
function unplugged(state: ReplicaState, host: string): Promise<AsyncDisposable> {
  const device = cableTo(state, host);
  const addresses = [
    ...on(state, "core", "ip", "-o", "-6", "addr", "show", "dev", device, "scope", "global").matchAll(
      /inet6 (\S+)/g,
    ),
  ];
  return undoable(
    () => on(state, "core", "ip", "link", "set", device, "down"),
    () => {
      on(state, "core", "ip", "link", "set", device, "up");
      for (const [, address = ""] of addresses)
        on(state, "core", "ip", "addr", "replace", address, "dev", device, "nodad");
    },
  );
}

function cableTo(state: ReplicaState, host: string): string {
  const [address = ""] = state.hosts[host]?.addresses ?? [];
  return /\bdev (\S+)/.exec(on(state, "core", "ip", "route", "get", address))?.[1] ?? "";
}

const gone = kinds.map(
  (kind): Sabotage => ({
    id: `target/host-gone/${kind}`,
    kind,
    title: "target host gone from the network",
    async run({ state, prove }) {
      await using _gone = await unplugged(state, hostOf(kind));
      const judged = await prove({ kind });
      return resultOf(judged.judgement, lost(kind));
    },
  }),
);

const closed = (["redis", "s3"] as const).map(
  (kind): Sabotage => ({
    id: `target/port-closed/${kind}`,
    kind,
    title: "target's port closed for everybody, its own region too",
    async run({ state, prove }) {
      const { address, address6 } = systemState(state, far, kind);
      await using _four = await withRule(state, "core", {
        chain: "forward",
        rule: `ip daddr ${address} drop`,
      });
      await using _six = await withRule(state, "core", {
        chain: "forward",
        rule: `ip6 daddr ${address6} drop`,
      });
      const judged = await prove({ kind });
      return resultOf(judged.judgement, ({ item }) => item.from.region !== far && item.to.region === far);
    },
  }),
);

/** Rows that share the replica; those with a replica of their own are in `ruins`. */
export const targets: readonly Sabotage[] = [...frozen, ...slowAtLast, ...gone, ...closed];
export const ruins: readonly Sabotage[] = stops;
