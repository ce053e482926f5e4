import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createAuthority } from "../environments/replica/certificates.ts";
import type { ReplicaState } from "../environments/replica/state.ts";
import { on, serving, withTable } from "./host.ts";
import {
  anythingOf,
  type Context,
  crossing,
  everything,
  far,
  home,
  kinds,
  resultOf,
  type Sabotage,
} from "./record.ts";
import { undoable } from "./undo.ts";

const runner = `${home}/app`;
const tools = join(import.meta.dirname, "tools");

const cutOff = kinds.map(
  (kind): Sabotage => ({
    id: `runner/no-network/${kind}`,
    kind,
    title: "the runner has no network at all",
    async run({ state, prove }) {
      await using _cut = await withTable(
        state,
        runner,
        "{ type filter hook output priority 0; policy drop; oifname lo accept; }",
      );
      const judged = await prove({ kind });
      return resultOf(judged.judgement, anythingOf(home));
    },
  }),
);

/** Takes the default routes away, so that the kernel itself refuses: nothing is sent. */
const noRoute = (["postgres", "s3"] as const).map(
  (kind): Sabotage => ({
    id: `runner/no-route/${kind}`,
    kind,
    title: "the runner has no route out: its own kernel refuses",
    async run({ state, prove }) {
      await using _four = await withoutRoute(state, "-4");
      await using _six = await withoutRoute(state, "-6");
      const judged = await prove({ kind });
      return resultOf(judged.judgement, anythingOf(home));
    },
  }),
);

const noIpv6 = kinds.map(
  (kind): Sabotage => ({
    id: `runner/no-ipv6/${kind}`,
    kind,
    title: "the runner has no IPv6",
    async run({ state, prove }) {
      await using _none = await withoutRoute(state, "-6");
      const judged = await prove({ kind });
      return resultOf(
        judged.judgement,
        (verdict) => anythingOf(home)(verdict) && verdict.item.vector.addressFamily === 6,
      );
    },
  }),
);

function withoutRoute(state: ReplicaState, family: "-4" | "-6"): Promise<AsyncDisposable> {
  const route = on(state, runner, "ip", family, "route", "show", "default").trim().split("\n")[0] ?? "";
  const gateway = /via (\S+)/.exec(route)?.[1] ?? "";
  return undoable(
    () => on(state, runner, "ip", family, "route", "del", "default"),
    () => on(state, runner, "ip", family, "route", "replace", "default", "via", gateway),
  );
}

const proxyPort = 8888;

/** Every connection that leaves the runner for a served port ends at the proxy instead. */
function intercepting(state: ReplicaState): Promise<AsyncDisposable> {
  const caught = `add rule inet sabotage hooked tcp dport { 443, 5432, 6379, 9000 } redirect to :${proxyPort}`;
  return withTable(state, runner, `{ type nat hook output priority -100; }; ${caught}`);
}

async function intercepted(
  { state, prove, folder }: Context,
  kind: (typeof kinds)[number],
  trusted: boolean,
) {
  const authority = await createAuthority();
  const names = [home, far].flatMap((region) => [
    `s3.${region}.amazonaws.com`,
    `sts.${region}.amazonaws.com`,
  ]);
  const tls = trusted ? await authority.issue(names) : undefined;
  const bundle = join(folder(), "ca.pem");
  writeFileSync(bundle, trusted ? authority.ca : state.ca, { mode: 0o644 });
  await using _proxy = await serving(state, runner, join(tools, "says-ok.ts"), { port: proxyPort, tls });
  await using _caught = await intercepting(state);
  const judged = await prove({ kind, state: withEnvironment(state, { NODE_EXTRA_CA_CERTS: bundle }) });
  return resultOf(judged.judgement, (verdict) => verdict.item.from.region === home);
}

const proxies = [
  ...kinds.map(
    (kind): Sabotage => ({
      id: `runner/proxy/${kind}`,
      kind,
      title: "a transparent proxy answers 200 to everything",
      run: (context) => intercepted(context, kind, false),
    }),
  ),
  {
    id: "runner/trusted-proxy/s3",
    kind: "s3" as const,
    title: "a TLS proxy that the runner trusts answers 200 to everything",
    run: (context: Context) => intercepted(context, "s3", true),
  },
];

/** The state, with more in the environment of the home region's process. */
export function withEnvironment(state: ReplicaState, more: Record<string, string>): ReplicaState {
  return {
    ...state,
    credentials: { ...state.credentials, [home]: { ...state.credentials[home], ...more } },
  };
}

const minuteMs = 60_000;
const clocks = kinds.flatMap((kind) =>
  (kind === "postgres" || kind === "s3" ? [-20, 20] : [-20]).map(
    (minutes): Sabotage => ({
      id: `runner/clock-${minutes < 0 ? "behind" : "ahead"}/${kind}`,
      kind,
      title: `the runner's clock is ${Math.abs(minutes)} minutes ${minutes < 0 ? "behind" : "ahead"}`,
      async run({ state, prove }) {
        const shift = {
          NODE_OPTIONS: `--import=${pathToFileURL(join(tools, "shift-clock.ts"))}`,
          SABOTAGE_CLOCK_OFF_MS: String(minutes * minuteMs),
        };
        const judged = await prove({ kind, state: withEnvironment(state, shift) });
        return resultOf(judged.judgement, crossing);
      },
    }),
  ),
);

/** Starts the regions' processes under limits of the kernel. */
function limited(state: ReplicaState, ...limits: string[]): ReplicaState {
  return { ...state, privilege: ["prlimit", ...limits, "--", ...state.privilege] };
}

/** Few enough that a region's process starts, and runs out of them at its attempts. */
const scarceFiles = { postgres: [40], redis: [40], s3: [24], tcp: [24, 40] };

const exhausted = kinds.flatMap((kind) =>
  scarceFiles[kind].map(
    (files): Sabotage => ({
      id: `runner/files-${files}/${kind}`,
      kind,
      title: `file descriptors exhausted: ${files} in all`,
      async run({ state, prove }) {
        const judged = await prove({ kind, state: limited(state, `--nofile=${files}`) });
        return resultOf(judged.judgement);
      },
    }),
  ),
);

const starved: readonly Sabotage[] = [
  {
    id: "runner/memory-heap/all",
    kind: "all",
    title: "memory limit: a heap of 24 MB",
    async run({ state, prove }) {
      const small = withEnvironment(state, { NODE_OPTIONS: "--max-old-space-size=24" });
      const judged = await prove({ kind: "all", state: small });
      return resultOf(judged.judgement, anythingOf(home));
    },
  },
  {
    id: "runner/memory-address-space/all",
    kind: "all",
    title: "memory limit: 600 MB of address space",
    async run({ state, prove }) {
      const judged = await prove({ kind: "all", state: limited(state, "--as=600000000") });
      return resultOf(judged.judgement, everything);
    },
  },
];

export const runners: readonly Sabotage[] = [
  ...cutOff,
  ...noRoute,
  ...noIpv6,
  ...proxies,
  ...clocks,
  ...exhausted,
  ...starved,
];
