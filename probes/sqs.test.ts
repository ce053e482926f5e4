import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { type Sqs, startSqs } from "../fixtures/aws-services/sqs.ts";
import { type RunningObjectStore, startObjectStore } from "../fixtures/object-store/server.ts";
import { Loopback } from "../tests/loopback.ts";
import { attempt } from "./attempt.ts";
import { canaryDigest, newCanary } from "./canary.ts";
import type { Probe } from "./probe.ts";
import { sqs } from "./sqs.ts";

/** The real SDK against a real signature check and real policies, on loopback without TLS. */
const eu = "eu-central-1";
const us = "us-east-1";
const account = "111122223333";
const canaries = { [eu]: newCanary(), [us]: newCanary() } as Record<string, string>;
const arn = (region: string) => `arn:aws:sqs:${region}:${account}:jobs`;

let queues: Sqs;
let running: RunningObjectStore;
afterEach(() => running[Symbol.asyncDispose]());

/** `reach`: the regions whose queues the EU's workload is allowed to use. */
async function start(reach: readonly string[] = [eu], more: Record<string, object> = {}): Promise<void> {
  const queue = (region: string) => ({
    name: "jobs",
    messages: [{ body: canaries[region] ?? "", attributes: { "ringfence-region": region } }],
    ...more[region],
  });
  queues = startSqs({ [eu]: [queue(eu), { name: "dead" }], [us]: [queue(us)] });
  const Statement = {
    Effect: "Allow",
    Action: "sqs:*",
    Resource: [...reach.map(arn), `${arn(eu).slice(0, -4)}dead`],
  } as const;
  running = await startObjectStore({
    tls: null,
    listen: [{ region: eu, addresses: ["127.0.0.1"], port: 0 }],
    account: {
      id: account,
      users: [
        {
          name: "worker",
          accessKeyId: "AKIAWORKER",
          secretAccessKey: "a-secret",
          policies: [
            { Version: "2012-10-17", Statement: { ...Statement, Resource: [...Statement.Resource] } },
          ],
        },
      ],
      roles: [],
    },
    networks: [],
    buckets: [{ name: "one-of-the-us", region: us }],
    services: [queues],
  });
}

function endpoint(region: string, more: object = {}) {
  const pair = { accessKeyId: "env:ID", secretAccessKey: "env:SECRET" };
  return {
    host: `sqs.${region}.amazonaws.com`,
    port: running.listeners[0]?.port ?? 0,
    tls: false,
    region,
    account,
    queue: "jobs",
    credentials: { own: pair, canary: pair },
    ...more,
  };
}

async function run(
  probe: string,
  to: string,
  {
    own = endpoint(eu),
    secret = "a-secret",
    deadlineMs = 8000,
  }: { own?: object; secret?: string; deadlineMs?: number } = {},
) {
  const check = sqs.checks.find((one) => one.probe === probe);
  const target = endpoint(to);
  const item = {
    id: "x",
    role: "attempt",
    path: "queue",
    kind: "sqs",
    probe,
    title: "x",
    family: check?.family,
    vector: { route: "address", addressFamily: 4, credentials: "own" },
    from: { region: eu, principal: "workload" },
    to: { region: to, system: "jobs" },
    stopBy: "authorization",
    goal: check?.goal,
    contacts: "target",
    deadlineMs,
  } as Parameters<typeof attempt>[0];
  const [record] = await attempt(item, {
    probe: { ...sqs, contact: () => ({ host: "127.0.0.1", port: target.port }) } as unknown as Probe,
    context: {
      item,
      own: own as Record<string, unknown>,
      target,
      runId: "run",
      secret: (reference) => (reference === "env:ID" ? "AKIAWORKER" : secret),
      offer: undefined,
      token: "0".repeat(32),
    },
    learned: ["127.0.0.1"],
    onLate: () => {},
    keepOpen: (ladder) => ladder.close(),
  });
  return record;
}

const bodies = (region: string) =>
  queues.read(region).flatMap(({ messages = [] }) => messages.map(({ body }) => body));
const refused = { kind: "refused", rung: "authorization", code: "AccessDenied" };

describe("receiving", () => {
  test("at home finds the canary of the region that was asked, and leaves it there", async () => {
    await start([eu], {
      [eu]: {
        messages: [us, eu].map((region) => ({
          body: canaries[region] ?? "",
          attributes: { "ringfence-region": region },
        })),
      },
    });
    expect((await run("sqs-receive", eu))?.entry.outcome).toEqual({
      kind: "reached",
      rung: "data",
      canary: canaryDigest(canaries[eu]),
    });
    expect(bodies(eu)).toHaveLength(2);
  });

  test("abroad is refused at authorization, where the policy says so", async () => {
    await start();
    expect((await run("sqs-receive", us))?.entry).toMatchObject({
      climbed: "authentication",
      outcome: refused,
    });
  });

  test("a foreign worker that gets the canary has it read, digest and all", async () => {
    await start([eu, us]);
    expect((await run("sqs-receive", us))?.entry.outcome).toMatchObject({
      rung: "data",
      canary: canaryDigest(canaries[us]),
    });
  });

  test("any message at all is beyond authorization, canary or not", async () => {
    await start([eu, us], { [us]: { messages: [{ body: "a job" }] } });
    expect((await run("sqs-receive", us))?.entry.outcome).toEqual({ kind: "reached", rung: "authorization" });
  });

  test("an empty queue, or one that does not exist, proves nothing", async () => {
    await start([eu, us], { [us]: { messages: [] } });
    expect((await run("sqs-receive", us))?.entry.outcome).toEqual({
      kind: "faulted",
      code: "NO_MESSAGE_RECEIVED",
    });
    queues.write(us, []);
    expect((await run("sqs-receive", us))?.entry.outcome).toMatchObject({
      kind: "faulted",
      code: "QueueDoesNotExist",
    });
  });

  test("a wrong secret proves nothing, because it says nothing of rights", async () => {
    await start();
    expect((await run("sqs-receive", us, { secret: "another" }))?.entry.outcome).toEqual({
      kind: "faulted",
      code: "SignatureDoesNotMatch",
    });
  });
});

describe("sending", () => {
  test("what was accepted is taken back, and the removal is recorded", async () => {
    await start([eu, us]);
    const record = await run("sqs-send", us);
    expect(record?.entry.outcome).toEqual({ kind: "reached", rung: "authorization" });
    expect(record?.removed).toMatchObject({
      what: expect.stringContaining("us-east-1:jobs ringfence-token-run-"),
      done: true,
    });
    expect(bodies(us)).toEqual([canaries[us]]);
  });

  test("nothing is left where it was refused", async () => {
    await start();
    const record = await run("sqs-send", us);
    expect(record?.entry.outcome).toEqual(refused);
    expect(record?.removed).toBeUndefined();
    expect(bodies(us)).toEqual([canaries[us]]);
  });
});

describe("a look inside", () => {
  const own = () => endpoint(eu, { deadLetterQueue: "dead" });

  test("finds another region's canary in the queue, whatever attributes it came with", async () => {
    await start([eu], {
      [eu]: {
        messages: [
          { body: canaries[us] ?? "" },
          { body: canaries[eu] ?? "", attributes: { "ringfence-region": eu } },
        ],
      },
    });
    const record = await run("sqs-stray", eu, { own: own() });
    expect(record?.entry.findings?.canaries).toEqual([canaries[eu], canaries[us]].map(canaryDigest).sort());
  });

  test.each<[string, (canary: string) => string]>([
    ["a topic's envelope", (Message) => JSON.stringify({ Type: "Notification", Message })],
    ["an event", (canary) => JSON.stringify({ source: "acme", detail: { canary } })],
    ["a line", (canary) => `${canary}\n`],
    [
      "a worker's envelope, as Celery writes it",
      (canary) => JSON.stringify({ body: Buffer.from(JSON.stringify([[canary], {}])).toString("base64") }),
    ],
  ])("finds it in %s", async (_what, body) => {
    const planted = { body: canaries[eu] ?? "", attributes: { "ringfence-region": eu } };
    await start([eu], { [eu]: { messages: [planted, { body: body(canaries[us] ?? "") }] } });
    const record = await run("sqs-stray", eu, { own: own() });
    expect(record?.entry.findings?.canaries).toContain(canaryDigest(canaries[us]));
  });

  test("finds it among the dead letters of a long queue", async () => {
    await start();
    const [jobs] = queues.read(eu);
    const letters = Array.from({ length: 25 }, (_, index) => ({ body: `letter ${index}` }));
    queues.write(eu, [jobs, { name: "dead", messages: [...letters, { body: canaries[us] }] }]);
    const record = await run("sqs-stray", eu, { own: own() });
    expect(record?.entry.findings?.canaries).toContain(canaryDigest(canaries[us]));
  });

  test("a queue too long to be seen whole is no clean search", async () => {
    await start([eu], {
      [eu]: { messages: Array.from({ length: 1000 }, (_, index) => ({ body: `job ${index}` })) },
    });
    expect((await run("sqs-stray", eu, { own: own() }))?.entry.outcome).toEqual({
      kind: "faulted",
      code: "SEARCH_TRUNCATED",
    });
  });

  const number = "ApproximateNumberOfMessages";

  test.each<[string, Record<string, string>, string]>([
    [
      "one message, and of none besides",
      { [`${number}NotVisible`]: "0", [`${number}Delayed`]: "0" },
      "reached",
    ],
    ["one that a worker is at", { [`${number}NotVisible`]: "1", [`${number}Delayed`]: "0" }, "faulted"],
    ["nothing of those that workers are at", { [`${number}Delayed`]: "0" }, "faulted"],
    ["nothing of those that are not due yet", { [`${number}NotVisible`]: "0" }, "faulted"],
  ])("a search of a queue that tells of %s: %s", async (_what, told, kind) => {
    const MD5OfBody = createHash("md5")
      .update(canaries[eu] ?? "")
      .digest("hex");
    const MessageAttributes = { "ringfence-region": { DataType: "String", StringValue: eu } };
    const planted = { MessageId: "1", Body: canaries[eu], MD5OfBody, MessageAttributes };
    await using loopback = new Loopback();
    const port = await loopback.serve(
      createServer((asked, response) => {
        const isLook = asked.headers["x-amz-target"] === "AmazonSQS.ReceiveMessage";
        const Attributes = { [number]: "1", ...told };
        response.writeHead(200, { "x-amzn-requestid": "1" });
        response.end(JSON.stringify(isLook ? { Messages: [planted] } : { Attributes }));
      }),
    );
    await start();
    const { outcome } = (await run("sqs-stray", eu, { own: endpoint(eu, { port }) }))?.entry ?? {};
    expect(outcome).toMatchObject(kind === "reached" ? { kind } : { kind, code: "SEARCH_TRUNCATED" });
  });

  test("says which topics may send, and where the queue is", async () => {
    const policy = {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "sns.amazonaws.com" },
          Action: "sqs:SendMessage",
          Resource: arn(eu),
          Condition: { ArnEquals: { "aws:SourceArn": `arn:aws:sns:${us}:${account}:orders` } },
        },
      ],
    };
    await start([eu], {
      [eu]: { policy, messages: [{ body: canaries[eu] ?? "", attributes: { "ringfence-region": eu } }] },
    });
    expect((await run("sqs-links", eu))?.entry.findings?.links).toEqual([
      expect.objectContaining({ region: us }),
    ]);
    expect((await run("sqs-wiring", eu))?.entry.findings?.servedFrom).toEqual({ addresses: [], region: eu });
  });
});
