import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readMapFile } from "../environments/map-file.ts";
import { loadProbes } from "../probes/catalog.ts";
import { loadVendors } from "../vendors/catalogue.ts";
import { aMap, aSystem, kinds, outwardKinds } from "./a-trial.ts";
import { type Plan, type PlannedItem, planAttempts, planDigest } from "./plan.ts";
import { type Check, homesOf, outside, type System } from "./residency-map.ts";
import type { Vendor } from "./vendors.ts";
import { leakPaths } from "./vocabulary.ts";

const probes = await loadProbes();
const sampleFile = join(import.meta.dirname, "../environments/replica/residency.yaml");
const { map: sample } = readMapFile(sampleFile, { kinds: probes, today: "2026-11-22" });
const environment = "replica";
const vendors = loadVendors();
const whole = { environment, vendors, outside: true };
const plan = planAttempts(sample, probes, whole);

const attemptsOf = ({ items }: Plan) => items.filter(({ role }) => role === "attempt");
const crossingsOf = (planned: Plan) =>
  attemptsOf(planned).filter(({ family }) => family === "trespass" || family === "send");
const trespassesOf = (whole: Plan) => attemptsOf(whole).filter(({ family }) => family === "trespass");
const controlsOf = ({ items }: Plan) =>
  new Set(items.flatMap(({ id, role }) => (role === "control" ? [id] : [])));

/** The checks of a system that its map asks for. */
function asked({ kind, checks, endpoint }: System): readonly Check[] {
  const all = probes.find((probe) => probe.kind === kind)?.checks ?? [];
  return all.filter(
    ({ probe, needs }) => (!checks || checks.includes(probe)) && (needs === undefined || needs in endpoint),
  );
}

const checkOf = (name: string) => probes.flatMap(({ checks }) => checks).find(({ probe }) => probe === name);

/** What is not claimed although the map never left it out by name. */
const unasked = ({ notClaimed }: Plan) =>
  notClaimed.filter(({ reason }) => !reason.startsWith("the map asks only for"));

/** Controls that attempts rest on and that nobody is going to run. */
function danglingIn(whole: Plan): string[] {
  const controls = controlsOf(whole);
  const named = attemptsOf(whole).flatMap(({ twin, targetAlive }) => [twin, targetAlive]);
  return named.filter((id): id is string => id !== undefined && !controls.has(id));
}

describe("the sample map", () => {
  test("is planned in full: every leak path, at least 600 attempts, and no gap", () => {
    expect(attemptsOf(plan).length).toBeGreaterThanOrEqual(600);
    expect(new Set(attemptsOf(plan).map(({ path }) => path))).toEqual(new Set(leakPaths));
    expect(plan.gaps).toEqual([]);
  });

  test("what may name hosts of nobody's carries the atlas by which they are judged", () => {
    const carrying = attemptsOf(plan).filter(({ atlas }) => atlas);
    expect(new Set(carrying.map(({ probe }) => probe))).toContain("sns-links");
    const others = carrying.filter(
      ({ probe, looksFor }) => looksFor !== "settings" && !checkOf(probe)?.namesHosts,
    );
    expect(others).toEqual([]);
  });

  test("every system that can be reached is attempted from every region to every other", () => {
    const regions = Object.keys(sample.regions);
    const crossings = new Set(
      trespassesOf(plan).map(({ from, to }) => `${to.system} ${from.region} ${to.region}`),
    );
    const reachable = sample.systems.filter((system) =>
      asked(system).some(({ family }) => family === "trespass"),
    );
    const expected = reachable.flatMap((system) =>
      homesOf(system, sample).flatMap((to) =>
        regions.filter((from) => from !== to).map((from) => `${system.id} ${from} ${to}`),
      ),
    );
    expect([...crossings].sort()).toEqual(expected.sort());
  });

  test("every check that the map asks for is planned, over every address family of its system", () => {
    for (const family of [4, 6] as const) {
      const checks = sample.systems
        .filter(({ addressFamilies }) => addressFamilies.includes(family))
        .flatMap((system) => asked(system).map(({ probe }) => `${system.id} ${probe}`));
      const planned = attemptsOf(plan).filter(({ vector }) => vector.addressFamily === family);
      const subjectOf = ({ own = "", to, probe }: PlannedItem) =>
        checkOf(probe)?.everySystem ? own : to.system;
      expect(new Set(planned.map((item) => `${subjectOf(item)} ${item.probe}`))).toEqual(new Set(checks));
    }
  });

  test("every crossing rests on a twin in its own region and a target-alive at the very target", () => {
    expect(danglingIn(plan)).toEqual([]);
    const byId = new Map(plan.items.map((item) => [item.id, item]));
    for (const { probe, kind, vector, from, to, ...attempt } of crossingsOf(plan)) {
      const { addressFamily, credentials } = vector;
      const sameWay = { role: "control", vector: { addressFamily, credentials } };
      expect(byId.get(attempt.twin ?? "")).toMatchObject({
        ...sameWay,
        kind,
        probe: checkOf(probe)?.twinBy ?? probe,
        from: { region: from.region },
      });
      const kindThere = sample.systems.find(({ id }) => id === to.system)?.kind;
      expect(byId.get(attempt.targetAlive ?? "")).toMatchObject({
        ...sameWay,
        kind: kindThere,
        probe: checkOf(probe)?.aliveBy ?? probe,
        from: { region: to.region },
        to,
      });
    }
  });

  test("the own proxy is asked to carry to every system abroad that listens for TCP, by name and by address", () => {
    const listening = sample.systems.filter(
      (system) => system.kind !== "proxy" && asked(system).some(({ probe }) => probe === "tcp"),
    );
    const carried = attemptsOf(plan).filter(
      ({ probe, from }) => probe === "proxy-systems" && from.region === "eu-central-1",
    );
    const expected = listening.flatMap((system) =>
      homesOf(system, sample)
        .filter((home) => home !== "eu-central-1")
        .flatMap((home) =>
          system.addressFamilies.flatMap((ip) =>
            ["name", "address"].map((by) => `${system.id} ${home} ${ip} ${by}`),
          ),
        ),
    );
    expect(expected.length).toBeGreaterThan(20);
    expect(
      carried
        .map(({ to, vector }) => `${to.system} ${to.region} ${vector.addressFamily} ${vector.route}`)
        .sort(),
    ).toEqual(expected.sort());
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

test("a look that presents what opens another region's data rests on a control there, and is no gap", () => {
  const plan = planAttempts(aMap({ systems: [aSystem()] }), kinds, { environment });
  const looks = attemptsOf(plan).filter(({ probe, from }) => probe === "tenant" && from.region === "eu");
  expect(looks.map(({ about, targetAlive }) => [about, targetAlive])).toEqual([
    ["ap", "control/orders/tenant/ipv4-own/ap"],
    ["us", "control/orders/tenant/ipv4-own/us"],
  ]);
  expect([...controlsOf(plan)]).toEqual(expect.arrayContaining(looks.map(({ targetAlive }) => targetAlive)));
  expect(plan.gaps).toEqual([]);
  const atHome = planAttempts(aMap({ systems: [aSystem({ home: ["eu", "us"] })] }), kinds, { environment });
  const ofNobody = attemptsOf(atHome).filter(({ probe, about }) => probe === "tenant" && about === "ap");
  expect(ofNobody.map(({ targetAlive }) => targetAlive)).toEqual([undefined, undefined]);
});

test("in what is not production, the canaries of the own region's production are looked for, too", () => {
  const map = aMap({ systems: [aSystem(), aSystem({ id: "staging", production: false })] });
  const soughtIn = (id: string) =>
    attemptsOf(planAttempts(map, kinds, { environment }))
      .filter(({ probe, from, to }) => probe === "stray" && from.region === "eu" && to.system === id)
      .map(({ about }) => about)
      .sort();
  expect(soughtIn("staging")).toEqual(["ap", "eu", "us"]);
  expect(soughtIn("orders")).toEqual(["ap", "us"]);
});

describe("a plan is what is signed and replayed, so it is the same every time", () => {
  test("made twice", () => {
    expect(planDigest(planAttempts(structuredClone(sample), probes, whole))).toBe(planDigest(plan));
  });
  test("whatever the order of systems", () => {
    const turned = planAttempts({ ...sample, systems: sample.systems.toReversed() }, probes, whole);
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
    const scoped = planAttempts(sample, probes, { ...whole, regions: ["us-east-1"] });
    expect(new Set(attemptsOf(scoped).map(({ from }) => from.region))).toEqual(new Set(["us-east-1"]));
    expect(attemptsOf(scoped)).toEqual(attemptsOf(plan).filter(({ from }) => from.region === "us-east-1"));
    expect(danglingIn(scoped)).toEqual([]);
    expect(scoped.scope.regions).toEqual(["us-east-1"]);
  });
  test("of one leak path plans that path only", () => {
    const scoped = planAttempts(sample, probes, { ...whole, paths: ["cache"] });
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
  const narrow = planAttempts(closedByNetwork, probes, whole);

  test("is not claimed: neither an attempt nor a gap, because nobody could be shown to refuse it", () => {
    const ofUploads = unasked(narrow).filter(({ system }) => system === "uploads");
    expect(new Set(ofUploads.map(({ probe }) => probe))).toEqual(
      new Set(["s3-assume-role", "s3-copy", "s3-put-far"]),
    );
    expect(narrow.items.filter(({ probe }) => probe === "s3-copy" || probe === "s3-assume-role")).toEqual([]);
    expect(narrow.gaps).toEqual([]);
  });

  test("is part of the digest, so that it cannot be added to afterwards", () => {
    expect(planDigest({ ...narrow, notClaimed: [] })).not.toBe(planDigest(narrow));
  });

  test("is nothing where the policies have to refuse", () => {
    expect(unasked(plan)).toEqual([]);
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

describe("what lies outside of all regions", () => {
  const vendor: Vendor = {
    id: "acme-logs",
    name: "Acme Logs",
    path: "telemetry",
    category: "telemetry",
    request: { method: "GET", path: "/" },
    endpoints: [
      { host: "eu.logs.example", jurisdiction: "EU", verified: true },
      { host: "us.logs.example", jurisdiction: "US", verified: true, default: true },
      { host: "uk.logs.example", jurisdiction: "UK", verified: true },
      { host: "also-eu.logs.example", jurisdiction: "EU", verified: true },
      { host: "perhaps-eu.logs.example", jurisdiction: "EU", verified: false },
    ].map((endpoint) => ({ default: false, region: "there", purpose: "logs", ...endpoint })),
    settings: [],
    notes: "",
    sources: ["a page of the vendor"],
    checked: "2026-11-20",
  };
  const sends = kinds.map((kind) => ({
    ...kind,
    checks: kind.checks
      .filter(({ probe }) => probe === "read")
      .map((check) => ({ ...check, family: "send" as const, everyEndpoint: true as const })),
  }));
  const logs = (endpoint: Record<string, unknown> = {}, home: System["home"] = ["eu", "us"]) =>
    aSystem({
      home,
      endpoint: { vendor: vendor.id, host: "eu.logs.example", ...endpoint },
      perRegion: { us: { host: "us.logs.example" } },
    });
  const planned = (system: System, scope: { outside?: boolean; vendors?: Vendor[] } = {}) =>
    planAttempts(aMap({ systems: [system] }), sends, {
      environment,
      outside: true,
      vendors: [vendor],
      ...scope,
    });
  const gapsInEu = (system: System, records = [vendor]) =>
    planned(system, { vendors: records })
      .gaps.filter(({ region }) => region === "eu")
      .map(({ reason }) => reason);
  const triedFrom = (region: string, system = logs()) =>
    new Set(
      attemptsOf(planned(system))
        .filter(({ from }) => from.region === region)
        .map(({ to }) => to.endpoint?.host ?? to.region),
    );

  test("is every endpoint of the vendor that no source puts into the region's own jurisdiction", () => {
    expect(triedFrom("eu")).toEqual(new Set(["us", "uk.logs.example", "perhaps-eu.logs.example"]));
    expect(triedFrom("us")).toEqual(
      new Set(["eu", "uk.logs.example", "also-eu.logs.example", "perhaps-eu.logs.example"]),
    );
  });
  test("is not the own endpoint that another region of the same jurisdiction uses, too", () => {
    const shared = aSystem({ endpoint: { vendor: vendor.id, host: "eu.logs.example" } });
    expect(triedFrom("us", shared)).toEqual(
      new Set(["uk.logs.example", "also-eu.logs.example", "perhaps-eu.logs.example"]),
    );
  });
  test("is the endpoint of the only region that uses the vendor, for those that do not", () => {
    const till = aSystem({ home: "us", endpoint: { vendor: vendor.id, host: "us.logs.example" } });
    expect(triedFrom("eu", till)).toContain("us");
  });
  test("is shown to be alive from there, because no region can reach it", () => {
    const items = new Map(planned(logs()).items.map((item) => [item.id, item]));
    for (const attempt of items.values()) {
      if (!attempt.to.endpoint || attempt.role === "control") continue;
      const alive = items.get(attempt.targetAlive ?? "");
      expect(alive).toMatchObject({ from: { region: outside }, to: attempt.to });
    }
  });
  test("is a gap where nobody stands outside", () => {
    const blind = planned(logs(), { outside: false });
    expect(danglingIn(blind).length).toBeGreaterThan(0);
    expect(blind.gaps.map(({ reason }) => reason).join()).toMatch(/nobody outside/);
  });
  test.each([
    ["an unknown vendor", logs({ vendor: "nobody" }), /no record/],
    ["a host that the record lacks", logs({ host: "ap.logs.example" }), /not in the record/],
    [
      "a host below a known one, which may be anywhere",
      logs({ host: "x.eu.logs.example" }),
      /not in the record/,
    ],
    ["a place that no source confirms", logs({ host: "perhaps-eu.logs.example" }), /no source says/],
    ["a place in another jurisdiction", logs({ host: "us.logs.example" }), /in US, not in EU/],
  ])("%s is a gap, because a pass would rest on it", (_, system, reason) => {
    expect(gapsInEu(system)).toEqual(expect.arrayContaining([expect.stringMatching(reason)]));
  });
  test("unless somebody vouches for the place", () => {
    expect(gapsInEu(logs({ host: "perhaps-eu.logs.example", vouchedBy: "the contract" }))).toEqual([]);
  });
  test("which somebody may of a host that is nowhere in particular by its record", () => {
    const global = {
      ...vendor,
      endpoints: [{ host: "logs.example", jurisdiction: "global", verified: true }],
    };
    const system = { ...logs({ host: "logs.example", vouchedBy: "the contract" }), perRegion: {} };
    expect(gapsInEu(system, [global as Vendor])).toEqual([]);
  });
  test("which nobody can against the vendor's own word", () => {
    const abroad = logs({ host: "us.logs.example", vouchedBy: "the contract" });
    expect(gapsInEu(abroad)).toEqual([expect.stringMatching(/in US, not in EU/)]);
  });
  test("and not for another host than the one it was said of", () => {
    const system = logs({ host: "own.logs.example", vouchedBy: "the contract" });
    expect(gapsInEu({ ...system, perRegion: { eu: { host: "other.logs.example" } } })).toEqual([
      expect.stringMatching(/not in the record/),
    ]);
  });
  test("a host name with braces that the map does not fill in is a gap", () => {
    const endpoints = [{ ...vendor.endpoints[2], host: "{account}.logs.example" }] as Vendor["endpoints"];
    const other = { ...vendor, endpoints: [...vendor.endpoints, ...endpoints] };
    expect(gapsInEu(logs(), [other])).toEqual([expect.stringMatching(/braces/)]);
    expect(gapsInEu(logs({ account: { account: "a1" } }), [other])).toEqual([]);
  });
  const spoken = (parts: Partial<System> = {}, scope = { outside: true }) =>
    planAttempts(aMap({ systems: [aSystem({ id: "speaker", kind: "mouth", ...parts })] }), outwardKinds, {
      environment,
      ...scope,
    });

  test("what a region sends outward goes from each home to nobody's region, over its own system", () => {
    const found = attemptsOf(spoken({ home: ["eu", "us"] })).map(
      ({ probe, from, to, own, twin, targetAlive }) => ({
        probe,
        from: from.region,
        to,
        own,
        twin,
        targetAlive,
      }),
    );
    const expected = ["shout", "whisper"].flatMap((probe) =>
      ["eu", "us"].map((region) => ({
        probe,
        from: region,
        to: { region: outside, system: "speaker" },
        own: "speaker",
        twin: `control/speaker/shout/ipv4-none/${region}`,
        targetAlive: `control/speaker/${probe}/ipv4-none/${outside}`,
      })),
    );
    expect(found).toEqual(expected);
  });

  test("its controls are sent outward, too: from the region over the own system, and by whoever stands there", () => {
    const planned = spoken({ home: "eu" });
    const controls = planned.items.filter(({ role }) => role === "control");
    expect(
      controls.map(
        ({ id, from, to, own }) => `${id.split("/").slice(2).join(" ")}: ${from.region} ${to.region} ${own}`,
      ),
    ).toEqual([
      "shout ipv4-none eu: eu outside speaker",
      "shout ipv4-none outside: outside outside speaker",
      "whisper ipv4-none outside: outside outside speaker",
    ]);
    expect(danglingIn(planned)).toEqual([]);
    expect(new Set(planned.items.map(({ title }) => title)).size).toBe(planned.items.length);
  });

  test("where nobody stands outside, nothing sent outward can be proven, and that is a gap", () => {
    const blind = spoken({}, { outside: false });
    expect(new Set(blind.gaps.map(({ region, probe }) => `${region} ${probe}`)).size).toBe(6);
    expect(blind.gaps.every(({ reason }) => /nobody outside/.test(reason))).toBe(true);
  });

  test("what is nobody's is attempted from every region, and never from outside", () => {
    const nobodys = aSystem({ id: "paste", home: "outside" });
    const both = planAttempts(aMap({ systems: [aSystem(), nobodys] }), kinds, { environment, outside: true });
    const mine = attemptsOf(both).filter(({ to }) => to.system === "paste");
    expect(new Set(mine.map(({ from, to }) => `${from.region} ${to.region}`))).toEqual(
      new Set(["eu outside", "us outside", "ap outside"]),
    );
  });
});

describe("what only some regions say in their endpoint", () => {
  const needy = kinds.map((kind) => ({
    ...kind,
    checks: kind.checks.map((check) =>
      ["stray", "read", "carry"].includes(check.probe) ? { ...check, needs: "search" } : check,
    ),
  }));
  const plannedOf = (system: System) =>
    planAttempts(aMap({ regions: ["eu", "us"], systems: [system] }), needy, { environment });

  test("is tried there, and named as not claimed elsewhere", () => {
    const found = plannedOf(aSystem({ checks: ["stray"], perRegion: { eu: { search: "/all" } } }));
    expect(attemptsOf(found).map(({ from }) => from.region)).toEqual(["eu"]);
    expect(found.notClaimed).toContainEqual(
      expect.objectContaining({ probe: "stray", reason: "its endpoint in us has no search" }),
    );
  });

  test("is trespassed on there only, and named as not claimed elsewhere", () => {
    const found = plannedOf(aSystem({ checks: ["read"], perRegion: { eu: { search: "/all" } } }));
    expect(new Set(attemptsOf(found).map(({ from, to }) => `${from.region} ${to.region}`))).toEqual(
      new Set(["us eu"]),
    );
    expect(found.notClaimed).toContainEqual(
      expect.objectContaining({ probe: "read", reason: "its endpoint in us has no search" }),
    );
  });

  test("is no excuse where the way leads over the own system, because its lack is a gap already", () => {
    const found = plannedOf(aSystem({ kind: "sink", perRegion: { eu: { search: "/all" } } }));
    const carried = attemptsOf(found).filter(({ probe }) => probe === "carry");
    expect(carried.map(({ from, twin }) => [from.region, twin === undefined])).toEqual([
      ["eu", false],
      ["us", true],
    ]);
    expect(found.gaps).toEqual([expect.objectContaining({ region: "us", probe: "carry" })]);
    expect(found.notClaimed).toEqual([]);
  });

  test("is a gap where a way out needs it of the region that tries it", () => {
    const logs = sample.systems.find(({ id }) => id === "logs");
    const { proxy, ...endpoint } = logs?.endpoint ?? {};
    const others = sample.systems.filter(({ kind }) => kind !== "vendor");
    const map = {
      ...sample,
      systems: [...others, { ...logs, endpoint, perRegion: { "eu-central-1": { proxy } } } as System],
    };
    const found = planAttempts(map, probes, whole);
    const ways = attemptsOf(found).filter(({ probe }) => probe === "vendor-proxy");
    expect(new Set(ways.map(({ from }) => from.region))).toContain("eu-central-1");
    expect(found.gaps.map(({ region, probe }) => `${region} ${probe}`)).toEqual(
      expect.arrayContaining(["us-east-1 vendor-proxy", "ap-southeast-2 vendor-proxy"]),
    );
  });
});

test("a system whose port the map asks nothing of is named as one that the proxy is not asked for", () => {
  const narrow = {
    ...sample,
    systems: sample.systems.map((one) => (one.id === "orders-db" ? { ...one, checks: ["postgres"] } : one)),
  };
  const found = planAttempts(narrow, probes, whole);
  expect(found.notClaimed).toContainEqual({
    path: "egress",
    system: "egress-proxy",
    probe: "proxy-systems",
    reason: "the map asks only for postgres of orders-db",
  });
});

test("a system that anybody may connect to is not one that the proxy must not carry to", () => {
  const systems = sample.systems.map((one) =>
    one.id === "orders-db" ? { ...one, stopBy: "authorization" as const } : one,
  );
  const carriedTo = (map: typeof sample) =>
    new Set(
      attemptsOf(planAttempts(map, probes, whole)).flatMap(({ probe, to }) =>
        probe === "proxy-systems" ? [to.system] : [],
      ),
    );
  const all = carriedTo(sample);
  expect(all).toContain("orders-db");
  expect(carriedTo({ ...sample, systems })).toEqual(all.difference(new Set(["orders-db"])));
});

test("a proxy that listens over one address family is not asked for addresses abroad of the other, and that is a gap", () => {
  const gapsWhere = (databaseHome: System["home"]) => {
    const changes: Record<string, Partial<System>> = {
      "egress-proxy": { addressFamilies: [4] },
      "orders-db": { home: databaseHome },
    };
    const systems = sample.systems.map((one) => ({ ...one, ...changes[one.id] }));
    return planAttempts({ ...sample, systems }, probes, { ...whole, regions: ["eu-central-1"] }).gaps;
  };
  const gap = {
    ...{ path: "egress", region: "eu-central-1", system: "egress-proxy", probe: "proxy-systems" },
    reason: "egress-proxy does not listen over IPv6, so that it is not asked for orders-db over it",
  };
  expect(gapsWhere("each-region")).toContainEqual(gap);
  expect(gapsWhere("eu-central-1")).not.toContainEqual(gap);
  expect(gapsWhere("each-region").filter(({ reason }) => reason.includes("IPv4"))).toEqual([]);
});

test("backups that the map keeps under another law are a gap", () => {
  const kept = (storedIn: string) =>
    planAttempts(
      aMap({ systems: [aSystem({ home: "eu", backups: { storedIn, retention: "1 day", restoredTo: [] } })] }),
      kinds,
      { environment },
    ).gaps.map(({ region, reason }) => `${region}: ${reason}`);
  expect(kept("us")).toContain("eu: the map keeps its backups in us (US)");
  expect(kept("eu").join()).not.toContain("backups");
});
