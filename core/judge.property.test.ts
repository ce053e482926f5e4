import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addressIn,
  aMap,
  aRun,
  aSum,
  aSystem,
  asPromised,
  aTrial,
  aWrite,
  canaryOf,
  faulted,
  kinds,
  type Observe,
  type Receivers,
  type Run,
  reached,
  refusedAt,
  sawControls,
  silentAt,
  type Tried,
  verdictOn,
} from "./a-trial.ts";
import type { Findings, Journal, RowSum, Write } from "./journal.ts";
import { type Judgement, judge, worstRegion } from "./judge.ts";
import { type PlannedItem, planAttempts } from "./plan.ts";
import { type Grade, grades, join, RegionGrade, rungs } from "./vocabulary.ts";

const map = aMap({
  systems: [
    aSystem(),
    aSystem({ id: "archive", home: "us" }),
    aSystem({ id: "till", home: "eu" }),
    aSystem({ id: "metrics", kind: "sink" }),
    aSystem({ id: "tenants", kind: "mover" }),
  ],
});
const plan = planAttempts(map, kinds, { environment: "replica" });
const { eu, us } = { eu: canaryOf("eu"), us: canaryOf("us") };

const rung = fc.constantFrom(...rungs);
const code = fc.constantFrom("ECONNREFUSED", "28P01", "AccessDenied", "EMFILE");
const digest = fc.constantFrom(eu, us, canaryOf("ap"), "f".repeat(64));
const address = fc.constantFrom(addressIn("us"), addressIn("us", 6), addressIn("eu"), "203.0.113.9", null);
const climbed = fc.option(rung);
const durationMs = fc.constantFrom(0, 20, 1500, 4000, 60_000);
const facts = {
  climbed,
  durationMs,
  syns: fc.option(fc.nat(9)),
  atSeconds: fc.integer({ min: -1000, max: 1000 }),
};
const anyOutcome: fc.Arbitrary<Tried["outcome"]> = fc.oneof(
  fc.record({ kind: fc.constant("reached" as const), rung }),
  fc.record({ kind: fc.constant("reached" as const), rung, canary: digest }),
  fc.record({ kind: fc.constant("refused" as const), rung, code, local: fc.boolean() }),
  fc.record({ kind: fc.constant("silent" as const), rung }),
  fc.record({ kind: fc.constant("faulted" as const), code }),
);
const anyTry: fc.Arbitrary<Tried> = fc.record({ ...facts, address, outcome: anyOutcome });
const stoppedTry = fc.constantFrom(
  silentAt("network"),
  refusedAt("name", "ENOTFOUND"),
  refusedAt("network", "ECONNREFUSED"),
);
const likelyTry = fc.oneof({ weight: 2, arbitrary: stoppedTry }, { weight: 1, arbitrary: anyTry });
const link = fc.record({
  what: fc.string({ maxLength: 20 }),
  peer: fc.string({ maxLength: 20 }),
  addresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 9 })), { maxLength: 2 }),
});
const write = fc
  .tuple(fc.constantFrom<Write["tenant"]>("moving", "settled"), fc.option(code))
  .map(([tenant, refusal]) => aWrite(tenant, refusal));
const sum = fc
  .record({ by: fc.constantFrom<RowSum["by"]>("count", "manifest"), rows: fc.nat(5), digest })
  .map(({ by, ...parts }) => aSum(by, "eu", parts));
const anyFindings: fc.Arbitrary<Findings> = fc.record(
  {
    canaries: fc.array(digest, { maxLength: 3 }),
    links: fc.array(link, { maxLength: 2 }),
    writes: fc.array(write, { maxLength: 3 }),
    sums: fc.array(sum, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);
const anyNumbers = fc.infiniteStream(fc.nat());

const rank = (grade: Grade) => grades.indexOf(grade);
const judged = (run: Pick<Run, "plan" | "map" | "journals">) => judge(run.plan, run.map, run.journals);
function shuffled<T>(list: readonly T[], numbers: Iterator<number>): T[] {
  return list
    .map((item) => ({ item, at: numbers.next().value ?? 0 }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

function gradesOf({ grade, regions, verdicts }: Judgement) {
  const sorted = verdicts.map((verdict) => `${verdict.item.id} ${verdict.grade}`).sort();
  return {
    grade,
    regions: Object.entries(regions)
      .map(([id, region]) => `${id} ${region.grade}`)
      .sort(),
    sorted,
  };
}

test("the whole map passes when everything is as promised, or the properties below would say nothing", () => {
  expect(judged(aRun({ plan, map })).grade).toBe("pass");
  expect(plan.gaps).toEqual([]);
});

describe("more evidence never makes it better", () => {
  test("a further try, wherever it stands, never upgrades a verdict", () => {
    const trial = fc.record({
      tries: fc.array(likelyTry, { minLength: 1, maxLength: 2 }),
      more: likelyTry,
      place: fc.nat(2),
      guard: fc.constantFrom("drop" as const, "reject" as const),
      stopBy: rung,
      literal: fc.option(fc.constant(silentAt("network")), { nil: undefined }),
    });
    fc.assert(
      fc.property(trial, ({ tries, more, place, literal, ...rest }) => {
        const parts = { ...rest, ...(literal ? { literal } : {}) };
        const before = verdictOn(aTrial({ ...parts, attempt: tries })).grade;
        const after = verdictOn(aTrial({ ...parts, attempt: tries.toSpliced(place, 0, more) })).grade;
        expect(rank(after)).toBeGreaterThanOrEqual(rank(before));
      }),
      { numRuns: 1500 },
    );
  });

  test("join is associative, commutative and idempotent, and the join of nothing is inconclusive", () => {
    const some = fc.array(fc.constantFrom(...grades), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(some, some, some, (a, b, c) => {
        expect(join([join([...a, ...b]), ...c])).toBe(join([...a, join([...b, ...c])]));
        expect(join([...a, ...b])).toBe(join([...b, ...a]));
        expect(join([...a, ...a])).toBe(join(a));
      }),
    );
    expect(join([])).toBe("inconclusive");
    expect(worstRegion([])).toBe("inconclusive");
  });

  test("the worst region does not depend on the order, and a pass takes a pass everywhere", () => {
    const some = fc.array(fc.constantFrom(...RegionGrade.options), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(some, (all) => {
        expect(worstRegion(all.toReversed())).toBe(worstRegion(all));
        expect(worstRegion(all) === "pass").toBe(all.every((grade) => grade === "pass"));
      }),
    );
  });
});

describe("order never matters", () => {
  const someRun = fc
    .record({ tries: anyNumbers, pool: fc.array(likelyTry, { minLength: 4, maxLength: 8 }) })
    .map(({ tries, pool }) =>
      aRun({
        plan,
        map,
        observe: (item, phase) => {
          const pick = tries.next().value ?? 0;
          const one = pool[pick % (pool.length * 6)];
          return one ? { ...asPromised(item, phase), tries: [one] } : asPromised(item, phase);
        },
      }),
    );

  test("of journals, of entries of different items, of planned items, of regions", () => {
    fc.assert(
      fc.property(someRun, anyNumbers, (run, numbers) => {
        const journals = shuffled(run.journals, numbers).map((journal) => ({
          ...journal,
          entries: [...journal.entries.slice(0, 1), ...shuffled(journal.entries.slice(1), numbers)],
        }));
        const mixed = {
          journals,
          plan: {
            ...plan,
            items: shuffled(plan.items, numbers),
            scope: { ...plan.scope, regions: shuffled(plan.scope.regions, numbers) },
          },
          map: { ...map, regions: Object.fromEntries(shuffled(Object.entries(map.regions), numbers)) },
        };
        expect(gradesOf(judged(mixed))).toEqual(gradesOf(judged(run)));
      }),
      { numRuns: 60 },
    );
  });
});

describe("a pass needs every observation", () => {
  const asked = plan.items.flatMap((item) =>
    (item.role === "control" ? (["before", "after"] as const) : (["attempt"] as const)).map((phase) => ({
      item,
      phase,
    })),
  );
  const except = (place: (typeof asked)[number], observed: ReturnType<Observe>): Observe => {
    return (item, phase) =>
      item.id === place.item.id && phase === place.phase ? observed : asPromised(item, phase);
  };

  test.each(asked)("without $phase of $item.id the run is inconclusive", (place) => {
    expect(judged(aRun({ plan, map, observe: except(place, null) })).grade).toBe("inconclusive");
  });

  test("whatever goes wrong in any one control, it is no pass", () => {
    const controls = asked.filter(({ item }) => item.role === "control" && !item.witnessed);
    const wrong = fc
      .oneof(anyTry, fc.constantFrom(silentAt("network"), faulted("EMFILE")))
      .filter(
        ({ outcome }) =>
          outcome.kind !== "reached" || outcome.rung !== "data" || outcome.canary === undefined,
      );
    fc.assert(
      fc.property(fc.constantFrom(...controls), wrong, fc.boolean(), (place, one, besides) => {
        const good = asPromised(place.item, place.phase)?.tries ?? [];
        const observe = except(place, { tries: besides ? [...good, one] : [one] });
        expect(judged(aRun({ plan, map, observe })).grade).toBe("inconclusive");
      }),
    );
  });

  test("without the receiver's word on any one control the run is inconclusive", () => {
    const sends = asked.filter(({ item }) => item.role === "control" && item.witnessed);
    expect(sends.length).toBeGreaterThan(0);
    for (const { item, phase } of sends) {
      const receivers: Receivers = (region, system) => ({
        ...sawControls(region, system),
        saw: (one, when) =>
          sawControls(region, system).saw(one, when) && !(one.id === item.id && when === phase),
      });
      expect(judged(aRun({ plan, map, receivers })).grade, `${phase} ${item.id}`).toBe("inconclusive");
    }
  });

  test("a control that reads any other canary than the planted one is no control", () => {
    const controls = asked.filter(({ item }) => item.role === "control" && !item.witnessed);
    fc.assert(
      fc.property(fc.constantFrom(...controls), digest, (place, canary) => {
        fc.pre(canary !== canaryOf(place.item.to.region, place.item.to.system));
        const observe = except(place, { tries: [reached("data", canary)] });
        expect(judged(aRun({ plan, map, observe })).grade).toBe("inconclusive");
      }),
    );
  });
});

describe("one leak is found wherever it hides", () => {
  const systems = Array.from({ length: 2500 }, (_, index) =>
    aSystem({ id: `s-${index}`, stopBy: "authorization" }),
  );
  const wide = aMap({ regions: ["eu", "us"], systems });
  const trespasses = kinds.map((kind) => ({
    ...kind,
    checks: kind.checks.filter(({ family }) => family === "trespass"),
  }));
  const many = planAttempts(wide, trespasses, { environment: "replica" });
  const attempts = many.items.filter(({ role }) => role === "attempt");
  const stopped: Observe = (item, phase) =>
    item.role === "attempt"
      ? { tries: [refusedAt("authorization", "AccessDenied")] }
      : asPromised(item, phase);
  const { journals } = aRun({ plan: many, map: wide, observe: stopped });

  test("among 10,000 attempts", () => {
    expect(attempts).toHaveLength(10_000);
    expect(judge(many, wide, journals).grade).toBe("pass");
    fc.assert(
      fc.property(
        fc.constantFrom(...attempts),
        fc.constantFrom("data" as const, "authorization" as const),
        (leak, rung) => {
          const { grade, verdicts } = judge(many, wide, leaking(journals, leak, rung));
          expect(grade).toBe("breached");
          expect(
            verdicts.filter((verdict) => verdict.grade !== "contained").map(({ item }) => item.id),
          ).toEqual([leak.id]);
        },
      ),
      { numRuns: 10 },
    );
  });

  function leaking(all: readonly Journal[], leak: PlannedItem, rung: "data" | "authorization"): Journal[] {
    return all.map((journal) => ({
      ...journal,
      entries: journal.entries.map((entry) =>
        entry.type === "observation" && entry.item === leak.id
          ? { ...entry, tries: entry.tries.map((one) => ({ ...one, climbed: rung })) }
          : entry,
      ),
    }));
  }
});

test("no observation crashes the judge, and every verdict has a reason", () => {
  fc.assert(
    fc.property(
      fc.array(anyTry, { minLength: 1, maxLength: 20 }),
      anyNumbers,
      anyFindings,
      (pool, numbers, findings) => {
        const observe: Observe = () => {
          const number = numbers.next().value ?? 0;
          const one = pool[number % (pool.length + 1)];
          return one ? { tries: [one], ...(number % 2 ? { findings } : {}) } : null;
        };
        const { verdicts, regions } = judged(aRun({ plan, map, observe }));
        expect(verdicts.every(({ reason }) => reason.length > 0)).toBe(true);
        expect(Object.keys(regions).sort()).toEqual(["ap", "eu", "us"]);
      },
    ),
  );
});

test("whatever else is found, a production canary in what is not production is never passed over", () => {
  const staged = canaryOf("eu", "staging");
  const others = fc.array(fc.constantFrom(staged, us, canaryOf("us", "staging"), "f".repeat(64)));
  fc.assert(
    fc.property(others, others, anyTry, fc.boolean(), (before, after, one, went) => {
      const findings = { canaries: [...before, eu, ...after] };
      const attempt = went ? reached("data", staged) : one;
      const trial = aTrial({ probe: "stray", production: false, about: "eu", attempt, findings });
      expect(verdictOn(trial)).toMatchObject({ grade: "breached", code: "PRODUCTION_CANARY" });
    }),
  );
});
