import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readMapFile } from "../environments/map-file.ts";
import { loadProbes } from "../probes/catalog.ts";
import { aMap, aSystem, kinds } from "./a-trial.ts";
import { type Plan, planAttempts, planDigest } from "./plan.ts";
import type { System } from "./residency-map.ts";

const probes = await loadProbes();
const sampleFile = join(import.meta.dirname, "../environments/replica/residency.yaml");
const { map: sample } = readMapFile(sampleFile, { kinds: probes, today: "2026-11-22" });
const environment = "replica";
const plan = planAttempts(sample, probes, { environment });

const attemptsOf = ({ items }: Plan) => items.filter(({ role }) => role === "attempt");
const trespassesOf = (whole: Plan) => attemptsOf(whole).filter(({ family }) => family === "trespass");
const controlsOf = ({ items }: Plan) =>
  new Set(items.flatMap(({ id, role }) => (role === "control" ? [id] : [])));

/** Controls that attempts rest on and that nobody is going to run. */
function danglingIn(whole: Plan): string[] {
  const controls = controlsOf(whole);
  const named = attemptsOf(whole).flatMap(({ twin, targetAlive }) => [twin, targetAlive]);
  return named.filter((id): id is string => id !== undefined && !controls.has(id));
}

describe("the sample map", () => {
  test("is planned in full: at least 150 items, and no gap", () => {
    expect(plan.items.length).toBeGreaterThanOrEqual(150);
    expect(plan.gaps).toEqual([]);
  });

  test("every system is attempted from every region to every other", () => {
    const regions = Object.keys(sample.regions);
    const crossings = new Set(
      trespassesOf(plan).map(({ from, to }) => `${to.system} ${from.region} ${to.region}`),
    );
    const expected = sample.systems.flatMap(({ id }) =>
      regions.flatMap((from) => regions.filter((to) => to !== from).map((to) => `${id} ${from} ${to}`)),
    );
    expect([...crossings].sort()).toEqual(expected.sort());
  });

  test("every check of every kind in the map is planned, over both address families", () => {
    const checks = sample.systems.flatMap(({ id, kind, endpoint }) =>
      probes
        .filter((probe) => probe.kind === kind)
        .flatMap((probe) => probe.checks)
        .filter(({ needs }) => needs === undefined || needs in endpoint)
        .map(({ probe }) => `${id} ${probe}`),
    );
    for (const family of [4, 6]) {
      const planned = attemptsOf(plan).filter(({ vector }) => vector.addressFamily === family);
      expect(new Set(planned.map(({ to, probe }) => `${to.system} ${probe}`))).toEqual(new Set(checks));
    }
  });

  test("every trespass rests on a twin in its own region and a target-alive in the other", () => {
    expect(danglingIn(plan)).toEqual([]);
    const byId = new Map(plan.items.map((item) => [item.id, item]));
    for (const attempt of trespassesOf(plan)) {
      expect(byId.get(attempt.twin ?? "")).toMatchObject({
        role: "control",
        probe: attempt.probe,
        vector: attempt.vector,
        from: { region: attempt.from.region },
      });
      expect(byId.get(attempt.targetAlive ?? "")).toMatchObject({
        role: "control",
        probe: attempt.probe,
        vector: attempt.vector,
        from: { region: attempt.to.region },
        to: attempt.to,
      });
    }
  });

  test("no control is planned that no attempt needs", () => {
    const needed = new Set(attemptsOf(plan).flatMap(({ twin, targetAlive }) => [twin, targetAlive]));
    expect([...controlsOf(plan)].filter((id) => !needed.has(id))).toEqual([]);
  });

  test("a look for canaries is made for every other region, and one for links and one for wiring", () => {
    const strays = attemptsOf(plan).filter(
      ({ probe, from }) => probe === "postgres-stray" && from.region === "us-east-1",
    );
    expect(new Set(strays.map(({ about }) => about))).toEqual(new Set(["eu-central-1", "ap-southeast-2"]));
    expect(attemptsOf(plan).some(({ family }) => family === "wiring")).toBe(true);
  });
});

describe("a plan is what is signed and replayed, so it is the same every time", () => {
  test("made twice", () => {
    expect(planDigest(planAttempts(structuredClone(sample), probes, { environment }))).toBe(planDigest(plan));
  });
  test("whatever the order of systems", () => {
    const turned = planAttempts({ ...sample, systems: sample.systems.toReversed() }, probes, { environment });
    expect(turned.items).toEqual(plan.items);
  });
  test("and another map, scope or environment is another plan", () => {
    const title = planAttempts({ ...sample, title: "Another" }, probes, { environment });
    const scope = planAttempts(sample, probes, { environment, paths: ["cache"] });
    const aws = planAttempts(sample, probes, { environment: "aws" });
    expect(new Set([plan, title, scope, aws].map(planDigest)).size).toBe(4);
  });
  test.each(["id", "title"] as const)(
    "no two items share their %s, because one line must name one attempt",
    (key) => {
      expect(new Set(plan.items.map((item) => item[key])).size).toBe(plan.items.length);
    },
  );
});

describe("a scope", () => {
  test("of one region plans its attempts only, and the other regions' controls for them", () => {
    const scoped = planAttempts(sample, probes, { environment, regions: ["us-east-1"] });
    expect(new Set(attemptsOf(scoped).map(({ from }) => from.region))).toEqual(new Set(["us-east-1"]));
    expect(attemptsOf(scoped)).toEqual(attemptsOf(plan).filter(({ from }) => from.region === "us-east-1"));
    expect(danglingIn(scoped)).toEqual([]);
    expect(scoped.scope.regions).toEqual(["us-east-1"]);
  });
  test("of one leak path plans that path only", () => {
    const scoped = planAttempts(sample, probes, { environment, paths: ["cache"] });
    expect(new Set(scoped.items.map(({ path }) => path))).toEqual(new Set(["cache"]));
    expect(attemptsOf(scoped)).toEqual(attemptsOf(plan).filter(({ path }) => path === "cache"));
    expect(danglingIn(scoped)).toEqual([]);
  });
  test("of nothing that exists plans nothing", () => {
    expect(planAttempts(sample, probes, { environment, regions: ["mars"] }).items).toEqual([]);
  });
});

describe("where a system has its home", () => {
  const planOf = (systems: System[], regions = ["eu", "us", "ap"]) =>
    planAttempts(aMap({ systems, regions }), kinds, { environment });

  test("in one region: it is attempted from the others only, and looked into at home only", () => {
    const whole = planOf([aSystem(), aSystem({ id: "till", home: "us" })]);
    const till = attemptsOf(whole).filter(({ to }) => to.system === "till");
    const ways = (from: string) =>
      new Set(till.filter((item) => item.from.region === from).map(({ family }) => family));
    expect(ways("eu")).toEqual(new Set(["trespass"]));
    expect(ways("us")).toEqual(new Set(["stray", "wiring"]));
    expect(danglingIn(whole)).toEqual([]);
  });

  test("a region with no system of that kind leaves a gap, because nothing there shows that the client works", () => {
    const { gaps } = planOf([aSystem({ home: "us" })]);
    const gap = { path: "database", system: "orders", probe: "read" };
    expect(gaps).toEqual([
      expect.objectContaining({ ...gap, region: "eu" }),
      expect.objectContaining({ ...gap, region: "ap" }),
    ]);
  });

  test("another system of that kind serves as the twin", () => {
    const whole = planOf([aSystem({ home: "us" }), aSystem({ id: "till", home: "eu" })], ["eu", "us"]);
    expect(whole.gaps).toEqual([]);
    expect(trespassesOf(whole).find(({ from }) => from.region === "eu")?.twin).toContain("/till/");
  });

  test("one region alone has nobody to trespass on", () => {
    const whole = planOf([aSystem()], ["eu"]);
    expect(trespassesOf(whole)).toEqual([]);
    expect(whole.items.map(({ probe }) => probe).sort()).toEqual(["links", "wiring"]);
  });

  test("an attempt never rests on a control that is not planned: it is a gap, or another twin is found", () => {
    const home = fc.constantFrom("each-region", "eu", "us", "ap");
    const addressFamilies = fc.constantFrom<(4 | 6)[]>([4], [6], [4, 6]);
    const systems = fc
      .array(fc.record({ home, addressFamilies }), { maxLength: 4 })
      .map((all) => all.map((parts, index) => aSystem({ id: `s-${index}`, ...parts })));
    fc.assert(
      fc.property(systems, (all) => {
        const whole = planOf(all);
        expect(danglingIn(whole)).toEqual([]);
        const lonely = trespassesOf(whole).filter(({ twin }) => twin === undefined);
        for (const { from, to } of lonely) {
          expect(whole.gaps).toContainEqual(
            expect.objectContaining({ region: from.region, system: to.system }),
          );
        }
      }),
    );
  });
});

describe("what a map does not promise", () => {
  const closedByNetwork = {
    ...sample,
    systems: sample.systems.map((system) =>
      system.kind === "s3" ? { ...system, stopBy: "network" as const } : system,
    ),
  };
  const narrow = planAttempts(closedByNetwork, probes, { environment });

  test("is not claimed: neither an attempt nor a gap, because nobody could be shown to refuse it", () => {
    expect(narrow.notClaimed.map(({ system, probe }) => `${system} ${probe}`).sort()).toEqual([
      "nightly-backup s3-assume-role",
      "nightly-backup s3-copy",
      "nightly-backup s3-put-far",
      "uploads s3-assume-role",
      "uploads s3-copy",
      "uploads s3-put-far",
    ]);
    expect(narrow.items.filter(({ probe }) => probe === "s3-copy" || probe === "s3-assume-role")).toEqual([]);
    expect(narrow.gaps).toEqual([]);
  });

  test("is part of the digest, so that it cannot be added to afterwards", () => {
    expect(planDigest({ ...narrow, notClaimed: [] })).not.toBe(planDigest(narrow));
  });

  test("is nothing where the policies have to refuse", () => {
    expect(plan.notClaimed).toEqual([]);
  });
});

describe("the two maps of LocalStack", () => {
  const read = (name: string) => {
    const file = join(import.meta.dirname, "../environments/localstack", name);
    return readMapFile(file, { kinds: probes, today: "2026-11-22" }).map;
  };
  const [free, enforced] = [read("residency.yaml"), read("residency.enforced.yaml")];

  test("differ in where S3 has to stop everybody, and in nothing else", () => {
    const without = ({ stopBy, ...system }: System) => system;
    expect(enforced.systems.map(without)).toEqual(free.systems.map(without));
    expect({ ...enforced, systems: [] }).toEqual({ ...free, systems: [] });
    const stopBy = (map: typeof free) => map.systems.find(({ kind }) => kind === "s3")?.stopBy;
    expect([stopBy(free), stopBy(enforced)]).toEqual(["network", "authorization"]);
  });

  test("and the plan follows: with enforcement, what only a policy can refuse is attempted", () => {
    const unclaimed = (map: typeof free) =>
      planAttempts(map, probes, { environment: "localstack" }).notClaimed.map(({ probe }) => probe);
    expect(unclaimed(free).sort()).toEqual(["s3-assume-role", "s3-copy", "s3-put-far"]);
    expect(unclaimed(enforced)).toEqual([]);
  });
});
