import { randomBytes } from "node:crypto";
import { notAws, requireAws } from "./aws-client.ts";
import type { Answer } from "./probe.ts";
import { openSns, type SnsContext, topicArn } from "./sns-endpoint.ts";

/** Publishes a token that is no canary. A topic takes nothing back: its subscribers have it, which is written down. */
export async function publish(context: SnsContext): Promise<Answer> {
  const { PublishCommand } = await import("@aws-sdk/client-sns");
  const { target, runId } = context;
  using client = await openSns(context, target);
  const token = `ringfence-token-${runId}-${randomBytes(16).toString("base64url")}`;
  const asked = new PublishCommand({ TopicArn: topicArn(target, target.topic), Message: token });
  const sent = requireAws(await client.sns.send(asked));
  if (!sent.MessageId) return { outcome: notAws };
  return {
    outcome: { kind: "reached", rung: "authorization" },
    removed: { what: `sns:${target.region}:${target.topic} ${token}`.slice(0, 300), done: false },
  };
}
