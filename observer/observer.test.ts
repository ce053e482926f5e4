import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { aMap, aSystem, kinds, outwardKinds } from "../core/a-trial.ts";
import { type Entry, readJournal } from "../core/journal.ts";
import { type PlannedItem, planAttempts, planDigest } from "../core/plan.ts";
import type { ResidencyMap, SystemKind } from "../core/residency-map.ts";
import { sendToken } from "../core/witness.ts";
import type { Answer, Probe, TryContext } from "../probes/probe.ts";
import { tcp } from "../probes/tcp.ts";
import type { FromRegion, HomeReport, Job, Stage } from "./job.ts";
import { Observer } from "./observer.ts";
import { fingerprint } from "./same-credential.ts";

afterEach(() => void vi.unstubAllEnvs());

const runId = "a-run";
type Context = TryContext<Record<string, unknown>>;
type Message<Type extends FromRegion["type"]> = Extract<FromRegion, { type: Type }>;

const [sink, store] = kinds as [SystemKind, SystemKind];
const reached: Answer = { outcome: { kind: "reached", rung: "data" } };
const refused: Answer = { outcome: { kind: "refused", rung: "network", code: "EACCES", local: true } };
const whatIsDue = ({ item }: Context): Answer => (item.role === "control" ? reached : refused);

interface Parts {
  kind?: SystemKind;
  map?: ResidencyMap;
  /** What of the plan is otherwise. */
  alter?(item: PlannedItem): PlannedItem;
  region?: string;
  run?(context: Context): Answer | Promise<Answer>;
  probe?: Partial<Probe>;
  job?: Partial<Job>;
  /** What the regions tell each other once their controls have run. */
  reports?: Record<string, Partial<HomeReport>>;
  /** Holds a stage until it is settled. */
  at?: Partial<Record<Stage, () => unknown>>;
}

const home = (report: Partial<HomeReport> = {}): HomeReport => ({
  ...{ addresses: {}, offers: {}, credentials: {}, slowestMs: {} },
  ...report,
});

/** Everything that one region observes, and what it said and did meanwhile. */
async function observed({ kind = store, region = "eu", run = whatIsDue, probe, job, ...parts }: Parts = {}) {
  const systems = [
    aSystem({ id: "nobody-asks", kind: "decoy", endpoint: { host: "nobody.internal" } }),
    aSystem({ kind: kind.kind }),
  ];
  const { map = aMap({ regions: ["eu", "us"], systems, deadlineMs: 60 }), alter = (item) => item } = parts;
  const whole = planAttempts(map, [kind], { environment: "replica", outside: true });
  const plan = { ...whole, items: whole.items.map(alter) };
  const messages: FromRegion[] = [];
  const tried: Context[] = [];
  const happened: string[] = [];
  const reports = Object.entries(parts.reports ?? {}).map(([id, report]) => [id, home(report)] as const);
  const observer = new Observer(
    { runId, region, version: "0.0.0", map, plan, planted: {}, ...job },
    [
      { ...tcp, kind: "decoy" },
      {
        ...tcp,
        ...kind,
        // No name is asked for here, and whoever goes by address needs none.
        contact: ({ host }, { vector }) => ({
          host: vector.route === "address" ? String(host) : "127.0.0.1",
          port: 1,
        }),
        async run(context) {
          tried.push(context as Context);
          happened.push(context.item.role);
          return run(context as Context);
        },
        ...probe,
      } as Probe,
    ],
    {
      send(message) {
        messages.push(structuredClone(message));
        if (message.type === "done") happened.push(message.stage);
      },
      async receive(after) {
        await parts.at?.[after]?.();
        return { type: "go", after, reports: after === "controls-before" ? Object.fromEntries(reports) : {} };
      },
    },
  );
  await observer.observe();
  const ofType = <Type extends FromRegion["type"]>(type: Type) =>
    messages.filter((message): message is Message<Type> => message.type === type);
  const text = () =>
    ofType("journal")
      .flatMap(({ lines }) => lines)
      .map((line) => `${line}\n`)
      .join("");
  const digests = { plan: planDigest(plan), map: plan.map };
  const journal = () => readJournal(text(), { runId, region, ...digests });
  const entries = <Type extends Entry["type"]>(type: Type) =>
    journal().entries.filter((entry): entry is Extract<Entry, { type: Type }> => entry.type === type);
  return { map, plan, tried, happened, ofType, text, journal, entries };
}

const isCrossing = ({ item }: { item: PlannedItem }) => item.family === "trespass";

describe("one region's run", () => {
  test("is whole in its journal, from its first line to its last", async () => {
    const planted = { orders: "0".repeat(64) };
    const { plan, journal, entries } = await observed({ job: { planted } });
    expect(journal().problems).toEqual([]);
    expect(journal().entries[0]).toMatchObject({ type: "run-started", region: "eu", planted });
    const mine = plan.items.filter(({ from }) => from.region === "eu");
    const [controls, attempts] = [
      mine.filter(({ role }) => role === "control"),
      mine.filter(({ role }) => role === "attempt"),
    ].map((items) => items.map(({ id }) => id).sort());
    const observedIn = (phase: string) =>
      entries("observation")
        .filter((entry) => entry.phase === phase)
        .map(({ item }) => item)
        .sort();
    expect(attempts?.length).toBeGreaterThan(4);
    expect(observedIn("before")).toEqual(controls);
    expect(observedIn("attempt")).toEqual(attempts);
    expect(observedIn("after")).toEqual(controls);
  });

  test("waits for the other regions between controls, attempts and controls, and before its receivers are asked", async () => {
    const held: number[] = [];
    const counting = (seen: string[]) => async () => {
      const before = seen.length;
      await new Promise((done) => setTimeout(done, 20));
      held.push(seen.length - before);
    };
    const happening: string[] = [];
    const wait = counting(happening);
    const { happened } = await observed({
      kind: sink,
      run: ({ item }) => {
        happening.push(item.role);
        return item.witnessed ? { outcome: { kind: "silent", rung: "network" } } : refused;
      },
      probe: {
        async arrivals() {
          happening.push("asked");
          return [];
        },
      },
      at: { "controls-before": wait, attempts: wait, "controls-after": wait, finished: wait },
    });
    expect(held, "nothing happens meanwhile").toEqual([0, 0, 0, 0]);
    const order = happened.filter((what, index) => what !== happened[index - 1]);
    const [first, second] = ["controls-before", "attempts"];
    expect(order).toEqual([
      ...["control", first, "attempt", second, "control"],
      ...["controls-after", "finished"],
    ]);
    expect(happening.at(-1)).toBe("asked");
  });

  test("has its probes ready before its first control, whose time is the measure of silence", async () => {
    const order: string[] = [];
    const run = (context: Context) => {
      order.push(context.item.role);
      return whatIsDue(context);
    };
    await observed({ run, probe: { prepare: async () => order.push("prepared") } });
    expect(order.indexOf("prepared")).toBe(0);
    const cannot = await observed({ probe: { prepare: () => Promise.reject(new Error("no such library")) } });
    expect(cannot.journal().problems).toEqual([]);
  });

  test("goes on when something cannot be tried, which is then in no line", async () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => {});
    const contact = (_: unknown, item: PlannedItem) => {
      if (item.probe === "links") throw new Error("no such place");
      return { host: "127.0.0.1", port: 1 };
    };
    const { plan, journal, entries } = await observed({ probe: { contact } });
    expect(journal().problems).toEqual([]);
    const missing = plan.items.filter(
      ({ id, role, from }) =>
        role === "attempt" && from.region === "eu" && !entries("observation").some(({ item }) => item === id),
    );
    expect(missing.map(({ probe }) => probe)).toEqual(["links"]);
    expect(said).toHaveBeenCalledOnce();
    said.mockRestore();
  });

  test("tries only what was asked for, by its leak path or its title, and shows its controls all the same", async () => {
    const { entries } = await observed({ job: { only: "^database eu to us .*address" } });
    const [attempts, controls] = [true, false].map((isAttempt) =>
      entries("observation").filter(({ phase }) => (phase === "attempt") === isAttempt),
    );
    expect(attempts?.map(({ item }) => item)).toEqual([expect.stringMatching(/read\/.*address/)]);
    expect(controls?.length).toBeGreaterThan(0);
  });

  test("tells once which credential it was not given", async () => {
    const { ofType } = await observed({
      run: ({ secret }) => ({ outcome: { kind: "reached", rung: "data", canary: secret("env:GONE_AWAY") } }),
    });
    expect(ofType("missing")).toEqual([{ type: "missing", reference: "env:GONE_AWAY" }]);
  });

  test("leaves out of its journal what is private, and names what is published", async () => {
    const systems = [aSystem()];
    const map = {
      ...aMap({ regions: ["eu", "us"], systems }),
      private: { addresses: ["127.0.0.0/8"], names: [] },
    };
    const published = { plan: "1".repeat(64), map: "2".repeat(64) };
    const { text, journal } = await observed({
      map,
      job: { redaction: { salt: "5a".repeat(32), ...published } },
    });
    expect(text()).toContain("ipv4-");
    expect(text()).not.toContain("127.0.0");
    expect(journal().entries[0]).toMatchObject(published);
  });

  test("records what an open hole let it leave behind, whatever its verdict", async () => {
    vi.stubEnv("TEST_CANARY", "another");
    const removed = { what: "a row", done: false };
    const { plan, entries } = await observed({
      run({ item, secret }) {
        if (item.role === "control" || !isCrossing({ item })) return reached;
        secret("env:TEST_CANARY");
        return { ...refused, removed };
      },
      reports: { us: { credentials: { "env:TEST_CANARY": fingerprint(runId, "the right one") } } },
    });
    const crossings = plan.items.filter((item) => item.from.region === "eu" && isCrossing({ item }));
    expect(entries("removed").map(({ item, what, done }) => [item, what, done])).toContainEqual([
      crossings.find(({ role, vector }) => role === "attempt" && vector.route === "name")?.id,
      "a row",
      false,
    ]);
  });
});

describe("what does not fit into one line makes no journal unreadable", () => {
  test("a target with more addresses than a line holds tries", async () => {
    const addresses = Array.from({ length: 33 }, (_, index) => `127.0.1.${index}`);
    const { entries, journal } = await observed({
      alter: (item) => (item.role === "attempt" && isCrossing({ item }) ? { ...item, repeats: 8 } : item),
      reports: { us: { addresses: { orders: addresses } } },
    });
    expect(journal().problems).toEqual([]);
    const [byAddress] = entries("observation").filter(({ item }) => item.includes("/address"));
    const outcome = { kind: "faulted", code: "TOO_MANY_ADDRESSES" };
    expect(byAddress?.tries).toHaveLength(256);
    expect(byAddress?.tries.at(-1)).toMatchObject({ address: null, outcome });
    expect(byAddress?.tries.slice(0, -1).every((one) => one.outcome.kind === "refused")).toBe(true);
  });

  test("a long name of what was left behind", async () => {
    const what = "a".repeat(400);
    const { entries, journal } = await observed({
      run: (context) => ({ ...whatIsDue(context), removed: { what, done: true } }),
    });
    expect(journal().problems).toEqual([]);
    expect(entries("removed")[0]?.what).toBe(what.slice(0, 300));
  });
});

describe("what a region tells the others of itself", () => {
  const toldBy = async (parts: Parts) => (await observed(parts)).ofType("done")[0]?.report;

  test("is where its systems answer", async () => {
    expect((await toldBy({}))?.addresses).toEqual({ orders: ["127.0.0.1"] });
  });

  test.each<[string, Answer]>([
    ["refused", refused],
    ["faulted", { outcome: { kind: "faulted", code: "EMFILE" } }],
    ["silent", { outcome: { kind: "silent", rung: "network" } }],
    ["reached no further than a name", { outcome: { kind: "reached", rung: "name" } }],
  ])("and not where a control was %s", async (_what, answer) => {
    expect((await toldBy({ run: () => answer }))?.addresses).toEqual({ orders: [] });
  });

  test("and not where one was refused once it was connected; a connection is enough", async () => {
    const run = ({ ladder }: Context) => {
      ladder.climb("network");
      return refused;
    };
    expect((await toldBy({ run }))?.addresses).toEqual({ orders: [] });
    const connected: Answer = { outcome: { kind: "reached", rung: "network" } };
    expect((await toldBy({ run: () => connected }))?.addresses).toEqual({ orders: ["127.0.0.1"] });
  });

  test("is where its receivers are, which never answer, but not the own system over which something is sent", async () => {
    const sent: Answer = { outcome: { kind: "silent", rung: "network" } };
    const run = ({ item }: Context) => (item.witnessed ? sent : reached);
    expect((await toldBy({ kind: sink, run }))?.addresses).toEqual({ orders: ["127.0.0.1"] });
    const relayed = (context: Context) => (context.item.contacts === "own" ? sent : refused);
    expect((await toldBy({ kind: sink, run: relayed }))?.addresses).toEqual({ orders: [] });
  });

  test("is how slowly it answers, and says nothing of its attempts", async () => {
    const report = await toldBy({
      async run(context) {
        if (context.item.role === "control") await new Promise((done) => setTimeout(done, 30));
        return whatIsDue(context);
      },
    });
    expect(report?.slowestMs.store).toBeGreaterThan(25);
  });

  test.each([
    ["opened it", reached],
    ["did not", refused],
  ])("is a credential's fingerprint where its control %s", async (_how, answer) => {
    vi.stubEnv("TEST_CANARY", "the right one");
    const report = await toldBy({
      run({ item, secret }) {
        if (item.role === "control") secret("env:TEST_CANARY");
        return item.role === "control" ? answer : reached;
      },
    });
    const mark = fingerprint(runId, "the right one");
    expect(report?.credentials).toEqual(answer === reached ? { "env:TEST_CANARY": mark } : {});
  });

  test("is the link that its own system mints, and none where it cannot", async () => {
    const mint = vi.fn(async () => "a link");
    expect((await toldBy({ probe: { mint } }))?.offers).toEqual({ orders: "a link" });
    expect(mint).toHaveBeenCalledWith(expect.objectContaining({ own: { host: "orders.eu.internal" } }));
    const cannot = () => Promise.reject(new Error("no credential"));
    expect((await toldBy({ probe: { mint: cannot } }))?.offers).toEqual({});
    const far = aMap({ regions: ["eu", "us"], systems: [aSystem({ home: "us" })] });
    expect((await toldBy({ map: far, probe: { mint } }))?.offers, "nor for another's").toEqual({});
  });
});

describe("what an attempt is given", () => {
  const crossingsOf = async (parts: Parts) => {
    const { tried, entries } = await observed(parts);
    const crossings = tried.filter(({ item }) => isCrossing({ item }) && item.role === "attempt");
    const byRoute = (route: string) => crossings.find(({ item }) => item.vector.route === route);
    const written = entries("observation").filter(
      ({ item, phase }) => phase === "attempt" && crossings.some((one) => one.item.id === item),
    );
    return { tried, byName: byRoute("name"), byAddress: byRoute("address"), written };
  };

  test("is its target's endpoint, its own region's, and the addresses that the target's home proved", async () => {
    const reports = {
      eu: { addresses: { orders: ["127.0.0.8"] } },
      us: { addresses: { orders: ["127.0.0.9"], others: ["127.0.0.7"] } },
    };
    const { byName, byAddress, tried } = await crossingsOf({ reports });
    const endpoints = { own: { host: "orders.eu.internal" }, target: { host: "orders.us.internal" } };
    expect(byName).toMatchObject({ ...endpoints, learned: ["127.0.0.9"] });
    expect(byAddress).toMatchObject({ ...endpoints, address: "127.0.0.9" });
    const [control] = tried;
    expect(control).toMatchObject({ own: endpoints.own, target: endpoints.own });
  });

  test("is the other endpoint of a vendor, where it goes to that, and the addresses at which that answers", async () => {
    const endpoint = { host: "127.0.0.3", jurisdiction: "US" };
    const { tried, byAddress } = await crossingsOf({
      alter: (item) =>
        item.role === "attempt" && item.family === "trespass"
          ? { ...item, to: { ...item.to, endpoint } }
          : item,
      reports: { us: { addresses: { orders: ["127.0.0.9"], "orders at 127.0.0.3": ["127.0.0.3"] } } },
    });
    expect(byAddress).toMatchObject({ target: { host: "127.0.0.3" }, learned: ["127.0.0.3"] });
    expect(tried[0]?.target).toEqual({ host: "orders.eu.internal" });
  });

  test("is the value of a credential, and no other's", async () => {
    vi.stubEnv("TEST_CANARY", "held here");
    const [context] = (await crossingsOf({})).tried;
    expect(context?.secret("env:TEST_CANARY")).toBe("held here");
  });

  test("is an address that the environment's inventory has for that target, from here", async () => {
    const elsewhere = { "us/orders": [{ address: "127.0.0.4" }], "eu/orders": [{ address: "127.0.0.5" }] };
    const reports = { us: { addresses: { orders: ["127.0.0.9"] } } };
    const { tried } = await crossingsOf({ reports, job: { elsewhere } });
    const abroad = tried.filter(({ item }) => item.vector.route === "address").map(({ address }) => address);
    expect(abroad).toEqual(["127.0.0.9", "127.0.0.4"]);
  });

  test("is a token of its own, in each phase", async () => {
    const { tried } = await crossingsOf({ reports: { us: { addresses: { orders: ["127.0.0.9"] } } } });
    const [first, last] = [tried.at(0), tried.at(-1)] as [Context, Context];
    expect(first.token).toBe(sendToken(runId, first.item.id, "before"));
    expect(last.token).toBe(sendToken(runId, last.item.id, "after"));
    const attempts = tried.filter(({ item }) => item.role === "attempt");
    for (const { item, token } of attempts) expect(token).toBe(sendToken(runId, item.id, "attempt"));
  });

  test("is the target's link; the closing control has the one that was offered abroad, and the opening one another", async () => {
    let minted = 0;
    const mint = async () => `link ${++minted}`;
    const reports = { us: { offers: { orders: "their link" } } };
    const { tried, byName } = await crossingsOf({ reports, probe: { mint } });
    expect(byName?.offer).toBe("their link");
    const offers = tried.filter(({ item }) => item.role === "control").map(({ offer }) => offer);
    expect(offers).toEqual(["link 1", "link 2", "link 3", "link 3"]);
  });

  test("is as much time as the slowest control of its kind needed anywhere", async () => {
    const reports = { us: { slowestMs: { store: 50 } }, eu: { slowestMs: { store: 20, other: 900 } } };
    expect((await crossingsOf({ reports })).byName?.item.deadlineMs).toBe(200);
    expect((await crossingsOf({})).byName?.item.deadlineMs).toBe(60);
  });

  const differing: [string, string | undefined, Answer["outcome"]][] = [
    ["the one that worked there", "held here", refused.outcome],
    ["another than worked there", "held there", { kind: "faulted", code: "CREDENTIAL_DIFFERS" }],
    ["nothing that was shown to work there", undefined, refused.outcome],
  ];
  test.each(differing)("is a credential of its target's: %s", async (_which, works, outcome) => {
    vi.stubEnv("TEST_CANARY", "held here");
    const credentials = works === undefined ? {} : { "env:TEST_CANARY": fingerprint(runId, works) };
    const { written } = await crossingsOf({
      reports: { us: { credentials }, eu: { credentials: { "env:TEST_CANARY": "of another target" } } },
      run(context) {
        context.secret("env:TEST_CANARY");
        return whatIsDue(context);
      },
    });
    const [byName] = written.filter(({ item }) => item.includes("name"));
    expect(byName?.tries.map((one) => one.outcome)).toEqual([outcome]);
  });

  test.each(differing.map(([which, works]) => [which, works] as const))(
    "for a look at another region's data is %s, or the look proves nothing",
    async (_which, works) => {
      vi.stubEnv("TEST_OPENS", "held here");
      const credentials = works === undefined ? {} : { "env:TEST_OPENS": fingerprint(runId, works) };
      const { entries } = await observed({
        reports: { us: { credentials } },
        run({ item, secret }) {
          if (item.looksFor === "canaries") secret("env:TEST_OPENS");
          return { ...reached, findings: { canaries: [] } };
        },
      });
      const looked = (probe: string) =>
        entries("observation").find(({ item, phase }) => phase === "attempt" && item.includes(`/${probe}/`));
      const tenant =
        works === "held here" ? reached.outcome : { kind: "faulted", code: "CREDENTIAL_DIFFERS" };
      expect(looked("tenant")?.tries[0]?.outcome).toEqual(tenant);
      expect(looked("stray")?.tries[0]?.outcome, "what carries no such control").toEqual(reached.outcome);
    },
  );
});

describe("an answer that comes late", () => {
  /** One crossing is left waiting; what becomes of it at each stage. */
  async function waiting(at: Partial<Record<Stage, (one: Context) => unknown>>) {
    const left: Context[] = [];
    const { entries, journal } = await observed({
      run(context) {
        if (context.item.role === "control" || !isCrossing(context)) return whatIsDue(context);
        left.push(context);
        return new Promise(() => {});
      },
      at: Object.fromEntries(
        Object.entries(at).map(([stage, act]) => [stage, () => Promise.all(left.map(act))]),
      ),
    });
    expect(left).toHaveLength(1);
    const late = entries("late").map(({ item, address, rung, refused }) => ({
      item,
      address,
      rung,
      refused,
    }));
    return { late, whose: { item: left[0]?.item.id, address: "127.0.0.1" }, journal };
  }

  test("is in the journal as long as the run lasts, and closes with it", async () => {
    const { late, whose, journal } = await waiting({
      attempts: ({ ladder }) => ladder.climb("network"),
      "controls-after": ({ ladder }) => ladder.climb("tls"),
      finished: ({ ladder }) => ladder.climb("authentication"),
    });
    expect(late).toEqual([
      { ...whose, rung: "network" },
      { ...whose, rung: "tls" },
    ]);
    expect(journal().entries.at(-1)?.type).toBe("run-finished");
  });

  test("may be what it left behind, which is told until the run is closed", async () => {
    const answers: ((answer: Answer) => void)[] = [];
    const answer = (what: string) => async () => {
      answers.shift()?.({ ...reached, removed: { what, done: true } });
      await nextTurn();
    };
    const { entries, journal } = await observed({
      run(context) {
        if (context.item.role === "control" || !isCrossing(context)) return whatIsDue(context);
        return new Promise((done) => answers.push(done));
      },
      alter: (item) => (isCrossing({ item }) && item.role === "attempt" ? { ...item, repeats: 2 } : item),
      at: { attempts: answer("late"), finished: answer("too late") },
    });
    expect(answers).toEqual([]);
    const told = entries("removed").map(({ item, what, done }) => [item, what, done]);
    expect(told).toEqual([[expect.stringMatching(/\/read\/name-.*\/eu\/us$/), "late", true]]);
    expect(journal().problems).toEqual([]);
  });

  test("may be a refusal", async () => {
    const reset = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    const { late, whose } = await waiting({
      attempts({ ladder }) {
        ladder.socket().destroy(reset);
        return nextTurn();
      },
    });
    expect(late).toEqual([{ ...whose, rung: "network", refused: "ECONNREFUSED" }]);
  });
});

const [mouth] = outwardKinds;

test("a receiver is asked when every region's closing controls are done, for they may send to it", async () => {
  if (!mouth) throw new TypeError("nothing is sent outward");
  const map = aMap({ regions: ["eu"], systems: [aSystem({ id: "mouth", kind: mouth.kind })] });
  const at = "2026-11-22T12:00:00.000Z";
  const arrivals = [{ token: "0".repeat(32), from: "10.10.0.5", at }];
  const asked = vi.fn(async () => arrivals);
  const whenClosed: unknown[] = [];
  const { entries, happened } = await observed({
    kind: mouth,
    map,
    region: "outside",
    probe: { arrivals: asked },
    at: { "controls-after": () => whenClosed.push(asked.mock.calls.length) },
  });
  expect(whenClosed).toEqual([0]);
  expect(happened.at(-1)).toBe("finished");
  expect(entries("witnessed")).toEqual([expect.objectContaining({ system: "mouth", arrivals })]);
});
