import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Link } from "../core/journal.ts";
import { queueLinks } from "./sqs-links.ts";

const account = "111122223333";
const policy = (...Statement: object[]) => ({ Policy: JSON.stringify({ Statement }) });
const allow = (more: object) => policy({ Effect: "Allow", Action: "sqs:*", Resource: "*", ...more });
const fromTopic = (arn: string | string[], operator = "ArnEquals") =>
  allow({ Principal: { Service: "sns.amazonaws.com" }, Condition: { [operator]: { "aws:SourceArn": arn } } });
const regionsOf = (attributes: Record<string, string>) =>
  queueLinks(attributes, account).map(({ region }) => region);

describe("where a queue's settings lead", () => {
  test.each<[string, Record<string, string>, (string | undefined)[]]>([
    ["nowhere without settings", {}, []],
    ["nowhere by a Deny", policy({ Effect: "Deny", Principal: "*" }), []],
    ["everywhere, when everybody is let in", allow({ Principal: "*" }), ["everywhere"]],
    ["everywhere, when everybody is let in by a map", allow({ Principal: { AWS: ["*"] } }), ["everywhere"]],
    ["everywhere, when all but some are let in", allow({ NotPrincipal: { AWS: account } }), ["everywhere"]],
    ["to a topic's region", fromTopic("arn:aws:sns:us-east-1:1:orders"), ["us-east-1"]],
    ["to each topic's region", fromTopic(["arn:aws:sns:a:1:x", "arn:aws:sns:b:1:y"]), ["a", "b"]],
    [
      "everywhere, when any region's topic may send",
      fromTopic("arn:aws:sns:*:1:x", "ArnLike"),
      ["everywhere"],
    ],
    ["nobody knows where, to a bucket's events", fromTopic("arn:aws:s3:::bucket"), [undefined]],
    [
      "nobody knows where, to a service without a source",
      allow({ Principal: { Service: "sns.amazonaws.com" } }),
      [undefined],
    ],
    [
      "nobody knows where, under a condition that it does not know",
      allow({ Principal: "*", Condition: { Bool: { "aws:SecureTransport": "true" } } }),
      [undefined],
    ],
    [
      "nobody knows where, when the source is merely not another",
      fromTopic("arn:aws:sns:us-east-1:1:x", "ArnNotEquals"),
      [undefined],
    ],
    [
      "nowhere, to the own account's principals",
      allow({ Principal: { AWS: [account, `arn:aws:iam::${account}:role/worker`] } }),
      [],
    ],
    ["nobody knows where, to another account", allow({ Principal: { AWS: "999999999999" } }), [undefined]],
    [
      "nowhere, through a VPC of its own",
      allow({ Principal: "*", Condition: { StringEquals: { "aws:SourceVpc": "vpc-1" } } }),
      [],
    ],
    ...["*", "vpc-*"].map((pattern): [string, Record<string, string>, undefined[]] => [
      `nobody knows where, through a VPC like ${pattern}`,
      allow({ Principal: "*", Condition: { StringLike: { "aws:SourceVpc": pattern } } }),
      [undefined],
    ]),
    [
      "nowhere, to everybody of the own account",
      allow({ Principal: "*", Condition: { StringEquals: { "aws:PrincipalAccount": account } } }),
      [],
    ],
    [
      "nowhere, by the policy that SNS gives a topic",
      allow({ Principal: { AWS: "*" }, Condition: { StringEquals: { "AWS:SourceOwner": account } } }),
      [],
    ],
    [
      "nobody knows where, to everybody of two accounts",
      allow({
        Principal: "*",
        Condition: { StringEquals: { "aws:PrincipalAccount": [account, "999999999999"] } },
      }),
      [undefined],
    ],
    [
      "nobody knows where, to everybody of accounts that look like the own one",
      allow({ Principal: "*", Condition: { StringLike: { "aws:PrincipalAccount": account } } }),
      [undefined],
    ],
    [
      "nobody knows where, to a service that acts for the own account, in whatever region",
      allow({ Principal: "*", Condition: { StringEquals: { "aws:SourceAccount": account } } }),
      [undefined],
    ],
    ["nobody knows where, by a policy that cannot be read", { Policy: "{" }, [undefined]],
    [
      "to the dead-letter queue's region",
      { RedrivePolicy: '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:1:dead"}' },
      ["us-east-1"],
    ],
    [
      "to the region of a queue that this one buries for",
      { RedriveAllowPolicy: '{"sourceQueueArns":["arn:aws:sqs:ap-southeast-2:1:q"]}' },
      ["ap-southeast-2"],
    ],
  ])("%s", (_, attributes, regions) => {
    expect(regionsOf(attributes)).toEqual(regions);
  });
});

test("whatever a queue says of itself, it becomes links that fit the journal, or is said to be unreadable", () => {
  const text = fc.oneof(fc.string(), fc.json());
  const attributes = fc.record(
    { Policy: text, RedrivePolicy: text, RedriveAllowPolicy: text },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(attributes, (said) => {
      for (const link of queueLinks(said, account)) expect(Link.safeParse(link).success).toBe(true);
    }),
  );
});
