import { afterEach, describe, expect, test } from "vitest";
import { type Sns, startSns } from "../fixtures/aws-services/sns.ts";
import { type Sqs, startSqs } from "../fixtures/aws-services/sqs.ts";
import { type RunningObjectStore, startObjectStore } from "../fixtures/object-store/server.ts";
import { attempt } from "./attempt.ts";
import { canaryDigest, newCanary } from "./canary.ts";
import type { Probe } from "./probe.ts";
import { sns } from "./sns.ts";

/** The real SDK against a real signature check and real policies, on loopback without TLS. */
const eu = "eu-central-1";
const us = "us-east-1";
const account = "111122223333";
const canaries = { [eu]: newCanary(), [us]: newCanary() } as Record<string, string>;
const topicArn = (region: string, topic = "events") => `arn:aws:sns:${region}:${account}:${topic}`;
const queueArn = (region: string) => `arn:aws:sqs:${region}:${account}:inbox`;
const grant = (region: string, more: object) => ({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "*", Resource: topicArn(region), ...more },
});

let topics: Sns;
let queues: Sqs;
let running: RunningObjectStore;
afterEach(() => running[Symbol.asyncDispose]());

/** `reach`: the regions whose topics the EU's workload is allowed to use. `more`: of the own topic. */
async function start(reach: readonly string[] = [eu], more: object = {}): Promise<void> {
  const Principal = { Service: "sns.amazonaws.com" };
  const inbox = (region: string) => ({
    name: "inbox",
    policy: {
      Version: "2012-10-17" as const,
      Statement: { Effect: "Allow" as const, Principal, Action: "sqs:*", Resource: queueArn(region) },
    },
  });
  queues = startSqs({ [eu]: [inbox(eu)], [us]: [inbox(us)] });
  const topic = (region: string) => ({
    name: "events",
    tags: { "ringfence-canary": canaries[region] ?? "" },
    subscriptions: [{ protocol: "sqs" as const, endpoint: queueArn(region) }],
  });
  topics = startSns({ [us]: [topic(us)] }, { queues });
  topics.write(eu, [{ ...topic(eu), ...more }, { name: "orders" }]);
  const Resource = reach.map((region) => topicArn(region, "*"));
  const rights = { Effect: "Allow" as const, Action: "sns:*", Resource };
  const policies = [{ Version: "2012-10-17" as const, Statement: rights }];
  running = await startObjectStore({
    tls: null,
    listen: [{ region: eu, addresses: ["127.0.0.1"], port: 0 }],
    account: {
      id: account,
      users: [{ name: "shop", accessKeyId: "AKIASHOP", secretAccessKey: "a-secret", policies }],
      roles: [],
    },
    networks: [],
    buckets: [{ name: "one-of-the-us", region: us }],
    services: [topics],
  });
}

function endpoint(region: string, more: object = {}) {
  const pair = { accessKeyId: "env:ID", secretAccessKey: "env:SECRET" };
  return {
    host: `sns.${region}.amazonaws.com`,
    port: running.listeners[0]?.port ?? 0,
    tls: false,
    region,
    account,
    topic: "events",
    watched: [],
    credentials: { own: pair, canary: pair },
    ...more,
  };
}

async function run(probe: string, to: string, { own = endpoint(eu), secret = "a-secret" } = {}) {
  const check = sns.checks.find((one) => one.probe === probe);
  const target = endpoint(to);
  const item = {
    id: "x",
    role: "attempt",
    path: "queue",
    kind: "sns",
    probe,
    title: "x",
    family: check?.family,
    vector: { route: "address", addressFamily: 4, credentials: "own" },
    from: { region: eu, principal: "workload" },
    to: { region: to, system: "events" },
    stopBy: "authorization",
    goal: check?.goal,
    contacts: "target",
    deadlineMs: 8000,
  } as Parameters<typeof attempt>[0];
  const [record] = await attempt(item, {
    probe: { ...sns, contact: () => ({ host: "127.0.0.1", port: target.port }) } as unknown as Probe,
    context: {
      item,
      own,
      target,
      runId: "run",
      secret: (reference) => (reference === "env:ID" ? "AKIASHOP" : secret),
      offer: undefined,
      token: "0".repeat(32),
    },
    learned: ["127.0.0.1"],
    onLate: () => {},
    keepOpen: (ladder) => ladder.close(),
  });
  return record;
}

const letIn = { kind: "reached", rung: "authorization" };
const refused = { kind: "refused", rung: "authorization", code: "AccessDenied" };
const faulted = (code: string) => ({ kind: "faulted", code });
const bodies = (region: string) =>
  queues.read(region).flatMap(({ messages = [] }) => messages.map(({ body }) => body));

describe("publishing", () => {
  test("at home is accepted, and the token is with the subscribers, which is written down", async () => {
    await start();
    const record = await run("sns-publish", eu);
    expect(record?.entry.outcome).toEqual(letIn);
    expect(record?.removed).toMatchObject({
      what: expect.stringContaining("eu-central-1:events ringfence-token-run-"),
      done: false,
    });
    expect(bodies(eu)).toEqual([expect.stringContaining("ringfence-token-run-")]);
  });

  test("abroad is refused at authorization, where the policy says so, and nobody gets anything", async () => {
    await start();
    const record = await run("sns-publish", us);
    expect(record?.entry).toMatchObject({ climbed: "authentication", outcome: refused });
    expect(record?.removed).toBeUndefined();
    expect(bodies(us)).toEqual([]);
  });

  test("abroad is let in by rights everywhere, and what was sent is there", async () => {
    await start([eu, us]);
    expect((await run("sns-publish", us))?.entry.outcome).toEqual(letIn);
    expect(bodies(us)).toEqual([expect.stringContaining("ringfence-token-run-")]);
  });

  test("a topic that does not exist proves nothing, as nobody had to refuse", async () => {
    await start([eu, us]);
    topics.write(us, []);
    expect((await run("sns-publish", us))?.entry.outcome).toEqual(faulted("NotFoundException"));
  });

  test("a wrong secret proves nothing, because it says nothing of rights", async () => {
    await start();
    expect((await run("sns-publish", us, { secret: "another" }))?.entry.outcome).toEqual(
      faulted("SignatureDoesNotMatch"),
    );
  });
});

describe("a look inside", () => {
  const whole = { rung: "data", canary: canaryDigest(canaries[eu]) };
  const foundIn = async (more: object, own?: Parameters<typeof run>[2]) => {
    await start([eu], more);
    return (await run("sns-links", eu, own))?.entry;
  };

  test("names each subscription's place, whether confirmed or not", async () => {
    const entry = await foundIn({
      subscriptions: [
        { protocol: "sqs", endpoint: queueArn(us) },
        { protocol: "https", endpoint: "https://hooks.example/secret-token", pending: true },
      ],
    });
    expect(entry?.outcome).toMatchObject(whole);
    expect(entry?.findings?.links).toEqual([
      { what: "the sqs subscription of events", peer: queueArn(us), addresses: [], region: us },
    ]);
    expect(entry?.findings?.settings).toEqual([
      { what: "host", setting: "the pending https subscription of events", host: "hooks.example" },
    ]);
  });

  test("says whom the policy lets in, and finds nothing in the one that a topic has by itself", async () => {
    const open = await foundIn({ policy: grant(eu, { Principal: "*" }) });
    expect(open?.findings?.links).toContainEqual({
      what: "a grant of the policy of events",
      peer: "everybody",
      addresses: [],
      region: "everywhere",
    });
    await running[Symbol.asyncDispose]();
    const usual = await foundIn({ subscriptions: [] });
    expect(usual).toMatchObject({ outcome: whole, findings: { links: [], settings: [] } });
  });

  test("looks at the watched topics as well, and a watched one that is gone is no clean look", async () => {
    await start();
    topics.write(eu, [
      ...topics.read(eu).filter(({ name }) => name !== "orders"),
      {
        name: "orders",
        subscriptions: [{ protocol: "lambda", endpoint: `arn:aws:lambda:${us}:1:function:f` }],
      },
    ]);
    const own = endpoint(eu, { watched: ["orders"] });
    expect((await run("sns-links", eu, { own }))?.entry.findings?.links).toContainEqual(
      expect.objectContaining({ what: "the lambda subscription of orders", region: us }),
    );
    const lost = endpoint(eu, { watched: ["orders", "gone"] });
    expect((await run("sns-links", eu, { own: lost }))?.entry.outcome).toEqual(faulted("NotFoundException"));
  });

  test("reads every page", async () => {
    const subscriptions = [...Array(250).keys()].map((number) => ({
      protocol: "sqs",
      endpoint: `${queueArn(eu)}-${number}`,
    }));
    const entry = await foundIn({ subscriptions });
    expect(entry?.findings?.links).toHaveLength(250);
  });

  test.each<[string, object]>([
    ["that ends before all were listed", { unlisted: 1 }],
    [
      "of more than anybody looks at",
      { subscriptions: Array(501).fill({ protocol: "sqs", endpoint: queueArn(eu) }) },
    ],
  ])("a listing %s is no clean look", async (_, more) => {
    const entry = await foundIn(more);
    expect(entry?.outcome).toEqual(faulted("SEARCH_TRUNCATED"));
  });

  test("a topic without its canary shows nothing, because it may be any topic", async () => {
    const entry = await foundIn({ tags: {} });
    expect(entry?.outcome).toEqual(faulted("NO_CANARY_IN_ANSWER"));
  });

  test("says where the topic is", async () => {
    await start();
    expect((await run("sns-wiring", eu))?.entry.findings?.servedFrom).toEqual({ addresses: [], region: eu });
  });
});
