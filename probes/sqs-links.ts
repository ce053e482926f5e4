import { z } from "zod";
import type { Link } from "../core/journal.ts";
import { regionOfArn } from "./aws-client.ts";
import { grantLinks, readSetting, towards } from "./resource-policy.ts";

/** Whom the queue's own settings let in, and where its dead letters go.
 *  Source: Amazon SQS Developer Guide, "Identity and access management". */
export function queueLinks(attributes: Readonly<Record<string, string>>, account: string): Link[] {
  return [
    ...deadLetters(attributes),
    ...grantLinks(attributes.Policy, { account, name: "the queue policy" }),
  ];
}

const Redrive = z.looseObject({ deadLetterTargetArn: z.string().optional() });
const RedriveAllow = z.looseObject({ sourceQueueArns: z.array(z.string()).optional() });

function deadLetters({ RedrivePolicy, RedriveAllowPolicy }: Readonly<Record<string, string>>): Link[] {
  const out = readSetting(Redrive, RedrivePolicy, "the redrive policy");
  const into = readSetting(RedriveAllow, RedriveAllowPolicy, "the redrive allow policy");
  return [
    ...out.links,
    ...into.links,
    ...[out.value?.deadLetterTargetArn ?? []]
      .flat()
      .map((arn) => towards("the dead-letter queue", arn, regionOfArn(arn))),
    ...(into.value?.sourceQueueArns ?? []).map((arn) =>
      towards("a queue with dead letters for this one", arn, regionOfArn(arn)),
    ),
  ];
}
