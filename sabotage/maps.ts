import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { RingfenceError } from "../core/errors.ts";
import { readJournal } from "../core/journal.ts";
import { judge } from "../core/judge.ts";
import { type Plan, planDigest } from "../core/plan.ts";
import { homesOf, type ResidencyMap, type System, type Waiver } from "../core/residency-map.ts";
import {
  type Context,
  everything,
  far,
  home,
  type Kind,
  kinds,
  type Result,
  resultOf,
  type Sabotage,
} from "./record.ts";

const empty: readonly Sabotage[] = [
  {
    id: "maps/no-systems",
    kind: "all",
    title: "an empty map: no system in it",
    async run({ mapOf, prove }) {
      const judged = await prove({ kind: "all", map: { ...mapOf("all"), systems: [] } });
      return resultOf(judged.judgement);
    },
  },
  {
    id: "maps/one-region",
    kind: "all",
    title: "a map of one region: nothing far to reach",
    async run({ mapOf, prove }) {
      const map = mapOf("tcp");
      const regions = Object.fromEntries(Object.entries(map.regions).filter(([id]) => id === home));
      const judged = await prove({ kind: "tcp", map: { ...map, regions } });
      return resultOf(judged.judgement);
    },
  },
  {
    id: "maps/no-regions",
    kind: "all",
    title: "an empty map: no region in it",
    async run({ mapOf, prove }) {
      const judged = await prove({ kind: "all", map: { ...mapOf("all"), regions: {}, systems: [] } });
      return resultOf(judged.judgement);
    },
  },
];

function waivedFor(system: System, map: ResidencyMap): System {
  const regions = Object.keys(map.regions);
  const waivers = regions.flatMap((from) =>
    homesOf(system, map).map(
      (to): Waiver => ({
        from,
        to,
        owner: "nobody",
        reason: "sabotage",
        approver: "nobody",
        expires: "2999-12-31",
      }),
    ),
  );
  return { ...system, waivers };
}

const waived = kinds.map(
  (kind): Sabotage => ({
    id: `maps/all-waived/${kind}`,
    kind,
    title: "a map whose systems are all waived",
    async run({ mapOf, prove }) {
      const map = mapOf(kind);
      const systems = map.systems.map((system) => waivedFor(system, map));
      const judged = await prove({ kind, map: { ...map, systems } });
      return resultOf(judged.judgement);
    },
  }),
);

/** The far region's endpoint is the home region's: what is tried is one's own system. */
const shared = kinds.map(
  (kind): Sabotage => ({
    id: `maps/same-endpoint/${kind}`,
    kind,
    title: "two regions given the same endpoint",
    async run({ mapOf, prove }) {
      const map = mapOf(kind);
      const systems = map.systems.map((system) => ({
        ...system,
        perRegion: { [far]: endpointAtHome(system, kind) },
      }));
      const judged = await prove({ kind, map: { ...map, systems } });
      return resultOf(judged.judgement, ({ item }) => item.from.region !== item.to.region);
    },
  }),
);

function endpointAtHome({ endpoint }: System, kind: Kind): Record<string, unknown> {
  const keys = kind === "s3" ? ["host", "sts", "region", "bucket", "canaryRole"] : ["host"];
  return Object.fromEntries(keys.map((key) => [key, String(endpoint[key]).replaceAll("{region}", home)]));
}

interface Refusal {
  id: string;
  title: string;
  code: string;
  alter(map: ResidencyMap): unknown;
}

const refusals: readonly Refusal[] = [
  {
    id: "overlapping",
    title: "overlapping address plans",
    code: "MAP_OVERLAPPING_ADDRESSES",
    alter: (map) => withRegion(map, { addresses: ["10.10.128.0/17", "fd10:20::/48"] }),
  },
  {
    id: "overlapping-ipv6",
    title: "overlapping address plans, in IPv6 alone",
    code: "MAP_OVERLAPPING_ADDRESSES",
    alter: (map) => withRegion(map, { addresses: ["10.20.0.0/16", "fd10:10:0:8000::/52"] }),
  },
  {
    id: "waiver-expired",
    title: "a waiver that expired",
    code: "MAP_EXPIRED_WAIVER",
    alter: (map) => ({
      ...map,
      systems: map.systems.map((system) => ({
        ...system,
        waivers: [{ from: home, to: far, owner: "a", reason: "b", approver: "c", expires: "2001-01-01" }],
      })),
    }),
  },
  {
    id: "deadline-too-short",
    title: "a deadline of 1 ms in the map",
    code: "MAP_WRONG_VALUE",
    alter: (map) => ({ ...map, attempts: { deadlineMs: 1 } }),
  },
  {
    id: "unknown-home",
    title: "a system whose home is a region that is misspelt",
    code: "MAP_UNKNOWN_REGION",
    alter: (map) => ({ ...map, systems: map.systems.map((system) => ({ ...system, home: "eu-wst-1" })) }),
  },
];

function withRegion(map: ResidencyMap, change: { addresses: string[] }) {
  return { ...map, regions: { ...map.regions, [far]: { ...map.regions[far], ...change } } };
}

const refused = refusals.map(
  ({ id, title, code, alter }): Sabotage => ({
    id: `maps/${id}`,
    kind: "all",
    title,
    async run({ mapOf, parse }) {
      try {
        parse(stringify(alter(mapOf("all"))));
      } catch (error) {
        const problems = error instanceof RingfenceError ? error.problems : [];
        const found = problems.find((problem) => problem.code === code);
        if (found) return { result: "refused", because: `${code}: got ${found.got}`, unfounded: 0 };
        throw error;
      }
      return { result: "pass", because: "the map was accepted", unfounded: 0 };
    },
  }),
);

/** What the plan says after somebody edited it, against journals and signatures of the plan that ran. */
const edits: Record<string, { title: string; edit(plan: Plan): Plan }> = {
  "attempt-removed": {
    title: "one attempt removed",
    edit: (plan) => ({
      ...plan,
      items: plan.items.filter((item) => item !== plan.items.find(({ role }) => role === "attempt")),
    }),
  },
  "stop-by-raised": {
    title: "every stop-by raised to data",
    edit: (plan) => ({ ...plan, items: plan.items.map((item) => ({ ...item, stopBy: "data" as const })) }),
  },
  "region-removed": {
    title: "one region removed from its scope",
    edit: (plan) => ({ ...plan, scope: { ...plan.scope, regions: [home] } }),
  },
};

const edited = Object.entries(edits).flatMap(([id, { title, edit }]): Sabotage[] => [
  {
    id: `maps/plan-${id}-judged`,
    kind: "all",
    title: `plan edited after the run: ${title}, and judged again`,
    async run({ clean }) {
      const { judged, runId, texts } = await clean("redis");
      const plan = edit(judged.plan);
      const journals = Object.entries(texts).map(([region, text]) =>
        readJournal(text, { runId, region, plan: planDigest(plan), map: plan.map }),
      );
      return resultOf(judge(plan, judged.map, journals), everything);
    },
  },
  {
    id: `maps/plan-${id}-verified`,
    kind: "all",
    title: `plan edited after signing: ${title}, and verified`,
    run: (context) =>
      verifiedAfter(context, (directory) => {
        const file = join(directory, "plan.json");
        writeFileSync(
          file,
          `${JSON.stringify(edit(JSON.parse(readFileSync(file, "utf8")) as Plan), null, 2)}\n`,
        );
      }),
  },
]);

async function verifiedAfter(context: Context, alter: (directory: string) => void): Promise<Result> {
  const directory = context.folder();
  mkdirSync(directory, { recursive: true });
  const verify = await context.sign(await context.clean("redis"), directory);
  const sound = await verify();
  if (sound.length > 0) throw new Error(`the evidence does not even hold as written: ${sound.join("; ")}`);
  alter(directory);
  const problems = await verify();
  return problems.length > 0
    ? { result: "unverified", because: problems[0] ?? "", unfounded: 0 }
    : { result: "pass", because: "the evidence holds", unfounded: 0 };
}

const journal = (directory: string) => join(directory, home, "observations.jsonl");
const signed: readonly Sabotage[] = [
  {
    id: "journals/missing-verified",
    kind: "all",
    title: "a region's journal missing from signed evidence",
    run: (context) => verifiedAfter(context, (directory) => rmSync(journal(directory))),
  },
  {
    id: "journals/cut-verified",
    kind: "all",
    title: "a region's journal truncated in signed evidence",
    run: (context) =>
      verifiedAfter(context, (directory) => {
        const text = readFileSync(journal(directory), "utf8");
        writeFileSync(journal(directory), text.slice(0, -40));
      }),
  },
];

export const maps: readonly Sabotage[] = [...empty, ...waived, ...shared, ...refused, ...edited, ...signed];
