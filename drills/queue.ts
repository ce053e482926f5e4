import { anyOf, crossing, type Drill, type DrillTools, type Hole, inside, sending } from "../core/drill.ts";
import type { PlannedItem } from "../core/plan.ts";
import { admit, ap, between, changeService, document, eu, us } from "./holes.ts";
import { topicDrills } from "./topics.ts";

const path = "queue";
const queueOf = (region: string) => `acme-jobs-canary-${region}`;
const deadOf = (region: string) => `acme-jobs-dead-${region}`;

interface WrittenQueue {
  name: string;
  policy: { Version: string; Statement: object[] } | null;
  messages: { body: string; attributes: Record<string, string> }[];
}

export const drills: Drill[] = [
  {
    id: "queue-policy-open",
    path,
    title: "the US queue's policy allows everybody everything",
    open: (tools, hole) => setPolicy(tools, hole, us, () => [grant(us, { Principal: "*", Action: "sqs:*" })]),
    expects: anyOf(fromBoth("own"), fromBoth("target"), inside(us, ["sqs-links"])),
  },
  {
    id: "queue-policy-lost",
    path,
    title:
      "the US queue was made again without its policy, and with it went the Deny that kept the network out",
    open: (tools, hole) => setPolicy(tools, hole, us, () => null),
    expects: fromBoth("target"),
  },
  {
    id: "queue-producers-anywhere",
    path,
    title: "the US queue's Deny covers receiving and forgets sending",
    open: (tools, hole) =>
      setPolicy(tools, hole, us, ([deny]) => [
        { ...deny, Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"] },
      ]),
    expects: anyOf(
      sending(eu, { to: [us], credentials: "target", probes: ["sqs-send"] }),
      sending(ap, { to: [us], credentials: "target", probes: ["sqs-send"] }),
    ),
  },
  {
    id: "queue-global-worker",
    path,
    title: "the EU's workers may read every queue of the account, and the US queue's Deny spares them",
    async open(tools, hole) {
      hole.closeBy(() => tools.store.resetPolicies());
      await tools.store.userPolicies(tools.secret("EU_CENTRAL_1_JOBS_ACCESS_KEY_ID"), [
        document([{ Effect: "Allow", Action: "sqs:*", Resource: "*" }]),
      ]);
      const spared = { "aws:PrincipalArn": `arn:aws:iam::*:user/workload-jobs-${eu}` };
      await setPolicy(tools, hole, us, ([deny]) => [
        { ...deny, Condition: { ...notOwnVpc(us), ArnNotLike: spared } },
      ]);
    },
    expects: anyOf(
      crossing(eu, us, { credentials: "own", probes: ["sqs-receive"] }),
      sending(eu, { to: [us], credentials: "own", probes: ["sqs-send"] }),
    ),
  },
  {
    id: "queue-topic-abroad",
    path,
    title: "a topic in the US is subscribed to Sydney's queue",
    open: (tools, hole) =>
      setPolicy(tools, hole, ap, (statements) => [
        ...statements,
        grant(ap, {
          Principal: { Service: "sns.amazonaws.com" },
          Action: "sqs:SendMessage",
          Condition: { ArnEquals: { "aws:SourceArn": `arn:aws:sns:${us}:111122223333:order-events` } },
        }),
      ]),
    expects: inside(ap, ["sqs-links"]),
  },
  ...topicDrills,
  {
    id: "queue-forwarded-job",
    path,
    title: "a forwarder moved a job of the EU into the US queue, attributes and all",
    open: (tools, hole) => forward(tools, hole, { from: eu, into: us, queue: queueOf(us) }),
    expects: inside(us, ["sqs-stray"], { about: eu }),
  },
  {
    id: "queue-dead-letters-left",
    path,
    title: "a tenant moved from the EU to Sydney, and its jobs stayed dead in the EU",
    open: (tools, hole) => forward(tools, hole, { from: ap, into: eu, queue: deadOf(eu) }),
    expects: inside(eu, ["sqs-stray"], { about: ap }),
  },
  {
    id: "queue-events-border",
    path,
    title: "the border admits Sydney's IPv6 block to the EU's event stream",
    open: (tools, hole) => admit(tools, hole, `${between(ap, eu, 6)} tcp dport 6380 accept`),
    expects: crossing(ap, eu, { family: 6, probes: ["tcp", "redis"] }),
  },
  {
    id: "queue-stream-mirrored",
    path,
    title: "an event of the EU was mirrored into the US's stream",
    async open(tools, hole) {
      const canary = String(await tools.redis(eu, "events", "GET", "ringfence:canary"));
      hole.closeBy(() => tools.redis(us, "events", "DEL", "orders"));
      await tools.redis(us, "events", "XADD", "orders", "*", "type", "order-placed", "payload", canary);
    },
    expects: inside(us, ["redis-stray"], { about: eu }),
  },
];

/** What the US queue lets in from both other regions, with these credentials. */
function fromBoth(credentials: string): (item: PlannedItem) => boolean {
  const narrow = { credentials, probes: ["sqs-receive", "sqs-send"] };
  return anyOf(
    ...[eu, ap].flatMap((from) => [crossing(from, us, narrow), sending(from, { ...narrow, to: [us] })]),
  );
}

async function setPolicy(
  tools: DrillTools,
  hole: Hole,
  region: string,
  change: (statements: object[]) => object[] | null,
): Promise<void> {
  await changeService<WrittenQueue[]>(tools, hole, { service: "sqs", region }, (queues) =>
    queues.map((queue) => {
      if (queue.name !== queueOf(region)) return queue;
      const statements = change(queue.policy?.Statement ?? []);
      return { ...queue, policy: statements && document(statements) };
    }),
  );
}

async function forward(
  tools: DrillTools,
  hole: Hole,
  { from, into, queue }: { from: string; into: string; queue: string },
): Promise<void> {
  const there = (await tools.service.read("sqs", from)) as WrittenQueue[];
  const jobs = there.find(({ name }) => name === queueOf(from))?.messages ?? [];
  await changeService<WrittenQueue[]>(tools, hole, { service: "sqs", region: into }, (queues) =>
    queues.map((one) => (one.name === queue ? { ...one, messages: [...one.messages, ...jobs] } : one)),
  );
}

function notOwnVpc(region: string): object {
  return { StringNotEquals: { "aws:SourceVpc": `vpc-${region}` } };
}

function grant(region: string, more: object): object {
  return { Effect: "Allow", Resource: `arn:aws:sqs:${region}:111122223333:${queueOf(region)}`, ...more };
}
