import { anyOf, type Drill, type DrillTools, type Hole, inside, sending } from "../core/drill.ts";
import type { PlannedItem } from "../core/plan.ts";
import { ap, changeService, document, eu, us } from "./holes.ts";

const path = "queue";
const canaryTopicOf = (region: string) => `acme-order-events-canary-${region}`;
const topicOf = (region: string) => `acme-order-events-${region}`;

interface WrittenTopic {
  name: string;
  policy: { Version: string; Statement: object[] } | null;
  subscriptions: object[];
}

/** Holes in the topics of order events, beside those in the queues. */
export const topicDrills: Drill[] = [
  {
    id: "queue-topic-open",
    path,
    title: "the US topic's policy allows everybody everything",
    open: (tools, hole) =>
      changeTopic(tools, hole, { region: us, name: canaryTopicOf(us) }, (topic) => ({
        ...topic,
        policy: document([{ Effect: "Allow", Principal: "*", Action: "sns:*", Resource: "*" }]),
      })),
    expects: anyOf(publishing("own"), publishing("target"), inside(us, ["sns-links"])),
  },
  {
    id: "queue-topic-policy-lost",
    path,
    title: "the US topic was made again without its policy, and the Deny that kept the network out is gone",
    open: (tools, hole) =>
      changeTopic(tools, hole, { region: us, name: canaryTopicOf(us) }, (topic) => ({
        ...topic,
        policy: null,
      })),
    expects: publishing("target"),
  },
  {
    id: "queue-topic-publisher-abroad",
    path,
    title: "a rule of the US may publish to the EU's topic of order events",
    open: (tools, hole) =>
      changeTopic(tools, hole, { region: eu, name: topicOf(eu) }, (topic) => ({
        ...topic,
        policy: document([
          ...(topic.policy?.Statement ?? []),
          {
            Effect: "Allow",
            Principal: { Service: "events.amazonaws.com" },
            Action: "sns:Publish",
            Resource: `arn:aws:sns:${eu}:111122223333:${topicOf(eu)}`,
            Condition: { ArnEquals: { "aws:SourceArn": `arn:aws:events:${us}:111122223333:rule/orders` } },
          },
        ]),
      })),
    expects: inside(eu, ["sns-links"]),
  },
  {
    id: "queue-topic-to-far-queue",
    path,
    title: "the EU's order events go to a queue in the US as well",
    open: (tools, hole) =>
      subscribe(tools, hole, eu, {
        protocol: "sqs",
        endpoint: `arn:aws:sqs:${us}:111122223333:acme-jobs-canary-${us}`,
      }),
    expects: inside(eu, ["sns-links"]),
  },
  {
    id: "queue-topic-to-far-service",
    path,
    title: "Sydney's order events are posted to the US service of webhooks",
    open: (tools, hole) =>
      subscribe(tools, hole, ap, {
        protocol: "https",
        endpoint: `https://hooks.${us}.replica.internal:8446/events`,
      }),
    expects: inside(ap, ["sns-links"]),
  },
  {
    id: "queue-topic-to-vendor",
    path,
    title: "the EU's order events are posted to the US host of a vendor",
    open: (tools, hole) =>
      subscribe(tools, hole, eu, { protocol: "https", endpoint: "https://api.us.svix.com/ingest/orders" }),
    expects: inside(eu, ["sns-links"]),
  },
  {
    id: "queue-topic-pending",
    path,
    title: "somebody in the EU has yet to confirm that the US's order events shall be mailed there",
    open: (tools, hole) =>
      subscribe(tools, hole, us, {
        protocol: "email",
        endpoint: `orders@${eu}.acme.example`,
        pending: true,
      }),
    expects: inside(us, ["sns-links"]),
  },
];

/** What the US topic takes from both other regions, with these credentials. */
function publishing(credentials: string): (item: PlannedItem) => boolean {
  const narrow = { to: [us], probes: ["sns-publish"], credentials };
  return anyOf(sending(eu, narrow), sending(ap, narrow));
}

async function changeTopic(
  tools: DrillTools,
  hole: Hole,
  { region, name }: { region: string; name: string },
  change: (topic: WrittenTopic) => object,
): Promise<void> {
  await changeService<WrittenTopic[]>(tools, hole, { service: "sns", region }, (topics) =>
    topics.map((topic) => (topic.name === name ? change(topic) : topic)),
  );
}

/** One more subscription of the topic that customers' order events go through. */
async function subscribe(tools: DrillTools, hole: Hole, region: string, subscription: object): Promise<void> {
  await changeTopic(tools, hole, { region, name: topicOf(region) }, (topic) => ({
    ...topic,
    subscriptions: [...topic.subscriptions, subscription],
  }));
}
