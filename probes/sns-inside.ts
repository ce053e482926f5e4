import type { SNSClient, Subscription } from "@aws-sdk/client-sns";
import type { Findings } from "../core/journal.ts";
import { notAws, regionOfArn, requireAws } from "./aws-client.ts";
import { allPages, truncated } from "./aws-pages.ts";
import { canaryDigest } from "./canary.ts";
import type { Answer } from "./probe.ts";
import { grantLinks } from "./resource-policy.ts";
import { canaryTag, openSns, type SnsContext, type SnsEndpoint, topicArn } from "./sns-endpoint.ts";
import { type Places, subscriptionPlaces, topicText } from "./sns-subscriptions.ts";

/** Reads the own topic's canary, which is its tag, and looks around as the probe asks. */
export async function lookInside(context: SnsContext): Promise<Answer> {
  const { own, item } = context;
  using client = await openSns(context, own);
  const canary = await canaryOf(client.sns, topicArn(own, own.topic));
  if (!canary) return { outcome: { kind: "faulted", code: "NO_CANARY_IN_ANSWER" } };
  const found = await (item.probe === "sns-links" ? links(client.sns, own) : place(client.sns, own));
  return {
    outcome: { kind: "reached", rung: "data", canary },
    findings: { canaries: [canary], ...found },
  };
}

async function canaryOf(sns: SNSClient, ResourceArn: string): Promise<string | undefined> {
  const { ListTagsForResourceCommand } = await import("@aws-sdk/client-sns");
  const { Tags } = requireAws(await sns.send(new ListTagsForResourceCommand({ ResourceArn })));
  return canaryDigest(Tags?.find(({ Key }) => Key === canaryTag)?.Value);
}

async function place(sns: SNSClient, own: SnsEndpoint): Promise<Findings> {
  const { TopicArn = "" } = await attributesOf(sns, topicArn(own, own.topic));
  return { servedFrom: { addresses: [], region: regionOfArn(TopicArn) } };
}

const mostPlaces = 500;

async function links(sns: SNSClient, own: SnsEndpoint): Promise<Findings> {
  const found: Places = { links: [], settings: [] };
  for (const topic of [own.topic, ...own.watched]) {
    const arn = topicArn(own, topic);
    const { Policy, ...attributes } = await attributesOf(sns, arn);
    const led = subscriptionPlaces(await subscriptionsOf(sns, arn, attributes), topic);
    const name = `the policy of ${topicText(topic)}`;
    found.links.push(...grantLinks(Policy, { account: own.account, name }), ...led.links);
    found.settings.push(...led.settings);
    if (found.links.length + found.settings.length > mostPlaces) throw truncated();
  }
  return found;
}

/** Throws where the answer is not of this topic. */
async function attributesOf(sns: SNSClient, TopicArn: string): Promise<Record<string, string>> {
  const { GetTopicAttributesCommand } = await import("@aws-sdk/client-sns");
  const { Attributes } = requireAws(await sns.send(new GetTopicAttributesCommand({ TopicArn })));
  if (Attributes?.TopicArn !== TopicArn) throw notThis();
  return Attributes;
}

/** All that still send, or will once confirmed. A listing with fewer than the topic says it has is not whole. */
async function subscriptionsOf(
  sns: SNSClient,
  TopicArn: string,
  { SubscriptionsConfirmed = "", SubscriptionsPending = "" }: Readonly<Record<string, string>>,
): Promise<Subscription[]> {
  const { ListSubscriptionsByTopicCommand } = await import("@aws-sdk/client-sns");
  const listed = await allPages(async (NextToken) => {
    const asked = new ListSubscriptionsByTopicCommand({ TopicArn, ...(NextToken ? { NextToken } : {}) });
    const answer = requireAws(await sns.send(asked));
    return { found: answer.Subscriptions ?? [], next: answer.NextToken };
  });
  if (listed.some((one) => one.TopicArn !== TopicArn)) throw notThis();
  const living = listed.filter(({ SubscriptionArn }) => SubscriptionArn !== "Deleted");
  const counts = [SubscriptionsConfirmed, SubscriptionsPending];
  const promised = counts.reduce((sum, count) => sum + Number(count), 0);
  if (!counts.every((count) => /^\d+$/.test(count)) || living.length < promised) throw truncated();
  return living;
}

function notThis(): Error {
  return Object.assign(new Error("not about this topic"), { name: notAws.code });
}
