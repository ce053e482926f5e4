import dns from "node:dns/promises";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { aTrial } from "../core/a-trial.ts";
import { RingfenceError } from "../core/errors.ts";
import type { PlannedItem } from "../core/plan.ts";
import type { Outcome } from "../core/vocabulary.ts";
import { type AttemptOptions, attempt, brokenConnection, networkOutcome } from "./attempt.ts";
import { Ladder } from "./ladder.ts";
import type { Probe } from "./probe.ts";
import { tcp } from "./tcp.ts";

const deadlineMs = 300;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server on loopback that does as told with every connection. */
async function aServer(serve: (socket: Socket) => void = () => {}): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    serve(socket);
  });
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

async function aClosedPort(): Promise<number> {
  const port = await aServer();
  await closing.pop()?.();
  return port;
}

function anItem(parts: Partial<PlannedItem> = {}): PlannedItem {
  const item = aTrial().plan.items.find(({ role }) => role === "attempt");
  if (!item) throw new TypeError("the trial holds no attempt");
  return { ...item, deadlineMs, ...parts };
}

/** Sends nothing and waits for the first byte. */
const listening: Probe = {
  ...tcp,
  async run({ address, target, ladder }) {
    const socket = ladder.socket();
    await once(socket.connect({ host: address, port: Number(target.port) }), "data");
    return { outcome: { kind: "reached", rung: "data" } };
  },
  explain: (error, ladder) => brokenConnection(error, ladder) ?? tcp.explain(error, ladder),
};

async function attempted(
  to: { host?: string; port: number },
  { item = anItem(), ...rest }: Partial<AttemptOptions> & { item?: PlannedItem } = {},
) {
  const open: Ladder[] = [];
  closing.push(() => {
    for (const ladder of open) ladder.close();
  });
  const target = { host: "127.0.0.1", ...to };
  const secret = () => "";
  const records = await attempt(item, {
    probe: tcp,
    context: { item, own: target, target, runId: "a-run", secret, offer: undefined, token: "0".repeat(32) },
    learned: [],
    onLate: () => {},
    keepOpen: (ladder) => open.push(ladder),
    ...rest,
  });
  return { tries: records.map(({ entry }) => entry), open };
}

describe("what a TCP attempt met", () => {
  test("a listening port: the network let it through", async () => {
    const { tries, open } = await attempted({ port: await aServer() });
    expect(tries).toEqual([
      expect.objectContaining({
        address: "127.0.0.1",
        climbed: "network",
        outcome: { kind: "reached", rung: "network" },
        syns: null,
      }),
    ]);
    expect(open).toEqual([]);
  });

  test("a closed port: refused at the network, as the kernel said", async () => {
    const { tries } = await attempted({ port: await aClosedPort() });
    expect(tries).toEqual([
      expect.objectContaining({
        climbed: "name",
        outcome: { kind: "refused", rung: "network", code: "ECONNREFUSED" },
      }),
    ]);
  });

  test("a port that is reset after the handshake: refused past the network, because some firewalls reset late", async () => {
    const port = await aServer((socket) => void sleep(50).then(() => socket.resetAndDestroy()));
    const { tries } = await attempted({ port }, { probe: listening });
    expect(tries[0]).toMatchObject({
      climbed: "network",
      outcome: { kind: "refused", rung: "tls", code: "ECONNRESET" },
    });
  });

  test("a server that accepts and says nothing: silent on the next rung, within the deadline", async () => {
    const { tries, open } = await attempted({ port: await aServer() }, { probe: listening });
    expect(tries[0]).toMatchObject({
      climbed: "network",
      outcome: { kind: "silent", rung: "tls" },
      syns: null,
    });
    expect(tries[0]?.durationMs).toBeGreaterThanOrEqual(deadlineMs - 2);
    expect(tries[0]?.durationMs).toBeLessThan(4 * deadlineMs);
    expect(open, "its socket stays open until the run ends").toHaveLength(1);
  });

  test("an answer after the deadline is reported, because it is still an answer", async () => {
    const onLate = vi.fn();
    const port = await aServer((socket) => void sleep(deadlineMs + 100).then(() => socket.write("at last")));
    const { tries } = await attempted({ port }, { probe: listening, onLate });
    expect(tries[0]?.outcome).toEqual({ kind: "silent", rung: "tls" });
    expect(onLate).not.toHaveBeenCalled();
    await expect.poll(() => onLate.mock.calls).toContainEqual(["127.0.0.1", "data"]);
  });

  test.each<[what: string, error: Partial<NodeJS.ErrnoException>, late: unknown[][]]>([
    ["a reset", { code: "ECONNREFUSED" }, [["127.0.0.1", "network", "ECONNREFUSED"]]],
    ["a router's answer", { code: "EHOSTUNREACH" }, [["127.0.0.1", "network", "EHOSTUNREACH"]]],
    ["the kernel's own end of a long silence", { code: "ETIMEDOUT" }, []],
    ["a route that the own machine lost", { code: "EHOSTUNREACH", message: "no route - Local (::)" }, []],
    ["a reset of what had stood", { code: "ECONNRESET" }, [["127.0.0.1", "network"]]],
    ["an end without a reason", {}, []],
  ])("%s after the deadline is told for what it is", async (_what, error, late) => {
    const onLate = vi.fn();
    const sockets: Socket[] = [];
    const probe: Probe = { ...tcp, run: ({ ladder }) => new Promise(() => sockets.push(ladder.socket())) };
    const { tries } = await attempted({ port: 1 }, { probe, onLate });
    expect(tries[0]?.outcome).toEqual({ kind: "silent", rung: "network" });
    sockets[0]?.destroy(Object.assign(new Error("late"), error));
    await sleep(10);
    expect(onLate.mock.calls).toEqual(late);
  });

  test("an endless answer does not outlast the deadline", async () => {
    const flood = (socket: Socket) => {
      const more = () => {
        while (!socket.destroyed && socket.write("x".repeat(1000)));
      };
      socket.on("drain", more);
      more();
    };
    const drip: Probe = {
      ...listening,
      run: (context) => listening.run(context).then(() => new Promise(() => {})),
    };
    const { tries } = await attempted({ port: await aServer(flood) }, { probe: drip });
    expect(tries[0]?.outcome.kind).toBe("silent");
    expect(tries[0]?.durationMs).toBeLessThan(4 * deadlineMs);
  });
});

describe("where an attempt goes", () => {
  const byAddress = anItem({ vector: { route: "address", addressFamily: 4, credentials: "none" } });
  const host = "orders.us.internal";

  test("by address: to what the target's home proved, without asking for a name", async () => {
    const { tries } = await attempted(
      { host, port: await aServer() },
      { item: byAddress, learned: ["127.0.0.1", "::1"] },
    );
    expect(tries).toEqual([expect.objectContaining({ address: "127.0.0.1", climbed: "network" })]);
  });

  test.each([[[]], [["::1"]]])(
    "by address, where the home proved none of its family (%j): a fault, for nothing was tried",
    async (learned) => {
      const { tries } = await attempted({ host, port: 1 }, { item: byAddress, learned });
      expect(tries).toEqual([
        expect.objectContaining({
          address: null,
          climbed: null,
          outcome: { kind: "faulted", code: "NO_ADDRESS_LEARNED" },
        }),
      ]);
    },
  );

  test("to a literal address of the other family: a fault, for nothing was tried", async () => {
    const item = anItem({ vector: { route: "name", addressFamily: 6, credentials: "none" } });
    const { tries } = await attempted({ port: 1 }, { item });
    expect(tries[0]?.outcome).toEqual({ kind: "faulted", code: "NO_ADDRESS_OF_FAMILY" });
  });

  test("to the target's endpoint, and not to the own one", async () => {
    const [target, own] = ["127.0.0.2", "127.0.0.1"].map((host) => ({ host, port: 1 }));
    const item = anItem();
    const rest = { item, runId: "a-run", secret: () => "", offer: undefined, token: "0".repeat(32) };
    const context = { ...rest, own: own ?? {}, target: target ?? {} };
    const { tries } = await attempted({ port: 1 }, { item, context });
    expect(tries.map(({ address }) => address)).toEqual(["127.0.0.2"]);
  });

  test("to every address as often as is planned, because a hole may let only some connections through", async () => {
    const { tries } = await attempted(
      { host, port: await aServer() },
      { item: { ...byAddress, repeats: 3 }, learned: ["127.0.0.1", "127.0.0.2"] },
    );
    expect(tries.map(({ address }) => address)).toEqual([
      ...Array(3).fill("127.0.0.1"),
      ...Array(3).fill("127.0.0.2"),
    ]);
  });

  test("to every address, each as its own try", async () => {
    const { tries } = await attempted(
      { host, port: await aServer() },
      { item: byAddress, learned: ["127.0.0.1", "127.0.0.2"] },
    );
    expect(tries.map(({ address, outcome }) => [address, outcome.kind])).toEqual([
      ["127.0.0.1", "reached"],
      ["127.0.0.2", "refused"],
    ]);
  });

  test("to each literal address, one at a time, where the way leads over the own endpoint", async () => {
    const asked: (readonly string[])[] = [];
    const probe: Probe = {
      ...tcp,
      async run({ learned }) {
        asked.push(learned);
        return { outcome: { kind: "refused", rung: "network", code: "PROXY_403", local: true } };
      },
    };
    const item = anItem({
      contacts: "own",
      vector: { route: "address", addressFamily: 4, credentials: "none" },
    });
    const learned = ["10.20.0.5", "fd10:20::5", "10.20.0.6"];
    await attempted({ host: "127.0.0.1", port: 1 }, { item, probe, learned });
    expect(asked).toEqual([["10.20.0.5"], ["10.20.0.6"]]);
    asked.length = 0;
    await attempted({ host: "127.0.0.1", port: 1 }, { item, probe, learned: ["fd10:20::5"] });
    expect(asked, "none of its family is one way, that the probe calls a fault").toEqual([["fd10:20::5"]]);
    asked.length = 0;
    const byName = { ...item, vector: { ...item.vector, route: "name" as const } };
    for (const one of [{ ...item, role: "control" as const }, byName])
      await attempted({ host: "127.0.0.1", port: 1 }, { item: one, probe, learned });
    expect(asked, "a control, and whoever goes by name, has no single one").toEqual([learned, learned]);
  });

  test("to the own endpoint, where the check is made there", async () => {
    const item = anItem({ contacts: "own" });
    const own = { host: "127.0.0.1", port: 1 };
    const context = {
      item,
      own,
      target: { host, port: 1 },
      runId: "a-run",
      secret: () => "",
      offer: undefined,
      token: "0".repeat(32),
    };
    const { tries } = await attempted({ port: 1 }, { item, context });
    expect(tries[0]?.address).toBe("127.0.0.1");
  });
});

describe("what a name leads to", () => {
  /** Each lookup in turn, and the last one for good. */
  function leading(...lookups: (string[] | Error | Promise<never>)[]) {
    let asked = 0;
    const lookup = vi.spyOn(dns, "lookup").mockImplementation((async () => {
      const met = await lookups[Math.min(asked++, lookups.length - 1)];
      if (met instanceof Error) throw met;
      return met?.map((address) => ({ address, family: 4 }));
    }) as unknown as typeof dns.lookup);
    closing.push(() => lookup.mockRestore());
    return lookup;
  }
  const host = "orders.us.internal";
  const vector = (route: "name" | "address") => ({ route, addressFamily: 4, credentials: "none" }) as const;
  const elsewhere = [{ address: "127.0.0.9" }];
  const addresses = (tries: readonly { address: string | null }[]) => tries.map(({ address }) => address);

  test.each<[what: string, item: Partial<PlannedItem>]>([
    ["by name, whatever its home proved", { vector: vector("name") }],
    [
      "at home, where there is nothing to learn",
      { vector: vector("address"), to: { region: "eu", system: "orders" } },
    ],
    ["over the own system, which is at home", { vector: vector("address"), contacts: "own" }],
  ])("is tried %s", async (_what, parts) => {
    const lookup = leading(["127.0.0.1", "127.0.0.2", "127.0.0.1"]);
    const item = anItem({ from: { region: "eu", principal: "workload" }, ...parts });
    const { tries } = await attempted({ host, port: 1 }, { item, learned: ["127.0.0.8"], elsewhere });
    expect(addresses(tries)).toEqual(["127.0.0.1", "127.0.0.2"]);
    expect(lookup).toHaveBeenCalledOnce();
  });

  test("is asked again and again where it must not lead elsewhere even once", async () => {
    const lookup = leading(
      ["127.0.0.1"],
      ["127.0.0.1"],
      new Error("once"),
      ["127.0.0.2"],
      new Error("no more"),
    );
    const begun = performance.now();
    const { tries } = await attempted({ host, port: 1 }, { item: anItem({ family: "wiring" }) });
    expect(addresses(tries)).toEqual(["127.0.0.1", "127.0.0.2"]);
    expect(lookup.mock.calls.length).toBeGreaterThan(4);
    expect(performance.now() - begun, "over half of its time").toBeGreaterThan(deadlineMs / 3);
  });

  test("is nothing, however often it is asked: one try says so", async () => {
    leading(new Error("no such name"));
    const { tries } = await attempted({ host, port: 1 }, { item: anItem({ family: "wiring" }) });
    expect(addresses(tries)).toEqual([null]);
  });

  test("is unknown where no name server answers in time: nothing was attempted", async () => {
    leading(new Promise<never>(() => {}));
    const { tries } = await attempted({ host, port: 1 });
    expect(tries).toEqual([
      expect.objectContaining({ address: null, climbed: null, outcome: { kind: "silent", rung: "name" } }),
    ]);
  });
});

describe("whatever a probe throws becomes an outcome", () => {
  const throwing = (error: unknown): Probe => ({ ...tcp, run: () => Promise.reject(error) });
  test.each<[string, unknown, Outcome]>([
    [
      "our own error, by its code",
      new RingfenceError("CREDENTIAL_MISSING", "no", { fix: "set it" }),
      { kind: "faulted", code: "CREDENTIAL_MISSING" },
    ],
    [
      "a client's error, as the probe explains it",
      Object.assign(new Error("no"), { code: "EMFILE" }),
      { kind: "faulted", code: "EMFILE" },
    ],
    ["an error without a code", new Error("no"), { kind: "faulted", code: "UNKNOWN" }],
  ])("%s", async (_what, error, outcome) => {
    const { tries } = await attempted({ port: 1 }, { probe: throwing(error) });
    expect(tries[0]?.outcome).toEqual(outcome);
  });

  test("even when it throws before it begins", async () => {
    const probe: Probe = {
      ...tcp,
      run: () => {
        throw Object.assign(new Error("at once"), { code: "ERR_AT_ONCE" });
      },
    };
    expect((await attempted({ port: 1 }, { probe })).tries[0]?.outcome).toEqual({
      kind: "faulted",
      code: "ERR_AT_ONCE",
    });
  });
});

describe("what a connect error means", () => {
  const local = "connect ENETUNREACH fd10:20::5:5432 - Local (:::0)";
  test.each<[code: string | undefined, message: string, outcome: Outcome]>([
    [
      "ECONNREFUSED",
      "connect ECONNREFUSED 10.20.0.5:5432",
      { kind: "refused", rung: "network", code: "ECONNREFUSED" },
    ],
    [
      "EHOSTUNREACH",
      "connect EHOSTUNREACH 10.20.0.5:5432",
      { kind: "refused", rung: "network", code: "EHOSTUNREACH" },
    ],
    [
      "ENETUNREACH",
      "connect ENETUNREACH 10.20.0.5:5432",
      { kind: "refused", rung: "network", code: "ENETUNREACH" },
    ],
    ["ENETUNREACH", local, { kind: "refused", rung: "network", code: "ENETUNREACH", local: true }],
    [
      "EHOSTUNREACH",
      local.replace("ENET", "EHOST"),
      { kind: "refused", rung: "network", code: "EHOSTUNREACH", local: true },
    ],
    [
      "EACCES",
      "connect EACCES 10.20.0.5:5432",
      { kind: "refused", rung: "network", code: "EACCES", local: true },
    ],
    [
      "EPERM",
      "connect EPERM 10.20.0.5:5432",
      { kind: "refused", rung: "network", code: "EPERM", local: true },
    ],
    ["ETIMEDOUT", "connect ETIMEDOUT 10.20.0.5:5432", { kind: "silent", rung: "network" }],
    [
      "EADDRNOTAVAIL",
      "connect EADDRNOTAVAIL 10.20.0.5:5432 - Local (0.0.0.0:0)",
      { kind: "faulted", code: "EADDRNOTAVAIL" },
    ],
    [
      "ECONNREFUSED",
      "connect ECONNREFUSED 10.20.0.5:5432 - Local (0.0.0.0:0)",
      { kind: "faulted", code: "ECONNREFUSED" },
    ],
    [
      "EMFILE",
      "connect EMFILE 10.20.0.5:5432 - Local (undefined:undefined)",
      { kind: "faulted", code: "EMFILE" },
    ],
    ["ECONNRESET", "read ECONNRESET", { kind: "faulted", code: "ECONNRESET" }],
    [undefined, "no code", { kind: "faulted", code: "UNKNOWN" }],
  ])("%s: %s", (code, message, outcome) => {
    expect(networkOutcome(Object.assign(new Error(message), code ? { code } : {}))).toEqual(outcome);
  });

  const lost = Object.assign(new Error(local), { code: "ENETUNREACH" });
  const closed = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  const timedOut = Object.assign(new Error("connect ETIMEDOUT"), { code: "ETIMEDOUT" });
  test.each<[contacts: PlannedItem["contacts"], error: NodeJS.ErrnoException, outcome: Outcome]>([
    ["target", lost, { kind: "refused", rung: "network", code: "ENETUNREACH", local: true }],
    ["own", lost, { kind: "faulted", code: "ENETUNREACH" }],
    ["target", closed, { kind: "refused", rung: "network", code: "ECONNREFUSED" }],
    ["own", closed, { kind: "refused", rung: "network", code: "ECONNREFUSED" }],
    ["own", timedOut, { kind: "silent", rung: "network" }],
  ])(
    "on the way to the %s system: %s; no way to the own one says nothing of a border",
    async (contacts, error, outcome) => {
      const probe: Probe = {
        ...tcp,
        run: ({ ladder }) =>
          new Promise((_, fail) => void ladder.socket().once("error", fail).destroy(error)),
      };
      const { tries } = await attempted({ port: 1 }, { item: anItem({ contacts }), probe });
      expect(tries[0]?.outcome).toEqual(outcome);
    },
  );

  test("a connection that broke may be a border's doing before TLS stood, and other errors are not its affair", () => {
    const ladder = new Ladder();
    ladder.climb("network");
    expect(brokenConnection({ code: "EPIPE", syscall: "write" }, ladder)).toEqual({
      kind: "refused",
      rung: "tls",
      code: "EPIPE",
    });
    expect(brokenConnection({ code: "ECONNRESET" }, ladder), "Node's word for an orderly close").toEqual({
      kind: "faulted",
      code: "CLOSED_BY_PEER",
    });
    expect(brokenConnection({ code: "28P01" }, ladder)).toBeNull();
    expect(brokenConnection(null, ladder)).toBeNull();
    for (const rung of ["tls", "authentication", "authorization"] as const) {
      ladder.climb(rung);
      expect(brokenConnection({ code: "ECONNRESET", syscall: "read" }, ladder), rung).toEqual({
        kind: "faulted",
        code: "ECONNRESET",
      });
    }
  });
});

describe("where else the inventory has a target", () => {
  const byAddress = anItem({ vector: { route: "address", addressFamily: 4, credentials: "none" } });

  test("is tried beside what its home proved, on the port that is open there", async () => {
    const [home, published] = [await aClosedPort(), await aServer()];
    const { tries } = await attempted(
      { host: "orders.example", port: home },
      { item: byAddress, learned: ["127.0.0.1"], elsewhere: [{ address: "127.0.0.1", port: published }] },
    );
    expect(tries.map(({ address, outcome }) => `${address} ${outcome.kind}`)).toEqual([
      "127.0.0.1 refused",
      "127.0.0.1 reached",
    ]);
  });

  test("is the same endpoint but for its port", async () => {
    const targets: unknown[] = [];
    const probe: Probe = {
      ...tcp,
      async run({ target, own, runId }) {
        targets.push({ target, own, runId });
        return { outcome: { kind: "reached", rung: "network" } };
      },
    };
    const to = { host: "orders.example", port: 1, database: "orders" };
    const elsewhere = [{ address: "127.0.0.1", port: 2 }, { address: "127.0.0.2" }];
    await attempted(to, { item: byAddress, probe, learned: ["127.0.0.1"], elsewhere });
    const rest = { own: to, runId: "a-run" };
    expect(targets).toEqual([
      { target: to, ...rest },
      { target: { ...to, port: 2 }, ...rest },
      { target: to, ...rest },
    ]);
  });

  test("is not tried over the other address family", async () => {
    const { tries } = await attempted(
      { host: "orders.example", port: await aClosedPort() },
      { item: byAddress, learned: ["127.0.0.1"], elsewhere: [{ address: "::1" }] },
    );
    expect(tries.map(({ address }) => address)).toEqual(["127.0.0.1"]);
  });
});

describe("how much one connection may bring", () => {
  const refusedBefore: Outcome = { kind: "refused", rung: "authorization", code: "NOPERM" };
  const long = 100 * 1024;
  const reading: Probe = {
    ...tcp,
    async run({ address, target, ladder }) {
      const socket = ladder.socket();
      socket.connect({ host: address, port: Number(target.port) });
      let read = 0;
      for await (const chunk of socket) read += (chunk as Buffer).length;
      return { outcome: { kind: read === long ? "reached" : "silent", rung: "data" } };
    },
  };
  const cutOff: Outcome = { kind: "faulted", code: "ANSWER_TOO_LONG" };

  test.each<[what: string, outcome: Outcome, told: Outcome]>([
    ["a probe that calls it a fault of its own", { kind: "faulted", code: "NOT_JSON" }, cutOff],
    [
      "one that was refused before",
      { kind: "refused", rung: "authorization", code: "NOPERM" },
      refusedBefore,
    ],
  ])("is why it was not read to its end: %s", async (_what, outcome, told) => {
    const probe: Probe = { ...reading, run: (context) => reading.run(context).catch(() => ({ outcome })) };
    const port = await aServer((socket) => void socket.end(Buffer.alloc(long)));
    const { tries } = await attempted({ port }, { item: anItem({ deadlineMs: 2000 }), probe });
    expect(tries[0]).toMatchObject({ climbed: "network", outcome: told });
  });
  const whole: Outcome = { kind: "reached", rung: "data" };

  test.each<[family: PlannedItem["family"], longestSearchBytes: number | undefined, outcome: Outcome]>([
    ["trespass", undefined, cutOff],
    ["trespass", 2 * long, cutOff],
    ["send", undefined, cutOff],
    ["stray", undefined, whole],
    ["wiring", undefined, whole],
    ["stray", long - 1, cutOff],
  ])(
    "an attempt that is to %s, where a search may bring %s bytes",
    async (family, longestSearchBytes, outcome) => {
      const port = await aServer((socket) => void socket.end(Buffer.alloc(long)));
      const probe = longestSearchBytes === undefined ? reading : { ...reading, longestSearchBytes };
      const { tries } = await attempted({ port }, { item: anItem({ family, deadlineMs: 2000 }), probe });
      expect(tries[0]?.outcome).toEqual(outcome);
    },
  );
});
