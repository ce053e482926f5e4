import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addressIn,
  aMap,
  aRun,
  aSystem,
  asPromised,
  aTrial,
  damaged,
  faulted,
  kinds,
  neverRun,
  type Observe,
  outwardKinds,
  type Receivers,
  type Run,
  reached,
  refusedAt,
  sawControls,
  sent,
  silentAt,
  type TrialParts,
  type Tried,
  verdictOn,
} from "./a-trial.ts";
import type { Phase } from "./journal.ts";
import { judge } from "./judge.ts";
import { type PlannedItem, planAttempts } from "./plan.ts";
import { outside } from "./residency-map.ts";
import type { Grade } from "./vocabulary.ts";
import { sendToken } from "./witness.ts";

/** That region's receiver saw what was sent in these phases; the others saw their controls. */
function saw(region: string, phases: readonly Phase[], askedAtSeconds = 25): Receivers {
  return (where, system) => {
    if (where !== region) return sawControls(where, system);
    return {
      saw: ({ to }, phase) => to.region === region && to.system === system && phases.includes(phase),
      askedAtSeconds,
    };
  };
}
const notAsked =
  (region: string): Receivers =>
  (where, system) =>
    where === region ? null : sawControls(where, system);

const five = (one: Tried) => Array<Tried>(5).fill(one);
const local = refusedAt("network", "ENETUNREACH", {
  outcome: { kind: "refused", rung: "network", code: "ENETUNREACH", local: true },
});
const rejected = refusedAt("network", "ECONNREFUSED");
const broken = (run: Run) => damaged(run, "us", (lines) => lines.slice(0, -1));

describe("every outcome, receiver and number of sends", () => {
  /** `stops`: what the sender met does not speak against isolation. */
  const outcomes: [string, { one: Tried | null; guard?: "reject"; stops: boolean }][] = [
    ["sent", { one: sent, stops: true }],
    ["refused by the own machine", { one: local, stops: true }],
    ["refused, by a border that is declared to drop", { one: rejected, stops: false }],
    ["refused, by a border that is declared to reject", { one: rejected, guard: "reject", stops: true }],
    ["faulted", { one: faulted("EMFILE"), stops: false }],
    ["silent at its name", { one: silentAt("name", { address: null }), stops: false }],
    ["missing", { one: null, stops: false }],
  ];
  const receivers: [string, { receivers: Receivers; damage?: typeof broken; lives: boolean; seen?: true }][] =
    [
      ["saw it", { receivers: saw("us", ["before", "attempt", "after"]), lives: true, seen: true }],
      ["saw it and no control", { receivers: saw("us", ["attempt"]), lives: false, seen: true }],
      [
        "saw it, asked too early for all the rest",
        { receivers: saw("us", ["before", "attempt"], 9), lives: false, seen: true },
      ],
      [
        "saw it, in a journal that is broken",
        {
          receivers: saw("us", ["before", "attempt", "after"]),
          damage: broken,
          lives: false,
          seen: true,
        },
      ],
      ["saw its controls only", { receivers: sawControls, lives: true }],
      ["saw only the control before", { receivers: saw("us", ["before"]), lives: false }],
      ["saw only the control after", { receivers: saw("us", ["after"]), lives: false }],
      ["saw nothing", { receivers: saw("us", []), lives: false }],
      ["was not asked", { receivers: notAsked("us"), lives: false }],
      ["was asked too early", { receivers: saw("us", ["before", "after"], 9), lives: false }],
      ["tells it in a journal that is broken", { receivers: sawControls, damage: broken, lives: false }],
      ["lives, and that of the own region saw no control", { receivers: saw("eu", []), lives: false }],
      ["lives, and that of the own region was not asked", { receivers: notAsked("eu"), lives: false }],
      ["lives, and that of the own region stopped", { receivers: saw("eu", ["before"]), lives: false }],
    ];
  const all = outcomes.flatMap(([outcome, met]) =>
    receivers.flatMap(([receiver, told]) => [5, 4].map((sends) => ({ outcome, receiver, sends, met, told }))),
  );

  test.each(all)("$outcome, $sends times; the receiver $receiver", ({ met, told, sends }) => {
    const trial: TrialParts = {
      probe: "send",
      attempt: met.one ? Array<Tried>(sends).fill(met.one) : [],
      receivers: told.receivers,
      ...(met.guard ? { guard: met.guard } : {}),
    };
    const run = aTrial(trial);
    const contained = met.stops && told.lives && sends === 5;
    const expected: Grade = told.seen ? "breached" : contained ? "contained" : "inconclusive";
    expect(verdictOn(told.damage ? told.damage(run) : run)).toMatchObject({
      grade: expected,
      ...(told.seen ? { code: "WITNESSED" } : {}),
    });
  });

  test("some are contained, or the table would say nothing", () => {
    expect(
      all.filter(({ met, told, sends }) => met.stops && told.lives && !told.seen && sends === 5),
    ).toHaveLength(3);
  });
});

type Row = [sentence: string, trial: TrialParts, grade: Grade, reason?: RegExp];

function table(rows: Row[]): void {
  test.each(rows)("%s", (_sentence, trial, grade, reason = /./) => {
    const verdict = verdictOn(aTrial(trial));
    expect({ grade: verdict.grade, reason: verdict.reason }).toEqual({
      grade,
      reason: expect.stringMatching(reason),
    });
  });
}

test.each<[what: string, trial: TrialParts, stoppedAt: string, code: string]>([
  ["is not answered", { attempt: five(sent) }, "network", "UNSEEN"],
  ["is refused by the own machine", { attempt: five(local) }, "network", "ENETUNREACH"],
  ["is refused by the own system", { probe: "relay" }, "authorization", "NXDOMAIN"],
])("what %s says where it was stopped, and by what", (_what, trial, stoppedAt, code) => {
  expect(verdictOn(aTrial({ probe: "send", ...trial }))).toMatchObject({
    grade: "contained",
    stoppedAt,
    code,
  });
});

describe("what was sent to a far receiver", () => {
  const elsewhere = { address: "10.20.0.6" };
  table([
    [
      "a connection that stood past stop-by is a breach, though the receiver saw nothing",
      { probe: "send", attempt: [...five(sent), reached("data")] },
      "breached",
    ],
    [
      "a connection that stood below stop-by is no silence",
      { probe: "send", attempt: [...five(sent), reached("network")] },
      "inconclusive",
      /was not stopped/,
    ],
    [
      "one fault among many sends leaves a doubt",
      { probe: "send", attempt: [...five(sent), faulted("EMFILE")] },
      "inconclusive",
      /EMFILE/,
    ],
    [
      "two addresses share no luck: each needs its five",
      {
        probe: "send",
        attempt: [...five(sent), { ...sent, ...elsewhere }],
        targetAlive: { before: [sent, { ...sent, ...elsewhere }], after: [sent, { ...sent, ...elsewhere }] },
      },
      "inconclusive",
      /only 1 of at least 5/,
    ],
    [
      "a receiver that hears at one of its addresses only shows nothing of the other",
      {
        probe: "send",
        attempt: [...five(sent), ...five({ ...sent, ...elsewhere })],
        targetAlive: { before: [sent, { ...sent, ...elsewhere }], after: [sent, { ...sent, ...elsewhere }] },
        receivers: (region, system) => ({
          ...sawControls(region, system),
          saw: (item, phase) => Number(sawControls(region, system).saw(item, phase)),
        }),
      },
      "inconclusive",
      /did not see all/,
    ],
    [
      "an address at which nobody is known to listen may be nobody's",
      { probe: "send", attempt: five({ ...sent, ...elsewhere }) },
      "inconclusive",
      /10\.20\.0\.6/,
    ],
    [
      "a name that is not known stops nobody who knows the address",
      { probe: "send", attempt: five(refusedAt("name", "ENOTFOUND")) },
      "inconclusive",
      /only the name/,
    ],
    [
      "a name that is not known, and an address that is closed",
      { probe: "send", attempt: five(refusedAt("name", "ENOTFOUND")), literal: sent },
      "inconclusive",
      /only the name/,
    ],
    [
      "the receiver's word is not enough where the sender of the control does not work",
      { probe: "send", targetAlive: { before: [faulted("EMFILE")] } },
      "inconclusive",
      /EMFILE/,
    ],
    ["the twin was never sent", { probe: "send", twin: neverRun }, "inconclusive", /twin/],
    [
      "a control that its sender thought refused, and that arrived, has arrived",
      { probe: "send", targetAlive: { before: [rejected], after: [rejected] } },
      "contained",
    ],
    [
      "an attempt that ended after its receiver was asked may have arrived since",
      {
        probe: "send",
        attempt: five({ ...sent, durationMs: 3000 }),
        receivers: saw("us", ["before", "after"], 12),
      },
      "inconclusive",
      /not asked after/,
    ],
  ]);
});

describe("what the own system was to carry on", () => {
  const refused = refusedAt("authorization", "NXDOMAIN");
  table([
    ["it refused, and nobody saw it: once is enough", { probe: "relay", attempt: refused }, "contained"],
    [
      "it refused, and carried it on all the same",
      { probe: "relay", attempt: refused, receivers: saw("us", ["before", "attempt", "after"]) },
      "breached",
      /receiver in us saw it arrive, from 10\.10\.0\.5/,
    ],
    [
      "it was asked and never answered, and nobody saw it",
      { probe: "relay", attempt: silentAt("tls") },
      "contained",
    ],
    [
      "it was asked, and had no time to answer",
      { probe: "relay", attempt: silentAt("tls", { durationMs: 50 }) },
      "inconclusive",
      /waited 50 ms/,
    ],
    [
      "it did not take the connection, so it was never asked",
      { probe: "relay", attempt: silentAt("network") },
      "inconclusive",
      /own system/,
    ],
    [
      "it refused the connection, which no border did",
      { probe: "relay", attempt: rejected, guard: "reject" },
      "inconclusive",
      /own system/,
    ],
    [
      "it closed the connection on the question, which no border did either",
      { probe: "relay", attempt: refusedAt("tls", "ECONNRESET"), guard: "reject" },
      "inconclusive",
      /own system/,
    ],
    [
      "its name led nowhere",
      { probe: "relay", attempt: refusedAt("name", "ENOTFOUND") },
      "inconclusive",
      /own system/,
    ],
    [
      "it saw what it was asked for, as it should",
      {
        probe: "relay",
        attempt: refused,
        receivers: (where, system) => ({
          saw: (item, phase) =>
            sawControls(where, system).saw(item, phase) || (where === "eu" && phase === "attempt"),
          askedAtSeconds: 25,
        }),
      },
      "contained",
    ],
  ]);
});

describe("wherever it arrives", () => {
  const map = aMap({ systems: [aSystem({ kind: "sink" }), aSystem({ kind: "sink", id: "traces" })] });
  const plan = planAttempts(map, kinds, { environment: "replica" });
  const [attempt] = plan.items.filter(
    ({ probe, role, from, to }) =>
      probe === "send" &&
      role === "attempt" &&
      from.region === "eu" &&
      to.region === "us" &&
      to.system === "orders",
  );
  const at = (region: string, system: string) => {
    const receivers: Receivers = (where, which) => ({
      saw: (item, phase) =>
        sawControls(where, which).saw(item, phase) ||
        (where === region && which === system && item.id === attempt?.id),
      askedAtSeconds: 25,
    });
    const run = aRun({ plan, map, receivers });
    return judge(plan, map, run.journals);
  };

  test.each([
    ["us", "traces", "breached", /receiver of traces in us/],
    ["ap", "orders", "breached", /receiver in ap/],
    ["ap", "traces", "breached", /receiver of traces in ap/],
    ["eu", "orders", "inconclusive", /eu's own receiver got it/],
    ["eu", "traces", "inconclusive", /eu's own receiver got it/],
  ] as const)("in %s's %s it is %s, and nothing else is", (region, system, grade, reason) => {
    const { verdicts } = at(region, system);
    const found = verdicts.filter((verdict) => verdict.grade !== "contained");
    expect(found.map(({ item }) => item.id)).toEqual([attempt?.id]);
    expect(found[0]).toMatchObject({ grade, reason: expect.stringMatching(reason) });
  });
});

describe("what was sent outward, over the own system, to a receiver that is asked outside", () => {
  const map = aMap({ regions: ["eu", "us"], systems: [aSystem({ id: "speaker", kind: "mouth" })] });
  const plan = planAttempts(map, outwardKinds, { environment: "replica", outside: true, regions: ["eu"] });
  const [attempt] = plan.items.filter(({ role, probe }) => role === "attempt" && probe === "whisper");
  const refused = refusedAt("network", "GREETING_CLOSED", {
    outcome: { kind: "refused", rung: "network", code: "GREETING_CLOSED", local: true },
    climbed: "name",
  });
  /** The receiver is asked in `region`, and heard `item` in `phase`, or not. */
  const told =
    (hears: (item: PlannedItem, phase: Phase) => boolean, region: string = outside): Receivers =>
    (where) =>
      where === region ? { saw: hears, askedAtSeconds: 25 } : null;
  const controls = (item: PlannedItem) => item.role === "control";
  const judged = (parts: { receivers: Receivers; met?: Tried; twin?: Tried }) => {
    const observe: Observe = (item, phase) => {
      const met =
        item === attempt ? (parts.met ?? refused) : item.id === attempt?.twin ? parts.twin : undefined;
      return met ? { tries: [met] } : asPromised(item, phase);
    };
    const { journals } = aRun({ plan, map, receivers: parts.receivers, observe });
    return judge(plan, map, journals).verdicts.find(({ item }) => item === attempt);
  };

  test.each<[sentence: string, parts: Parameters<typeof judged>[0], grade: Grade, reason: RegExp]>([
    [
      "is contained where it was refused, and the receiver heard its controls only",
      { receivers: told(controls) },
      "contained",
      /saw nothing of it/,
    ],
    [
      "is a breach where the receiver heard it, whatever its sender met",
      { receivers: told((item) => controls(item) || item === attempt) },
      "breached",
      /receiver in outside saw it arrive/,
    ],
    ["a dead receiver proves nothing", { receivers: told(() => false) }, "inconclusive", /did not see/],
    [
      "nor does one that heard the region, and nothing of what was sent there in the same way from outside",
      { receivers: told((item) => controls(item) && item.id !== attempt?.targetAlive) },
      "inconclusive",
      /target-alive.*did not see/,
    ],
    [
      "nor one that heard that, and not what the region sends as it should",
      { receivers: told((item) => controls(item) && item.id !== attempt?.twin) },
      "inconclusive",
      /twin.*did not see/,
    ],
    [
      "nor one that stopped hearing meanwhile",
      { receivers: told((item, phase) => controls(item) && phase === "before") },
      "inconclusive",
      /after the attempts/,
    ],
    ["nor one that nobody asked", { receivers: () => null }, "inconclusive", /did not see/],
    [
      "the sender's own region cannot vouch for it",
      { receivers: told(controls, "eu") },
      "inconclusive",
      /did not see/,
    ],
    ["and not another region", { receivers: told(controls, "us") }, "inconclusive", /did not see/],
    [
      "a fault of the sender leaves a doubt, though nothing was heard",
      { receivers: told(controls), met: faulted("ANSWERED_403", { climbed: "name" }) },
      "inconclusive",
      /ANSWERED_403/,
    ],
    [
      "silence of the own system leaves one, too: it was perhaps not there",
      { receivers: told(controls), met: silentAt("network", { climbed: "name" }) },
      "inconclusive",
      /own system/,
    ],
    [
      "an own system that carries to nobody refused nothing",
      { receivers: told(controls), twin: faulted("NOT_CARRIED_PROXY_502", { climbed: "name" }) },
      "inconclusive",
      /NOT_CARRIED_PROXY_502/,
    ],
  ])("%s", (_sentence, parts, grade, reason) => {
    expect(judged(parts)).toMatchObject({ grade, reason: expect.stringMatching(reason) });
  });
});

test.each([0, 5])(
  "a send that was answered is a breach, whatever met the others (after %i of them)",
  (place) => {
    const attempt = five(faulted("EMFILE")).toSpliced(place, 0, reached("data"));
    expect(verdictOn(aTrial({ probe: "send", attempt }))).toMatchObject({ grade: "breached" });
  },
);

test.each(["twin", "targetAlive"] as const)(
  "a send of the %s that failed proves nothing, were it seen",
  (control) => {
    for (const phase of ["before", "after"])
      expect(verdictOn(aTrial({ probe: "send", [control]: { [phase]: [faulted("EMFILE")] } }))).toMatchObject(
        {
          grade: "inconclusive",
          reason: expect.stringMatching(/EMFILE/),
        },
      );
  },
);

test.each(["eu", "us"])(
  "what is sent inside %s has to be seen by the receiver there, and not by another",
  (led) => {
    const receivers: Receivers = (region) => ({
      saw: ({ role, to }) =>
        role === "control" && (to.region === led ? region !== led : to.region === region),
      askedAtSeconds: 25,
    });
    expect(verdictOn(aTrial({ probe: "send", receivers }))).toMatchObject({
      grade: "inconclusive",
      code: "CONTROL_FAILED",
    });
  },
);

describe("whatever stands in the journals", () => {
  const { plan, map, texts, journals } = aTrial({ probe: "send" });
  const [attempt] = plan.items.filter(({ role }) => role === "attempt");
  const token = (item: string | undefined, phase: Phase) => sendToken("a-run", item ?? "", phase);
  const footing = {
    us: [token(attempt?.targetAlive, "before"), token(attempt?.targetAlive, "after")],
    eu: [token(attempt?.twin, "before"), token(attempt?.twin, "after")],
  };
  const anyToken = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...footing.us, ...footing.eu) },
    { weight: 1, arbitrary: fc.constant(token(attempt?.id, "attempt")) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(token(attempt?.id, "before"), token("other", "attempt"), "0".repeat(32)),
    },
  );
  const said = fc.record({
    seconds: fc.integer({ min: 0, max: 40 }),
    tokens: fc.array(anyToken, { maxLength: 6 }),
    system: fc.constantFrom("orders", "orders", "orders", "other"),
  });
  const anyOutcome = fc.constantFrom(sent, local, rejected, faulted("EMFILE"), reached("network"));
  const anyRun = fc.record({
    eu: fc.array(said, { maxLength: 3 }),
    us: fc.array(said, { maxLength: 3 }),
    tries: fc.oneof(fc.constant(five(sent)), fc.array(anyOutcome, { maxLength: 8 })),
    guard: fc.constantFrom("drop" as const, "reject" as const),
  });

  test("it is contained only where both receivers hold both of their controls, and nobody holds the attempt", () => {
    let contained = 0;
    fc.assert(
      fc.property(anyRun, ({ tries, guard, ...told }) => {
        const run = aTrial({ probe: "send", attempt: tries, guard, receivers: () => null });
        const entries = (region: "eu" | "us") =>
          told[region].map(({ seconds, tokens, system }) => {
            const at = new Date(Date.UTC(2026, 10, 22, 12, 0, seconds)).toISOString();
            const arrivals = tokens.map((one) => ({ token: one, from: addressIn("eu"), at }));
            return { type: "witnessed" as const, system, at, arrivals };
          });
        const all = run.journals.map((journal) => ({
          ...journal,
          entries: [...journal.entries, ...entries(journal.region as "eu" | "us")],
        }));
        const { grade } = judge(run.plan, run.map, all).verdicts[0] ?? {};
        const held = (region: "eu" | "us") =>
          new Set(told[region].filter(({ system }) => system === "orders").flatMap(({ tokens }) => tokens));
        const everywhere = [...told.eu, ...told.us].flatMap(({ tokens }) => tokens);
        if (told.us.some(({ tokens }) => tokens.includes(token(attempt?.id, "attempt"))))
          expect(grade).toBe("breached");
        if (grade !== "contained") return;
        contained++;
        for (const region of ["eu", "us"] as const)
          for (const one of footing[region]) expect(held(region)).toContain(one);
        expect(everywhere).not.toContain(token(attempt?.id, "attempt"));
        expect(tries.length).toBeGreaterThanOrEqual(5);
      }),
      { numRuns: 3000 },
    );
    expect(contained, "the property never met a contained run: mend its generators").toBeGreaterThan(0);
  });

  test("no other region vouches for a receiver", () => {
    const vouched = journals.map((journal) => ({
      ...journal,
      entries: journal.entries.flatMap((entry) => (entry.type === "witnessed" ? [] : [entry])),
    }));
    const words = journals.flatMap(({ entries }) => entries.filter(({ type }) => type === "witnessed"));
    expect(words).toHaveLength(2);
    const forged = vouched.map((journal) =>
      journal.region === "eu" ? { ...journal, entries: [...journal.entries, ...words] } : journal,
    );
    expect(judge(plan, map, forged).verdicts[0]).toMatchObject({ grade: "inconclusive" });
    expect(judge(plan, map, journals).verdicts[0]).toMatchObject({ grade: "contained" });
    expect(texts.us).toContain('"witnessed"');
  });
});

describe("of several regions", () => {
  const map = aMap({ regions: ["ap", "eu", "us"], systems: [aSystem({ kind: "sink", checks: ["send"] })] });
  const plan = planAttempts(map, kinds, { environment: "replica" });

  test("a breach counts beside a journal of another run, wherever that stands", () => {
    const receivers: Receivers = (region, system) => ({
      askedAtSeconds: 25,
      saw: (item, phase) =>
        sawControls(region, system).saw(item, phase) ||
        (phase === "attempt" && item.from.region === "eu" && item.to.region === "us" && region === "us"),
    });
    const { journals } = aRun({ plan, map, receivers });
    const [ap, ...others] = journals;
    if (!ap) throw new TypeError("nobody observed");
    const [first, ...rest] = ap.entries;
    const older = {
      ...ap,
      problems: ["it is of another runId: older"],
      entries: first?.type === "run-started" ? [{ ...first, runId: "older" }, ...rest] : rest,
    };
    for (const all of [
      [older, ...others],
      [...others, older],
    ])
      expect(judge(plan, map, all).regions.eu?.grade).toBe("breached");
  });

  test("what a name does not lead to need not be sent five times, where its addresses are", () => {
    const observe: Observe = (item, phase) =>
      item.role === "attempt" && item.vector.route === "name"
        ? { tries: [refusedAt("name", "ENOTFOUND")] }
        : asPromised(item, phase);
    const { journals } = aRun({ plan, map, observe });
    expect(judge(plan, map, journals).grade).toBe("pass");
  });
});
