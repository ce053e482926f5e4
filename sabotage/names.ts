import { withRule } from "./host.ts";
import { anythingOf, crossingTo, everything, far, home, kinds, resultOf, type Sabotage } from "./record.ts";
import { systemOf, systemState, withZone } from "./systems.ts";

/** A zone without the lines of one address. */
export function without(...addresses: string[]): (zone: string) => string {
  return (zone) =>
    zone
      .split("\n")
      .filter((line) => !addresses.some((address) => line.startsWith(`${address} `)))
      .join("\n");
}

const missing = kinds.map(
  (kind): Sabotage => ({
    id: `names/missing/${kind}`,
    kind,
    title: "target's name not in DNS, in any region",
    async run({ state, prove }) {
      const { address, address6 } = systemState(state, far, kind);
      await using _here = await withZone(state, home, without(address, address6));
      await using _there = await withZone(state, far, without(address, address6));
      const judged = await prove({ kind });
      return resultOf(judged.judgement, anythingOf(far));
    },
  }),
);

const misspelt = (["postgres", "s3"] as const).map(
  (kind): Sabotage => ({
    id: `names/misspelt/${kind}`,
    kind,
    title: "target's name misspelt in the map",
    async run({ mapOf, prove }) {
      const map = mapOf(kind);
      const systems = map.systems.map((system) => ({
        ...system,
        perRegion: {
          [far]: {
            host: `no-such-name.${far}.example`,
            ...(kind === "s3" ? { sts: `no-such-sts.${far}.example` } : {}),
          },
        },
      }));
      const judged = await prove({ kind, map: { ...map, systems } });
      return resultOf(judged.judgement, anythingOf(far));
    },
  }),
);

const missingHere: Sabotage = {
  id: "names/missing-here/s3",
  kind: "s3",
  title: `target's name not in DNS, in ${home} only`,
  async run({ state, prove }) {
    const { address, address6 } = systemState(state, far, "s3");
    await using _here = await withZone(state, home, without(address, address6));
    const judged = await prove({ kind: "s3" });
    return resultOf(judged.judgement);
  },
};

const silent = (["postgres", "s3", "tcp"] as const).map(
  (kind): Sabotage => ({
    id: `names/silent/${kind}`,
    kind,
    title: "DNS server silent",
    async run({ state, prove }) {
      await using _silent = await withRule(state, "core", { chain: "input", rule: "udp dport 53 drop" });
      const judged = await prove({ kind });
      return resultOf(judged.judgement, everything);
    },
  }),
);

const silentHere: Sabotage = {
  id: "names/silent-here/postgres",
  kind: "postgres",
  title: `DNS server silent in ${home} only`,
  async run({ state, prove }) {
    const [runner = ""] = state.hosts[`${home}/app`]?.addresses ?? [];
    const rule = `ip saddr ${runner} udp dport 53 drop`;
    await using _silent = await withRule(state, "core", { chain: "input", rule });
    const judged = await prove({ kind: "postgres" });
    return resultOf(judged.judgement, anythingOf(home));
  },
};

/** A name that leads to an address where nobody is. */
const nowhere = (["redis"] as const).map(
  (kind): Sabotage => ({
    id: `names/nowhere/${kind}`,
    kind,
    title: `target's name leads nowhere in ${home}: to an address of the far region that nobody has`,
    async run({ state, prove }) {
      const { address, address6 } = systemState(state, far, kind);
      const alter = (zone: string) =>
        zone
          .split("\n")
          .map((line) =>
            line.includes(` ${systemOf[kind]}.${far}`)
              ? line.replace(address, "10.20.2.250").replace(address6, "fd10:20:0:2::fa")
              : line,
          )
          .join("\n");
      await using _wrong = await withZone(state, home, alter);
      const judged = await prove({ kind });
      return resultOf(
        judged.judgement,
        (verdict) => crossingTo(far)(verdict) && verdict.item.vector.route === "name",
      );
    },
  }),
);

export const names: readonly Sabotage[] = [
  ...missing,
  ...misspelt,
  missingHere,
  ...silent,
  silentHere,
  ...nowhere,
];
