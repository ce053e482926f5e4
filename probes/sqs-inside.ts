import type { QueueAttributeName, SQSClient } from "@aws-sdk/client-sqs";
import type { Findings } from "../core/journal.ts";
import { notAws, regionOfArn, requireAws } from "./aws-client.ts";
import { canariesIn } from "./canary.ts";
import type { Answer } from "./probe.ts";
import { openSqs, queueUrl, type SqsContext, type SqsEndpoint } from "./sqs-endpoint.ts";
import { queueLinks } from "./sqs-links.ts";
import { peek, plantedCanary } from "./sqs-messages.ts";

/** Reads the own canary message, and looks around in the own queues as the probe asks. */
export async function lookInside(context: SqsContext): Promise<Answer> {
  const { own, item } = context;
  using client = await openSqs(context, own);
  const messages = await allMessages(client.sqs, queueUrl(own, own.queue));
  const canary = plantedCanary(messages, item.from.region);
  if (!canary) return { outcome: { kind: "faulted", code: "NO_CANARY_IN_ANSWER" } };
  const findings = await lookAround(client.sqs, { own, probe: item.probe, messages, canary });
  return findings ? { outcome: { kind: "reached", rung: "data", canary }, findings } : { outcome: notAws };
}

interface Looking {
  own: SqsEndpoint;
  probe: string;
  messages: Awaited<ReturnType<typeof peek>>;
  canary: string;
}

/** Null where the answer is not of this queue. */
async function lookAround(
  sqs: SQSClient,
  { own, probe, messages, canary }: Looking,
): Promise<Findings | null> {
  if (probe === "sqs-stray") {
    const dead = own.deadLetterQueue ? await allMessages(sqs, queueUrl(own, own.deadLetterQueue)) : [];
    const found = [...messages, ...dead].flatMap(({ Body }) => canariesIn(Body ?? ""));
    return { canaries: [...new Set(found)].sort() };
  }
  const attributes = await attributesOf(sqs, queueUrl(own, own.queue), ["All"]);
  const arn = attributes.QueueArn ?? "";
  if (!arn.endsWith(`:${own.account}:${own.queue}`)) return null;
  if (probe === "sqs-links") return { canaries: [canary], links: queueLinks(attributes, own.account) };
  return { canaries: [canary], servedFrom: { addresses: [], region: regionOfArn(arn) } };
}

const mostRounds = 40;

/** Every message that can be received, none of which is taken. Done when as many were seen as the queue says
 *  it has, those in flight included, and nothing new comes; otherwise it cannot tell. */
async function allMessages(
  sqs: SQSClient,
  url: string,
): Promise<{ MessageId?: string | undefined; Body?: string | undefined }[]> {
  const seen = new Map<string, Awaited<ReturnType<typeof peek>>[number]>();
  for (let round = 0; round < mostRounds; round++) {
    const before = seen.size;
    for (const message of await peek(sqs, url)) seen.set(message.MessageId ?? "", message);
    if (seen.size === before && seen.size >= (await lengthOf(sqs, url))) return [...seen.values()];
  }
  throw Object.assign(new Error("not all messages were seen"), { name: "SEARCH_TRUNCATED" });
}

const counts = [
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesDelayed",
] as const satisfies readonly QueueAttributeName[];

/** A message that somebody else is at, or that is not due yet, may be the one: all three have to be told. */
async function lengthOf(sqs: SQSClient, url: string): Promise<number> {
  const attributes = await attributesOf(sqs, url, counts);
  if (!counts.every((name) => /^\d+$/.test(attributes[name] ?? "")))
    throw Object.assign(new Error("the queue does not say how long it is"), { name: "SEARCH_TRUNCATED" });
  return counts.reduce((sum, name) => sum + Number(attributes[name]), 0);
}

async function attributesOf(
  sqs: SQSClient,
  QueueUrl: string,
  AttributeNames: readonly QueueAttributeName[],
): Promise<Record<string, string>> {
  const { GetQueueAttributesCommand } = await import("@aws-sdk/client-sqs");
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] });
  return requireAws(await sqs.send(asked)).Attributes ?? {};
}
