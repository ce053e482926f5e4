import type { SQSClient } from "@aws-sdk/client-sqs";
import { z } from "zod";
import { HostName } from "../core/residency-map.ts";
import { accessKey, awsEndpoint, clientSettings, urlAt } from "./aws-client.ts";
import type { TryContext } from "./probe.ts";

const QueueName = z
  .string()
  .regex(/^[\w{}-]{1,100}(\.fifo)?$/, "the name of a queue; {region} stands for the region's id");

export const SqsEndpoint = z.strictObject({
  ...awsEndpoint,
  host: HostName.describe("The regional SQS endpoint, such as sqs.eu-central-1.amazonaws.com"),
  queue: QueueName.describe(
    "A queue of canaries, with the policy and the senders of the queue it stands for",
  ),
  deadLetterQueue: QueueName.optional().describe("Where its dead letters go; searched, too"),
  credentials: z.strictObject({
    own: accessKey.describe("The region's workload"),
    canary: accessKey.describe("Sends to, receives and deletes from this queue, and nothing else"),
  }),
});
export type SqsEndpoint = z.infer<typeof SqsEndpoint>;
export type SqsContext = TryContext<SqsEndpoint>;

export function queueUrl(endpoint: SqsEndpoint, queue: string): string {
  return `${urlAt(endpoint, endpoint.host)}/${endpoint.account}/${queue}`;
}

/** A client of one side's endpoint, with the keys of the vector. */
export async function openSqs(
  { item, own, target, address, ladder, secret }: SqsContext,
  endpoint: SqsEndpoint,
): Promise<{ sqs: SQSClient } & Disposable> {
  const { SQSClient } = await import("@aws-sdk/client-sqs");
  const pair = item.vector.credentials === "target" ? target.credentials.canary : own.credentials.own;
  const keys = { accessKeyId: secret(pair.accessKeyId), secretAccessKey: secret(pair.secretAccessKey) };
  const sqs = new SQSClient(clientSettings(endpoint, { host: endpoint.host, address, ladder, keys }));
  return { sqs, [Symbol.dispose]: () => sqs.destroy() };
}
