import type { DockerTools, Hole } from "../core/drill.ts";
import type { LeakPath } from "../core/vocabulary.ts";
import { anythingOf, crossingTo, type Footing, far, home } from "./record.ts";

/** One way to break the footing of a run in containers. Whatever it breaks, the run must not pass. */
export interface ContainerSabotage {
  id: string;
  kind: string;
  title: string;
  /** Only this leak path is proven; all of them when left out. */
  path?: LeakPath;
  before?(tools: DockerTools, hole: Hole): Promise<void>;
  /** Called with every line of a region's journal as it comes. */
  during?(tools: DockerTools, hole: Hole, at: { region: string; line: string }): void;
  /** What lost its footing and must not be called contained; attempts on the far region when left out. */
  unfounded?: Footing;
}

const systems = [
  { kind: "postgres", system: "orders-db", path: "database" },
  { kind: "redis", system: "session-cache", path: "cache" },
  { kind: "s3", system: "uploads", path: "object-storage" },
] as const satisfies { kind: string; system: string; path: LeakPath }[];

const paused = systems.map(
  ({ kind, system, path }): ContainerSabotage => ({
    id: `target/paused/${kind}`,
    kind,
    path,
    title: "target container paused: its port is open, and it says nothing",
    async before(tools, hole) {
      hole.closeBy(() => tools.docker(["unpause", tools.container(far, system)]));
      await tools.docker(["pause", tools.container(far, system)]);
    },
  }),
);

const unplugged = systems.map(
  ({ kind, system, path }): ContainerSabotage => ({
    id: `target/unplugged/${kind}`,
    kind,
    path,
    title: "target container off its own network",
    before: (tools, hole) => unplug(tools, hole, system),
  }),
);

/** LocalStack forgets everything when it ends, so it is paused and unplugged, and not killed. */
const killed = systems
  .filter(({ kind }) => kind !== "s3")
  .map(
    ({ kind, system, path }): ContainerSabotage => ({
      id: `target/killed-before/${kind}`,
      kind,
      path,
      title: "target container killed before the attempts",
      before: (tools, hole) => kill(tools, hole, system),
    }),
  );

const killedDuring = systems
  .filter(({ kind }) => kind !== "s3")
  .map(
    ({ kind, system, path }): ContainerSabotage => ({
      id: `target/killed-during/${kind}`,
      kind,
      path,
      title: "target container killed when the first attempts have ended",
      during: onceAt('"phase":"attempt"', (tools, hole) => kill(tools, hole, system)),
    }),
  );

const lost: Record<string, (tools: DockerTools, hole: Hole) => Promise<void>> = {
  async postgres(tools, hole) {
    const held = await tools.sql(far, "orders-db", "SELECT value FROM ringfence.canary");
    hole.closeBy(() => tools.sql(far, "orders-db", `UPDATE ringfence.canary SET value = '${held}'`));
    await tools.sql(far, "orders-db", "UPDATE ringfence.canary SET value = 'gone'");
  },
  async redis(tools, hole) {
    const held = await tools.redis(far, "session-cache", "GET", "ringfence:canary");
    hole.closeBy(() => tools.redis(far, "session-cache", "SET", "ringfence:canary", held));
    await tools.redis(far, "session-cache", "DEL", "ringfence:canary");
  },
  async s3(tools, hole) {
    const [bucket, key] = [`acme-uploads-${far}`, "ringfence/canary"];
    const held = await tools.objects.get(far, bucket, key);
    hole.closeBy(() => tools.objects.put(far, bucket, key, held));
    await tools.objects.remove(far, bucket, key);
  },
};

const canaries = systems.map(
  ({ kind, path }): ContainerSabotage => ({
    id: `canary/missing/${kind}`,
    kind,
    path,
    title: "the far region's canary is not there",
    before: async (tools, hole) => lost[kind]?.(tools, hole),
    // What does not read the canary did not lose its footing.
    unfounded: (verdict) => crossingTo(far)(verdict) && verdict.item.goal === "data",
  }),
);

const passwords: ContainerSabotage[] = [
  {
    id: "credentials/canary-changed/postgres",
    kind: "postgres",
    path: "database",
    title: "the far database knows another canary password",
    async before(tools, hole) {
      const held = tools.secret("US_EAST_1_ORDERS_DB_CANARY_PASSWORD");
      hole.closeBy(() => tools.sql(far, "orders-db", `ALTER ROLE ringfence_canary PASSWORD '${held}'`));
      await tools.sql(far, "orders-db", "ALTER ROLE ringfence_canary PASSWORD 'another'");
    },
    // What the region's own login does there is none of the canary's business.
    unfounded: ({ item }) =>
      item.to.region === far && item.from.region !== far && item.vector.credentials === "target",
  },
  {
    id: "credentials/own-locked/redis",
    kind: "redis",
    path: "cache",
    title: "the home region's own login is switched off",
    async before(tools, hole) {
      hole.closeBy(() => tools.redis(home, "session-cache", "ACL", "SETUSER", "web_app", "on"));
      await tools.redis(home, "session-cache", "ACL", "SETUSER", "web_app", "off");
    },
    unfounded: (verdict) =>
      crossingTo(far)(verdict) &&
      verdict.item.from.region === home &&
      verdict.item.vector.credentials === "own",
  },
];

const runners: ContainerSabotage[] = [
  {
    id: "runner/no-network/all",
    kind: "all",
    title: "the home region's runner is in no network",
    before: (tools, hole) => unplug(tools, hole, "runner", home),
    unfounded: anythingOf(home),
  },
  {
    id: "runner/killed-at-attempts/all",
    kind: "all",
    title: "the home region's runner is killed when its first attempts have ended",
    during: onceAt(
      '"phase":"attempt"',
      (tools, hole) => {
        hole.closeBy(() => tools.docker(["start", tools.container(home, "runner")]));
        return tools.docker(["kill", tools.container(home, "runner")]);
      },
      home,
    ),
    unfounded: ({ item }) => item.to.region === home && item.from.region !== home,
  },
];

export const containerSabotages: readonly ContainerSabotage[] = [
  ...paused,
  ...unplugged,
  ...canaries,
  ...passwords,
  ...runners,
  ...killedDuring,
  ...killed,
];

/** Kills a far server. The cache keeps nothing, so that its seed has to plant its users again; the canary that
 *  was there before the run is put back. */
async function kill(tools: DockerTools, hole: Hole, system: string): Promise<void> {
  const container = tools.container(far, system);
  const held = system === "session-cache" ? await tools.redis(far, system, "GET", "ringfence:canary") : null;
  hole.closeBy(async () => {
    await tools.docker(["start", container]);
    if (held === null) return;
    await tools.docker(["start", "-a", tools.container(far, "seed")]);
    await tools.redis(far, system, "SET", "ringfence:canary", held);
  });
  await tools.docker(["kill", container]);
}

async function unplug(tools: DockerTools, hole: Hole, role: string, region: string = far): Promise<void> {
  const address = tools.address(region, role);
  const [container, network] = [tools.container(region, role), tools.network(region)];
  hole.closeBy(() =>
    tools.docker(["network", "connect", "--ip", address[4], "--ip6", address[6], network, container]),
  );
  await tools.docker(["network", "disconnect", network, container]);
}

/** Acts at the first line of a region's journal that holds a text, and once. */
function onceAt(
  text: string,
  act: (tools: DockerTools, hole: Hole) => Promise<unknown>,
  region: string = far,
): NonNullable<ContainerSabotage["during"]> {
  let done: Promise<unknown> | undefined;
  return (tools, hole, at) => {
    if (done || at.region !== region || !at.line.includes(text)) return;
    done = act(tools, hole).catch(() => {});
  };
}
