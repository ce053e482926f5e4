import { describe, expect, test } from "vitest";
import {
  addressIn,
  aMap,
  aRun,
  aSystem,
  asPromised,
  aTrial,
  type ControlState,
  canaryOf,
  damaged,
  faulted,
  kinds,
  neverRun,
  type Observe,
  reached,
  refusedAt,
  silentAt,
  type TrialParts,
  verdictOn,
} from "./a-trial.ts";
import { exitCodeOf, judge } from "./judge.ts";
import { type PlannedItem, planAttempts } from "./plan.ts";
import type { Waiver } from "./residency-map.ts";
import { type Grade, height, type Rung, rungs } from "./vocabulary.ts";

/** A sentence with its reason, the trial, the grade, and where it matters a word of the verdict's reason. */
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

const far = canaryOf("us");
const own = canaryOf("eu");
const somewhereElse = "10.20.0.99";
const home = addressIn("eu");
const noNetwork: ControlState = { before: [silentAt("network")], after: [silentAt("network")] };

describe("a breach needs no control", () => {
  table([
    [
      "the far canary was read, so data crossed",
      { attempt: reached("data", far) },
      "breached",
      /canary was read/,
    ],
    ["a connection stood where the network had to stop it", { attempt: reached("network") }, "breached"],
    [
      "a refused login is a breach, because the network let us reach the login",
      { attempt: refusedAt("authentication", "28P01") },
      "breached",
      /28P01/,
    ],
    [
      "a far canary that nobody knows crossed all the same",
      { attempt: reached("data", "f".repeat(64)) },
      "breached",
    ],
    ["it needs no twin", { attempt: reached("network"), twin: neverRun }, "breached"],
    ["it needs no target-alive", { attempt: reached("network"), targetAlive: neverRun }, "breached"],
    ["failed controls do not excuse it", { attempt: reached("data", far), twin: noNetwork }, "breached"],
    [
      "a crash after the connection stood does not undo it",
      { attempt: faulted("EMFILE", { climbed: "network" }) },
      "breached",
    ],
    ["a hung server was reached", { attempt: silentAt("tls") }, "breached"],
    [
      "one success among several tries is enough",
      { attempt: [silentAt("network"), reached("network")] },
      "breached",
    ],
    [
      "an answer that comes after the deadline is still an answer",
      { late: { address: addressIn("us"), rung: "network" } },
      "breached",
    ],
    [
      "a late answer from an address that no try names still came",
      { late: { address: "10.20.0.99", rung: "network" } },
      "breached",
    ],
    [
      "a refused login crossed the network, though the socket was not watched",
      { attempt: refusedAt("authentication", "28P01", { climbed: null }) },
      "breached",
    ],
    [
      "a refused handshake crossed the network, though the socket was not watched",
      { attempt: refusedAt("tls", "ECONNRESET", { climbed: null }) },
      "breached",
    ],
    [
      "where the connection alone has to be stopped, anybody's canary will do",
      { stopBy: "tls", attempt: reached("data", "f".repeat(64)) },
      "breached",
    ],
    [
      "NoSuchKey is a breach, because S3 shows it only to those who may list",
      { stopBy: "authorization", attempt: refusedAt("data", "NoSuchKey") },
      "breached",
      /NoSuchKey/,
    ],
  ]);

  test.each<Rung[]>([
    ["network", "name"],
    ["name", "network"],
  ])("of answers that come late the highest counts: %s, then %s", (...late) => {
    const { plan, map } = aTrial();
    const [{ id: item } = { id: "" }] = plan.items.filter(({ role }) => role === "attempt");
    const said = { type: "late", item, address: addressIn("us"), at: "2026-11-22T12:00:15.000Z" } as const;
    const eu = late.map((rung) => ({ ...said, rung }));
    expect(verdictOn(aRun({ plan, map, extra: { eu } })).grade).toBe("breached");
  });

  test("a broken journal does not hide it", () => {
    const run = damaged(aTrial({ attempt: reached("data", far) }), "eu", (lines) => lines.slice(0, -1));
    expect(verdictOn(run).grade).toBe("breached");
  });
});

describe("what says nothing about isolation proves nothing", () => {
  table([
    ["our own failure", { attempt: faulted("EMFILE") }, "inconclusive", /EMFILE/],
    ["an answer that is about our credentials", { attempt: faulted("InvalidAccessKeyId") }, "inconclusive"],
    [
      "one failure among silences, because that try was never made",
      { attempt: [silentAt("network"), faulted("EMFILE")] },
      "inconclusive",
    ],
    ["an attempt that was never observed", { attempt: [] }, "inconclusive", /never observed/],
    [
      "a name server that says nothing, because then nothing was attempted",
      { attempt: silentAt("name", { address: null }) },
      "inconclusive",
    ],
    [
      "an attempt that was not stopped, yet went nowhere",
      { attempt: reached("name") },
      "inconclusive",
      /not stopped/,
    ],
    [
      "our own canary, because then our own system answered under the far address",
      { attempt: reached("data", own) },
      "inconclusive",
      /own system answered/,
    ],
    [
      "a service that hands out a canary that nobody planted",
      { stopBy: "authorization", attempt: reached("data", "f".repeat(64)) },
      "inconclusive",
      /nobody planted/,
    ],
  ]);

  test.each([
    ["of the vantage", "eu", /journal of eu/],
    ["of the target's home, because its controls are in it", "us", /journal of us/],
  ])("a broken journal %s", (_whose, region, reason) => {
    const run = damaged(aTrial(), region, (lines) => lines.slice(0, -1));
    expect(verdictOn(run)).toMatchObject({ grade: "inconclusive", reason: expect.stringMatching(reason) });
  });

  test("a broken journal of the region whose canary was looked for", () => {
    const run = damaged(aTrial({ probe: "stray" }), "us", (lines) => lines.slice(0, -1));
    expect(verdictOn(run)).toMatchObject({ grade: "inconclusive", reason: expect.stringMatching(/of us/) });
  });

  test.each([
    ["that holds nothing", () => []],
    ["without its first line", (lines: string[]) => lines.slice(1)],
  ])("a journal %s", (_which, alter) => {
    expect(verdictOn(damaged(aTrial(), "eu", alter)).grade).toBe("inconclusive");
    expect(verdictOn(damaged(aTrial(), "us", alter)).grade).toBe("inconclusive");
  });

  test("a broken journal, though the look inside was clean", () => {
    const run = damaged(aTrial({ probe: "stray" }), "eu", (lines) => lines.slice(0, -1));
    expect(verdictOn(run).grade).toBe("inconclusive");
  });

  test.each(["eu", "us"])("no journal at all of %s", (missing) => {
    const { plan, map, journals } = aTrial();
    const rest = journals.filter(({ region }) => region !== missing);
    const { verdicts, regions } = judge(plan, map, rest);
    expect(verdicts[0]?.grade).toBe("inconclusive");
    expect(regions.eu?.journalProblems).toEqual(missing === "eu" ? ["there is none"] : []);
  });
});

describe("without both controls a failed attempt proves nothing", () => {
  const held = reached("data", far);
  const elsewhere = reached("data", far, { address: somewhereElse });
  const atHome = reached("data", far, { address: home });
  const shared: ControlState = { before: [atHome], after: [atHome] };
  const wrongs: [string, ControlState, RegExp][] = [
    ["never ran", neverRun, /not run before/],
    ["did not run before the attempt", { before: [] }, /not run before/],
    ["did not run after the attempt", { after: [] }, /not run after/],
    ["found nothing but silence", noNetwork, /no answer at network/],
    ["failed before the attempt", { before: [refusedAt("authentication", "28P01")] }, /28P01/],
    ["failed after the attempt", { after: [refusedAt("network", "ECONNREFUSED")] }, /ECONNREFUSED/],
    ["crashed", { before: [faulted("EMFILE")] }, /EMFILE/],
    ["failed once among several tries", { before: [held, faulted("EMFILE")] }, /EMFILE/],
    ["stopped short of its goal", { before: [reached("network")] }, /no further than network/],
    ["read no canary", { before: [reached("data")] }, /another canary/],
    ["read the canary of something else", { before: [reached("data", "f".repeat(64))] }, /another canary/],
    ["began only long after the attempt", { before: [{ ...held, atSeconds: 18 }] }, /bracket/],
    ["began six seconds after the attempt", { before: [{ ...held, atSeconds: 16 }] }, /bracket/],
    ["ended long before the attempt did", { after: [{ ...held, atSeconds: 5 }] }, /bracket/],
    ["ended six seconds before the attempt did", { after: [{ ...held, atSeconds: 8 }] }, /bracket/],
    [
      "closed before it opened",
      { before: [{ ...held, atSeconds: 9 }], after: [{ ...held, atSeconds: 9 }] },
      /closing run/,
    ],
    ["is sixteen minutes old", { before: [{ ...held, atSeconds: -940 }] }, /older than 15 minutes/],
    ["is a day old", { before: [{ ...held, atSeconds: -86_400 }] }, /older than 15 minutes/],
  ];
  const forTwin = (state: ControlState): ControlState =>
    JSON.parse(JSON.stringify(state).replaceAll(far, own));

  table(
    wrongs.map(
      ([how, state, reason]): Row => [
        `the target-alive control ${how}`,
        { targetAlive: state },
        "inconclusive",
        reason,
      ],
    ),
  );
  table(
    wrongs.map(
      ([how, state, reason]): Row => [`the twin ${how}`, { twin: forTwin(state) }, "inconclusive", reason],
    ),
  );
  table([
    [
      "the target answers at home on another address only",
      { targetAlive: { before: [elsewhere], after: [elsewhere] } },
      "inconclusive",
      /answers at home/,
    ],
    [
      "the target left its address before the attempts ended",
      { targetAlive: { after: [elsewhere] } },
      "inconclusive",
      /answers at home/,
    ],
    [
      "the attempt went to an address of nobody",
      { attempt: silentAt("network", { address: somewhereElse }) },
      "inconclusive",
      /answers at home/,
    ],
    [
      "the attempt does not say which address was silent",
      { attempt: silentAt("network", { address: null }) },
      "inconclusive",
      /nothing shows that what it tried answers at home/,
    ],
    [
      "the attempt does not say which address refused",
      { guard: "reject", attempt: refusedAt("network", "ECONNREFUSED", { address: null }) },
      "inconclusive",
      /answers at home/,
    ],
    [
      "one of the attempt's addresses is nobody's",
      { attempt: [silentAt("network"), silentAt("network", { address: somewhereElse })] },
      "inconclusive",
    ],
    [
      "nothing was planted at the target, so its control read nothing",
      { planted: { us: {} } },
      "inconclusive",
      /nothing is planted/,
    ],
    [
      "the target answers on that address, too",
      { targetAlive: { before: [held, elsewhere], after: [held, elsewhere] } },
      "contained",
    ],
    [
      "the target answers on that address, too, which the attempt by address left out",
      { route: "address", targetAlive: { before: [held, elsewhere], after: [held, elsewhere] } },
      "inconclusive",
      /answers at home, and was not tried/,
    ],
    [
      "the name led home, where the own system refused",
      { stopBy: "authorization", attempt: refusedAt("authorization", "AccessDenied", { address: home }) },
      "inconclusive",
      /is eu's own system/,
    ],
    [
      "the name led to an address that both use, where somebody refused",
      {
        stopBy: "authorization",
        attempt: refusedAt("authorization", "AccessDenied", { address: home }),
        targetAlive: shared,
      },
      "contained",
    ],
    [
      "the name led to an address that both use, and was silent, though the twin got through to it",
      { attempt: silentAt("network", { address: home }), targetAlive: shared },
      "inconclusive",
      /is eu's own system/,
    ],
    [
      "the twin closed a second before the attempt did",
      { twin: { after: [{ ...reached("data", own), atSeconds: 13 }] } },
      "inconclusive",
      /twin does not bracket/,
    ],
    [
      "the twin began a second after the attempt",
      { twin: { before: [{ ...reached("data", own), atSeconds: 11 }] } },
      "inconclusive",
      /twin does not bracket/,
    ],
    [
      "the target's clock is a second slow",
      { targetAlive: { after: [{ ...held, atSeconds: 13 }] } },
      "contained",
    ],
    [
      "the target's clock is a second fast",
      { targetAlive: { before: [{ ...held, atSeconds: 11 }] } },
      "contained",
    ],
  ]);

  test.each(["twin", "targetAlive"] as const)("the plan names no %s", (control) => {
    const { plan, map } = aTrial();
    const items = plan.items.map(({ [control]: _gone, ...item }) => item);
    expect(verdictOn(aRun({ plan: { ...plan, items }, map }))).toMatchObject({
      grade: "inconclusive",
      reason: expect.stringMatching("is missing"),
    });
  });
});

describe("silence counts only when an answer had time to come", () => {
  const slow = (durationMs: number): ControlState => ({ before: [reached("data", own, { durationMs })] });
  table([
    [
      "a full deadline, three SYNs and an address that answers at home",
      { attempt: silentAt("network") },
      "contained",
      /4000 ms/,
    ],
    ["the same over IPv6", { family: 6 }, "contained"],
    ["the same by literal address", { route: "address" }, "contained"],
    ["two SYNs are enough", { attempt: silentAt("network", { syns: 2 }) }, "contained"],
    ["one SYN may get lost", { attempt: silentAt("network", { syns: 1 }) }, "inconclusive", /SYN/],
    ["nobody could count the SYNs", { attempt: silentAt("network", { syns: null }) }, "inconclusive", /SYN/],
    [
      "it gave up before its deadline",
      { attempt: silentAt("network", { durationMs: 3000 }) },
      "inconclusive",
      /3000 ms of 4000/,
    ],
    ["a control took a third of the wait, and no more", { twin: slow(1333) }, "contained"],
    [
      "a control became as slow only after the attempts",
      { twin: { after: [reached("data", own, { durationMs: 1334 })] } },
      "inconclusive",
      /too short/,
    ],
    ["a control took more than a third of the wait", { twin: slow(1334) }, "inconclusive", /too short/],
    [
      "a control took more than a third of the deadline, and the attempt waited longer for that",
      { twin: slow(1900), attempt: silentAt("network", { durationMs: 5700 }) },
      "contained",
      /5700 ms/,
    ],
    [
      "it waited longer, and not long enough for so slow a control",
      { twin: slow(1901), attempt: silentAt("network", { durationMs: 5700 }) },
      "inconclusive",
      /a wait of 5700 ms is too short: the slowest control took 1901 ms/,
    ],
    [
      "the connection stood, and a hung server looks the same",
      { stopBy: "authorization", attempt: silentAt("tls") },
      "inconclusive",
      /said nothing at tls/,
    ],
    [
      "an answer after the deadline, below the stop-by rung, makes no breach, and the silence was slowness",
      { stopBy: "authorization", late: { address: addressIn("us"), rung: "network" } },
      "inconclusive",
      /stopped at network, and passed network all the same/,
    ],
    [
      "a reset of what had passed already",
      { stopBy: "data", guard: "reject", attempt: refusedAt("network", "ECONNREFUSED", { climbed: "tls" }) },
      "inconclusive",
      /passed tls all the same/,
    ],
  ]);
});

test.each([
  [1, "inconclusive"],
  [2, "contained"],
])("an address that was to be tried twice, and was tried %i times, is %s", (times, grade) => {
  const { plan, map } = aTrial();
  const items = plan.items.map((item) => (item.role === "attempt" ? { ...item, repeats: 2 } : item));
  const observe: Observe = (item, phase) =>
    item.role === "attempt" ? { tries: Array(times).fill(silentAt("network")) } : asPromised(item, phase);
  expect(verdictOn(aRun({ plan: { ...plan, items }, map, observe }))).toMatchObject({ grade });
});

test.each([
  [1, "inconclusive"],
  [2, "contained"],
])("what goes to two addresses over the own system, and was asked %i times, is %s", (times, grade) => {
  const { plan, map } = aTrial({ probe: "carry" });
  const items = plan.items.map((item) =>
    item.role === "attempt" ? { ...item, vector: { ...item.vector, route: "address" as const } } : item,
  );
  const observe: Observe = (item, phase) => {
    if (item.role === "attempt") return { tries: Array(times).fill(refusedAt("authorization", "REFUSED")) };
    const usual = asPromised(item, phase);
    const tries = [addressIn("us"), "10.20.0.99"].map((address) =>
      reached("data", canaryOf("us"), { address }),
    );
    return item.to.region === "us" ? { tries } : usual;
  };
  expect(verdictOn(aRun({ plan: { ...plan, items }, map, observe }))).toMatchObject({ grade });
});

test("a region that answers nobody at home makes its own lines inconclusive, and no others", () => {
  const map = aMap({ regions: ["eu", "us", "ap"] });
  const plan = planAttempts(map, kinds, { environment: "replica", regions: ["eu", "us", "ap"] });
  const dead: Observe = (item, phase) => {
    const isDead = phase !== "attempt" && item.to.region === "us";
    return isDead ? { tries: [silentAt("network", { durationMs: 4018 })] } : asPromised(item, phase);
  };
  const { verdicts } = judge(plan, map, aRun({ plan, map, observe: dead }).journals);
  const crossings = verdicts.filter(({ item }) => item.probe === "read");
  expect(new Set(crossings.map(({ item: { from, to } }) => `${from.region} ${to.region}`)).size).toBe(6);
  for (const { item, grade, reason } of crossings) {
    const { from, to } = item;
    const concerned = from.region === "us" || to.region === "us";
    expect([grade, reason]).toEqual([
      concerned ? "inconclusive" : "contained",
      expect.stringMatching(concerned ? "failed: no answer at network" : "no answer from"),
    ]);
  }
});

test("one control that is not answered leaves silence unproven for all of its kind in its region, and for no others", () => {
  const systems = [aSystem(), aSystem({ id: "ledger", endpoint: { host: "ledger.{region}.internal" } })];
  const map = aMap({ regions: ["eu", "us", "ap"], systems });
  const plan = planAttempts(map, kinds, { environment: "replica", regions: ["eu", "us", "ap"] });
  const hung: Observe = (item, phase) => {
    const isHung = phase !== "attempt" && item.to.region === "us" && item.to.system === "ledger";
    return isHung ? { tries: [silentAt("tls", { durationMs: 4018 })] } : asPromised(item, phase);
  };
  const { verdicts } = judge(plan, map, aRun({ plan, map, observe: hung }).journals);
  const orders = verdicts.filter(({ item }) => item.probe === "read" && item.to.system === "orders");
  for (const { item, grade, reason } of orders) {
    const concerned = [item.from.region, item.to.region].includes("us");
    expect([grade, reason]).toEqual([
      concerned ? "inconclusive" : "contained",
      expect.stringMatching(concerned ? "another control of its kind was not answered" : "no answer from"),
    ]);
  }
  expect(new Set(orders.map(({ grade }) => grade)).size).toBe(2);
});

describe("a refusal counts where the border may refuse", () => {
  const local = { outcome: { kind: "refused", rung: "network", code: "ENETUNREACH", local: true } } as const;
  const reset = refusedAt("network", "ECONNREFUSED");
  table([
    [
      "a reset under a border that drops, because packets may have arrived",
      { attempt: reset },
      "inconclusive",
      /declared to drop/,
    ],
    ["a reset under a border that rejects", { attempt: reset, guard: "reject" }, "contained"],
    [
      "a reset that comes after the deadline is no silence, either",
      { late: { address: addressIn("us"), rung: "network", refused: "ECONNREFUSED" } },
      "inconclusive",
      /ECONNREFUSED came back though/,
    ],
    [
      "a reset that comes late under a border that rejects",
      { late: { address: addressIn("us"), rung: "network", refused: "ECONNREFUSED" }, guard: "reject" },
      "contained",
    ],
    [
      "a reset that comes late makes no short wait long",
      {
        attempt: silentAt("network", { syns: 1 }),
        late: { address: addressIn("us"), rung: "network", refused: "ECONNREFUSED" },
        guard: "reject",
      },
      "inconclusive",
      /two SYN/,
    ],
    [
      "a reset under a border that rejects, where nothing answers at home",
      { attempt: reset, guard: "reject", targetAlive: neverRun },
      "inconclusive",
    ],
    [
      "a reset under a border that rejects, at an address of nobody",
      { attempt: refusedAt("network", "ECONNREFUSED", { address: somewhereElse }), guard: "reject" },
      "inconclusive",
      /answers at home/,
    ],
    [
      "a refused TLS handshake under a border that rejects, at an address of nobody",
      {
        attempt: refusedAt("tls", "ECONNRESET", { address: somewhereElse }),
        stopBy: "authorization",
        guard: "reject",
      },
      "inconclusive",
      /answers at home/,
    ],
    [
      "no route on our own machine, while the twin has one",
      { attempt: { ...local, climbed: "name" } },
      "contained",
    ],
    [
      "no route on our own machine, and the twin has none either",
      { attempt: { ...local, climbed: "name" }, twin: noNetwork },
      "inconclusive",
    ],
    [
      "S3 itself says AccessDenied",
      { stopBy: "authorization", attempt: refusedAt("authorization", "AccessDenied") },
      "contained",
      /AccessDenied/,
    ],
    [
      "S3 says AccessDenied on another of its many addresses",
      {
        stopBy: "authorization",
        attempt: refusedAt("authorization", "AccessDenied", { address: somewhereElse }),
      },
      "contained",
    ],
    [
      "S3 says AccessDenied to a client that is refused at home, too",
      {
        stopBy: "authorization",
        attempt: refusedAt("authorization", "AccessDenied"),
        twin: { before: [refusedAt("authorization", "AccessDenied")] },
      },
      "inconclusive",
    ],
    [
      "a refused TLS handshake under a border that drops",
      { stopBy: "authorization", attempt: refusedAt("tls", "ECONNRESET") },
      "inconclusive",
      /declared to drop/,
    ],
  ]);
});

test.each([
  ["us", "contained"],
  ["eu", "inconclusive"],
])("a reset counts where the target's own border rejects: here that of %s", (rejecting, grade) => {
  const run = aTrial({ attempt: refusedAt("network", "ECONNREFUSED") });
  const regions = Object.entries(run.map.regions).map(([id, region]) => {
    const guard = id === rejecting ? ("reject" as const) : ("drop" as const);
    return [id, { ...region, guard }];
  });
  const map = { ...run.map, regions: Object.fromEntries(regions) };
  expect(verdictOn({ ...run, map }).grade).toBe(grade);
});

describe("a refused name stops nobody who knows the address", () => {
  const unnamed = refusedAt("name", "ENOTFOUND");
  table([
    ["the addresses are not attempted", { attempt: unnamed }, "inconclusive", /only the name/],
    ["the addresses are contained", { attempt: unnamed, literal: silentAt("network") }, "contained"],
    ["the addresses answer", { attempt: unnamed, literal: reached("network") }, "inconclusive"],
    [
      "the addresses are not known",
      { attempt: unnamed, literal: faulted("NO_ADDRESS_LEARNED") },
      "inconclusive",
    ],
    [
      "the target is dead anyway",
      { attempt: unnamed, literal: silentAt("network"), targetAlive: neverRun },
      "inconclusive",
    ],
  ]);

  test.each<[string, (item: PlannedItem) => PlannedItem]>([
    ["over the other family", (item) => ({ ...item, vector: { ...item.vector, addressFamily: 6 } })],
    ["with other credentials", (item) => ({ ...item, vector: { ...item.vector, credentials: "own" } })],
    ["by another probe", (item) => ({ ...item, probe: "another" })],
    ["of another system", (item) => ({ ...item, to: { ...item.to, system: "another" } })],
    ["of another region", (item) => ({ ...item, to: { ...item.to, region: "ap" } })],
    [
      "of another endpoint",
      (item) => ({ ...item, to: { ...item.to, endpoint: { host: "another", jurisdiction: "US" } } }),
    ],
  ])("literal addresses %s prove nothing for this one", (_which, altered) => {
    const { plan, map, journals } = aTrial({ attempt: unnamed, literal: silentAt("network") });
    const items = plan.items.map((item) => (item.vector.route === "address" ? altered(item) : item));
    const { verdicts } = judge({ ...plan, items }, map, journals);
    expect(verdicts.map(({ item, grade }) => [item.vector.route, grade]).sort()).toEqual([
      ["address", "contained"],
      ["name", "inconclusive"],
    ]);
  });

  test.each([0, 1])("a name that was refused in one of two tries, whichever came first (%i)", (place) => {
    const tries = [silentAt("network")].toSpliced(place, 0, unnamed);
    expect(verdictOn(aTrial({ attempt: tries })).grade).toBe("inconclusive");
  });
});

describe("a look inside is judged by what it found", () => {
  const stray = (findings: TrialParts["findings"]): TrialParts => ({
    probe: "stray",
    ...(findings ? { findings } : {}),
  });
  const link = (addresses: string[], region?: string): TrialParts => ({
    probe: "links",
    findings: {
      canaries: [own],
      links: [{ what: "the subscriber", peer: "x", addresses, ...(region === undefined ? {} : { region }) }],
    },
  });
  const wired = (addresses: string[], region?: string): TrialParts => ({
    probe: "wiring",
    findings: { canaries: [own], servedFrom: { addresses, ...(region ? { region } : {}) } },
  });
  table([
    ["only the own canary", stray({ canaries: [own] }), "contained", /no canary of us/],
    ["a far canary", stray({ canaries: [own, far] }), "breached", /canary of us/],
    ["a far canary, though the own one was not found", stray({ canaries: [far] }), "breached"],
    [
      "a far canary, though the look then failed",
      { ...stray({ canaries: [far] }), attempt: faulted("42501") },
      "breached",
    ],
    [
      "a canary of unknown origin",
      stray({ canaries: [own, "f".repeat(64)] }),
      "inconclusive",
      /unknown origin/,
    ],
    ["not even the own canary", stray({ canaries: [] }), "inconclusive", /own canary/],
    [
      "nothing, as the own system could not be opened",
      { probe: "stray", attempt: refusedAt("authentication", "28P01") },
      "inconclusive",
      /28P01/,
    ],
    [
      "nothing, as the own system hung",
      { probe: "stray", attempt: silentAt("tls") },
      "inconclusive",
      /SILENCE/,
    ],
    ["nothing, as nobody looked", { probe: "stray", attempt: [] }, "inconclusive", /never observed/],
    [
      "a far canary, seen in passing",
      { probe: "links", findings: { canaries: [own, far], links: [] } },
      "breached",
      /canary of us/,
    ],
    [
      "a name that leads outside, though nobody answers there",
      { probe: "wiring", attempt: silentAt("network", { address: addressIn("us") }) },
      "breached",
      /leads to/,
    ],
    [
      "an endpoint whose name leads nobody says where",
      { probe: "wiring", attempt: reached("data", own, { address: null }) },
      "inconclusive",
      /where its name leads/,
    ],
    [
      "a system on a public address, where nobody promised a private one",
      { probe: "links", attempt: reached("data", own, { address: "203.0.113.9" }) },
      "contained",
    ],
    ["no link", { probe: "links" }, "contained", /no link/],
    [
      "a look for links that does not say which there are",
      { probe: "links", findings: { canaries: [own] } },
      "inconclusive",
      /which links/,
    ],
    ["a link inside the region", link([addressIn("eu")]), "contained"],
    ["a link out of the address plan", link([addressIn("us")]), "breached", /leads out/],
    ["a link with one address outside", link([addressIn("eu"), "203.0.113.9"]), "breached"],
    ["a link to another region by name", link([], "us"), "breached"],
    ["a link to the own region by name", link([], "eu"), "contained"],
    ["a link that leads nobody knows where", link([]), "inconclusive", /nobody can say/],
    ["an endpoint served from the own region", wired([addressIn("eu")]), "contained"],
    ["an endpoint served from outside the address plan", wired([addressIn("us")]), "breached", /outside eu/],
    ["a name at home whose server is outside", wired([addressIn("eu"), addressIn("us")]), "breached"],
    ["an endpoint that says it is another region's", wired([], "us"), "breached", /served from us/],
    ["an endpoint that says it is the own region's", wired([], "eu"), "contained"],
    ["an endpoint that says that it is nowhere", wired([]), "inconclusive", /nowhere/],
    ["an endpoint that says that it is in a region without a name", wired([], ""), "inconclusive", /nowhere/],
    [
      "no canary of a far system of the same kind, where none was planted",
      { ...stray({ canaries: [own] }), planted: { us: { another: far } } },
      "inconclusive",
      /planted in us's own orders/,
    ],
    [
      "an endpoint that does not say where it is",
      { probe: "wiring", findings: { canaries: [own] } },
      "inconclusive",
      /did not say/,
    ],
  ]);

  describe("what opens another region's data has to open it there, before and after", () => {
    const asked: TrialParts = { probe: "tenant", findings: { canaries: [own] } };
    const expired = refusedAt("authentication", "HTTP_401");
    const control = /the control that opens us's data there/;
    table([
      ["it does", asked, "contained", /no canary of us/],
      [
        "it never did",
        { ...asked, targetAlive: { before: [expired], after: [expired] } },
        "inconclusive",
        control,
      ],
      ["it expired meanwhile", { ...asked, targetAlive: { after: [expired] } }, "inconclusive", control],
      ["nobody tried it there", { ...asked, targetAlive: neverRun }, "inconclusive", control],
      [
        "it opened something else",
        { ...asked, targetAlive: { before: [reached("data", own)] } },
        "inconclusive",
        control,
      ],
      [
        "a far canary needs no control",
        { ...asked, findings: { canaries: [own, far] }, targetAlive: neverRun },
        "breached",
      ],
    ]);
  });

  describe("the own canary, found by the same look, is its control", () => {
    table([
      [
        "the look for links read no canary at all",
        { probe: "links", attempt: reached("data") },
        "inconclusive",
      ],
      [
        "the look for far canaries did not say what it found",
        { probe: "stray", findings: {} },
        "inconclusive",
      ],
      [
        "the look came no further than the network",
        { ...stray({ canaries: [own] }), attempt: reached("network") },
        "inconclusive",
      ],
      [
        "nothing was planted in the region whose canary is looked for",
        { probe: "stray", planted: { us: {} } },
        "inconclusive",
      ],
    ]);
  });

  test("a look that reported no findings saw nothing", () => {
    const { plan, map } = aTrial({ probe: "stray" });
    const run = aRun({ plan, map, observe: () => ({ tries: [reached("data", own)] }) });
    expect(verdictOn(run)).toMatchObject({ grade: "inconclusive", reason: "it reported no findings" });
  });
});

describe("every rung is a breach exactly from the stop-by rung on", () => {
  const pairs = rungs.flatMap((stopBy) => rungs.map((rung) => ({ stopBy, rung })));
  test.each(pairs)("passed $rung, to be stopped by $stopBy", ({ stopBy, rung }) => {
    const verdict = verdictOn(aTrial({ stopBy, attempt: reached(rung) }));
    expect(verdict.grade).toBe(height(rung) >= height(stopBy) ? "breached" : "inconclusive");
  });

  test.each(pairs)("refused at $rung, to be stopped by $stopBy", ({ stopBy, rung }) => {
    const trial = aTrial({
      stopBy,
      guard: "reject",
      literal: silentAt("network"),
      attempt: refusedAt(rung, "NO"),
    });
    const expected = height(rung) > height(stopBy) ? "breached" : "contained";
    // Under stop-by `name` even the silent literal address got too far, because it climbed the name.
    expect(verdictOn(trial).grade).toBe(stopBy === "name" && rung === "name" ? "inconclusive" : expected);
  });

  test.each(rungs)("silent at %s is contained at no rung but the network", (rung: Rung) => {
    const verdict = verdictOn(aTrial({ stopBy: "data", attempt: silentAt(rung) }));
    expect(verdict.grade).toBe(rung === "network" ? "contained" : "inconclusive");
  });
});

describe("a region passes only if everything promised was contained", () => {
  const waiver: Waiver = {
    from: "eu",
    to: "us",
    owner: "Payments",
    reason: "until the EU acquirer is live",
    approver: "The DPO",
    expires: "2027-01-01",
  };
  const gradeOf = (run: ReturnType<typeof aTrial>) => judge(run.plan, run.map, run.journals).grade;
  const withWaived = (waived: Waiver, observe?: Parameters<typeof aRun>[0]["observe"]) => {
    const { map } = aTrial({ waivers: [waived] });
    const plan = planAttempts(map, kinds, { environment: "replica", regions: ["eu"] });
    return judge(plan, map, aRun({ plan, map, ...(observe ? { observe } : {}) }).journals);
  };

  test("everything contained is a pass", () => expect(gradeOf(aTrial())).toBe("pass"));
  test("a verdict names each address that was tried, once", () => {
    const nowhere = silentAt("network", { address: somewhereElse });
    const attempt = [silentAt("network"), silentAt("network"), nowhere];
    expect(verdictOn(aTrial({ attempt })).addresses).toEqual([addressIn("us"), somewhereElse]);
  });
  test("a breach is a breach", () =>
    expect(gradeOf(aTrial({ attempt: reached("network") }))).toBe("breached"));
  test("a gap caps it at inconclusive, because a promise was not looked at", () => {
    const gap = {
      path: "database",
      region: "eu",
      system: "orders",
      probe: "read",
      reason: "no twin",
    } as const;
    expect(gradeOf(aTrial({ gaps: [gap] }))).toBe("inconclusive");
    expect(gradeOf(aTrial({ gaps: [gap], attempt: reached("network") }))).toBe("breached");
  });
  test("an empty plan is inconclusive, because nothing was proven", () => {
    const { plan, map } = aTrial();
    expect(gradeOf(aRun({ plan: { ...plan, items: [] }, map }))).toBe("inconclusive");
  });
  test("no region at all is inconclusive", () => {
    const { plan, map } = aTrial();
    const nowhere = { ...plan, items: [], scope: { regions: [], paths: [], outside: false } };
    expect(gradeOf(aRun({ plan: nowhere, map }))).toBe("inconclusive");
  });
  test("each region is judged by its own attempts and gaps, and one without any attempt passes nothing", () => {
    const map = aMap();
    const plan = planAttempts(map, kinds, { environment: "replica" });
    const gap = { path: "database", region: "us", system: "orders", probe: "read", reason: "none" } as const;
    const items = plan.items.filter(({ role, from }) => role === "control" || from.region !== "ap");
    const partly = { ...plan, items, gaps: [gap] };
    const { regions } = judge(partly, map, aRun({ plan: partly, map }).journals);
    expect(regions).toMatchObject({
      eu: { grade: "pass", gaps: [] },
      us: { grade: "inconclusive", gaps: [gap] },
      ap: { grade: "inconclusive", planned: 0 },
    });
  });
  test("a region whose every attempt is waived is inconclusive, because nothing was promised", () => {
    expect(gradeOf(aTrial({ waivers: [waiver] }))).toBe("inconclusive");
    expect(gradeOf(aTrial({ waivers: [waiver], attempt: reached("network") }))).toBe("inconclusive");
  });
  test("a waived breach stays breached, and the region passes with exceptions", () => {
    const { grade, regions, verdicts } = withWaived({ ...waiver, probe: "read" }, (item, phase) => {
      if (item.role === "control") return asPromised(item, phase);
      return item.probe === "read" ? { tries: [reached("data", far)] } : insideFindings;
    });
    expect(grade).toBe("pass-with-exceptions");
    expect(regions.eu).toMatchObject({ breached: 2, waived: 2 });
    expect(verdicts.filter((verdict) => verdict.grade === "breached").every(({ waiver }) => waiver)).toBe(
      true,
    );
  });
  test("a waiver of a crossing permits that region's canary in one's own systems, too", () => {
    const leak = { attempt: reached("data", own), findings: { canaries: [own, far] } };
    const trial = aTrial({ probe: "stray", waivers: [waiver], ...leak });
    expect(verdictOn(trial)).toMatchObject({ grade: "breached", waiver: { to: "us" } });
  });
  test("a waiver that was not needed leaves a plain pass", () => {
    expect(withWaived({ ...waiver, probe: "read" }).grade).toBe("pass");
  });
  test.each([
    ["of the other direction", { from: "us", to: "eu" }],
    ["from another region", { from: "ap" }],
    ["of another probe", { probe: "links" }],
    ["to another region", { to: "ap" }],
  ])("a waiver %s excuses nothing", (_which, parts) => {
    expect(gradeOf(aTrial({ waivers: [{ ...waiver, ...parts }], attempt: reached("network") }))).toBe(
      "breached",
    );
  });
  test("the exit code says it to CI", () => {
    expect(exitCodeOf).toEqual({ pass: 0, "pass-with-exceptions": 0, breached: 1, inconclusive: 2 });
  });
});

describe("what is not production holds nothing of production", () => {
  const staged = canaryOf("eu", "staging");
  const staging = (about: string, findings: TrialParts["findings"], more: TrialParts = {}): TrialParts => ({
    probe: "stray",
    production: false,
    about,
    ...(findings ? { findings } : {}),
    ...more,
  });
  table([
    ["only its own canary", staging("eu", { canaries: [staged] }), "contained", /eu's production/],
    [
      "only its own canary, sought for us",
      staging("us", { canaries: [staged] }),
      "contained",
      /no canary of us/,
    ],
    [
      "a production canary of its own region is a leak, because staging has other readers",
      staging("eu", { canaries: [staged, own] }),
      "breached",
      /production canary, eu's orders, was found in staging/,
    ],
    [
      "a production canary of another region is one, too",
      staging("us", { canaries: [staged, far] }),
      "breached",
      /production canary, us's orders/,
    ],
    [
      "a test canary of another region's staging crossed a border all the same",
      staging("us", { canaries: [staged, canaryOf("us", "staging")] }),
      "breached",
      /canary of us was found inside eu/,
    ],
    [
      "it needs no look that ended well",
      staging("eu", { canaries: [own] }, { attempt: faulted("SEARCH_TRUNCATED") }),
      "breached",
    ],
    [
      "a canary that was planted in production and in staging alike is production's",
      staging("eu", { canaries: [own] }, { planted: { eu: { staging: own, orders: own } } }),
      "breached",
    ],
    [
      "nothing of production was planted, so nothing could be found",
      staging("eu", { canaries: [staged] }, { planted: { eu: { staging: staged } } }),
      "inconclusive",
      /nothing is planted in eu/,
    ],
    [
      "the search did not find staging's own canary",
      staging("eu", { canaries: [] }),
      "inconclusive",
      /own canary/,
    ],
  ]);

  test("a breach carries a code of its own, so that it is not taken for a crossing", () => {
    const found = verdictOn(aTrial(staging("eu", { canaries: [staged, own] })));
    expect(found.code).toBe("PRODUCTION_CANARY");
  });

  test("where a wiring look comes upon production, that counts, too", () => {
    const servedFrom = { addresses: [addressIn("eu")] };
    const trial: TrialParts = {
      probe: "wiring",
      production: false,
      findings: { canaries: [own], servedFrom },
    };
    expect(verdictOn(aTrial(trial))).toMatchObject({ grade: "breached", code: "PRODUCTION_CANARY" });
  });
});

const insideFindings = {
  tries: [reached("data", own)],
  findings: { canaries: [own], links: [], servedFrom: { addresses: [addressIn("eu")] } },
};

test.each(["first", "last"])("a broken second journal of a region spoils it, read %s", (place) => {
  const { plan, map, journals, ...rest } = aTrial();
  const [broken] = damaged({ plan, map, journals, ...rest }, "eu", (lines) => lines.slice(0, -1)).journals;
  if (!broken) throw new TypeError("the trial holds no journal");
  const all = place === "first" ? [broken, ...journals] : [...journals, broken];
  expect(judge(plan, map, all).grade).toBe("inconclusive");
});

test.each([
  ["an attempt", "eu", { attempt: reached("network") }, "breached"],
  ["a control", "us", { targetAlive: { before: [faulted("EMFILE")] } }, "inconclusive"],
] as const)("a second observation of %s replaces nothing of the first", (_what, region, parts, grade) => {
  const { plan, map, journals } = aTrial(parts as TrialParts);
  const [good] = aTrial().journals.filter((journal) => journal.region === region);
  const better = (good?.entries ?? []).filter(
    (entry) => entry.type === "observation" && entry.phase !== "after" && entry.item.includes("read"),
  );
  const all = journals.map((journal) =>
    journal.region === region ? { ...journal, entries: [...journal.entries, ...better] } : journal,
  );
  expect(better.length).toBeGreaterThan(0);
  expect(judge(plan, map, all).verdicts[0]?.grade).toBe(grade);
});

test("a journal counts for its own region only, because eu cannot vouch for us", () => {
  const { plan, map, journals } = aTrial({ targetAlive: neverRun });
  const [theirs] = aTrial().journals.filter(({ region }) => region === "us");
  const vouched = (theirs?.entries ?? []).filter((entry) => entry.type === "observation");
  const forged = journals.map((journal) =>
    journal.region === "eu" ? { ...journal, entries: [...journal.entries, ...vouched] } : journal,
  );
  expect(vouched).toHaveLength(2);
  expect(judge(plan, map, forged).verdicts[0]).toMatchObject({
    grade: "inconclusive",
    code: "CONTROL_FAILED",
  });
});

describe("what the own system was to fetch or carry", () => {
  table([
    [
      "it refused, and that is its word on the way",
      { probe: "carry", attempt: refusedAt("authorization", "REFUSED") },
      "contained",
    ],
    [
      "a proxy that refuses says so before anything left",
      {
        probe: "carry",
        attempt: {
          outcome: { kind: "refused", rung: "network", code: "PROXY_403", local: true },
          climbed: "name",
        },
      },
      "contained",
    ],
    ["it fetched the far canary", { probe: "carry", attempt: reached("data", far) }, "breached"],
    [
      "it did not answer: silence of one's own is no border's",
      { probe: "carry", attempt: silentAt("network") },
      "inconclusive",
      /own system/,
    ],
    [
      "it refused the connection, where the border is declared to reject",
      { probe: "carry", attempt: refusedAt("network", "ECONNREFUSED"), guard: "reject" },
      "inconclusive",
      /own system/,
    ],
    [
      "it reset the connection, where the border is declared to reject",
      { probe: "carry", attempt: refusedAt("tls", "ECONNRESET"), guard: "reject" },
      "inconclusive",
      /own system/,
    ],
    [
      "its own name was not known",
      { probe: "carry", attempt: refusedAt("name", "ENOTFOUND") },
      "inconclusive",
      /own system/,
    ],
  ]);
});
