import type { SNSClient } from "@aws-sdk/client-sns";
import { z } from "zod";
import { HostName } from "../core/residency-map.ts";
import { accessKey, awsEndpoint, clientSettings } from "./aws-client.ts";
import type { TryContext } from "./probe.ts";

const topicName = (pattern: RegExp) =>
  z.string().regex(pattern, "the name of a topic; {region} stands for the region's id");

export const SnsEndpoint = z.strictObject({
  ...awsEndpoint,
  host: HostName.describe("The regional SNS endpoint, such as sns.eu-central-1.amazonaws.com"),
  topic: topicName(/^[\w{}-]{1,256}$/).describe(
    "A standard topic tagged with the canary, with the policy and the publishers of the topics it stands for",
  ),
  watched: z
    .array(topicName(/^[\w{}-]{1,256}(\.fifo)?$/))
    .max(20)
    .default([])
    .describe("The topics it stands for: looked at as well, and nothing is published to them"),
  credentials: z.strictObject({
    own: accessKey.describe("The region's workload"),
    canary: accessKey.describe("Publishes to `topic`, and nothing else"),
  }),
});
export type SnsEndpoint = z.infer<typeof SnsEndpoint>;
export type SnsContext = TryContext<SnsEndpoint>;

/** The tag of the topic whose value is the canary. */
export const canaryTag = "ringfence-canary";

export function topicArn({ region, account }: SnsEndpoint, topic: string): string {
  return `arn:aws:sns:${region}:${account}:${topic}`;
}

/** A client of one side's endpoint, with the keys of the vector. A look inside asks many questions of one server. */
export async function openSns(
  { item, own, target, address, ladder, secret }: SnsContext,
  endpoint: SnsEndpoint,
): Promise<{ sns: SNSClient } & Disposable> {
  const { SNSClient } = await import("@aws-sdk/client-sns");
  const pair = item.vector.credentials === "target" ? target.credentials.canary : own.credentials.own;
  const keys = { accessKeyId: secret(pair.accessKeyId), secretAccessKey: secret(pair.secretAccessKey) };
  const { host } = endpoint;
  const sns = new SNSClient(
    clientSettings(endpoint, { host, address, ladder, keys, keepAlive: item.family !== "send" }),
  );
  return { sns, [Symbol.dispose]: () => sns.destroy() };
}
