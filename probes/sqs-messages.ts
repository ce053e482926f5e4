import { randomBytes } from "node:crypto";
import type { Message, SQSClient } from "@aws-sdk/client-sqs";
import { notAws, requireAws } from "./aws-client.ts";
import { canaryDigest } from "./canary.ts";
import type { Answer } from "./probe.ts";
import { openSqs, queueUrl, type SqsContext } from "./sqs-endpoint.ts";

/** The attribute by which a canary message says which region planted it: a queue may hold another region's. */
export const regionAttribute = "ringfence-region";

/** A long poll asks all of SQS's servers; a page holds no more than ten messages. */
const rounds = 3;
const longPollSeconds = 1;
const pageSize = 10;

/** Leaves every message where it was: it is visible again at once. */
export async function peek(sqs: SQSClient, QueueUrl: string): Promise<Message[]> {
  const { ReceiveMessageCommand } = await import("@aws-sdk/client-sqs");
  const answer = requireAws(
    await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: pageSize,
        VisibilityTimeout: 0,
        WaitTimeSeconds: longPollSeconds,
        MessageAttributeNames: [regionAttribute],
      }),
    ),
  );
  return (answer.Messages ?? []).slice(0, pageSize);
}

/** The digest of the canary that a region planted, if one is among these. */
export function plantedCanary(messages: readonly Message[], region: string): string | undefined {
  return messages
    .filter(({ MessageAttributes }) => MessageAttributes?.[regionAttribute]?.StringValue === region)
    .map(({ Body }) => canaryDigest(Body))
    .find((digest) => digest !== undefined);
}

/** What a worker does that picks up another region's jobs, but the job stays. */
export async function receive(context: SqsContext): Promise<Answer> {
  const { target, item } = context;
  using client = await openSqs(context, target);
  let received = false;
  for (let round = 0; round < rounds; round++) {
    const messages = await peek(client.sqs, queueUrl(target, target.queue));
    received ||= messages.some(({ MessageId }) => MessageId);
    const canary = plantedCanary(messages, item.to.region);
    if (canary) return { outcome: { kind: "reached", rung: "data", canary } };
  }
  if (received) return { outcome: { kind: "reached", rung: "authorization" } };
  return { outcome: { kind: "faulted", code: "NO_MESSAGE_RECEIVED" } };
}

/** Sends a token that is no canary, and takes back what was accepted. */
export async function send(context: SqsContext): Promise<Answer> {
  const { SendMessageCommand } = await import("@aws-sdk/client-sqs");
  const { target, runId } = context;
  const QueueUrl = queueUrl(target, target.queue);
  using client = await openSqs(context, target);
  const token = `ringfence-token-${runId}-${randomBytes(16).toString("base64url")}`;
  const sent = requireAws(await client.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: token })));
  if (!sent.MessageId) return { outcome: notAws };
  const done = await takeBack(client.sqs, QueueUrl, token).catch(() => false);
  return {
    outcome: { kind: "reached", rung: "authorization" },
    removed: { what: `sqs:${target.region}:${target.queue} ${token}`, done },
  };
}

const takingBack = 20;

async function takeBack(sqs: SQSClient, QueueUrl: string, token: string): Promise<boolean> {
  const { DeleteMessageCommand } = await import("@aws-sdk/client-sqs");
  for (let round = 0; round < takingBack; round++) {
    const mine = (await peek(sqs, QueueUrl)).find(({ Body }) => Body === token);
    if (!mine) continue;
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: mine.ReceiptHandle }));
    return true;
  }
  return false;
}
