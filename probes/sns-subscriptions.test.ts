import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Link, NamedPlace } from "../core/journal.ts";
import { subscriptionPlaces } from "./sns-subscriptions.ts";

const led = (Protocol: string, Endpoint: string, SubscriptionArn = "arn:aws:sns:a:1:t:1") =>
  subscriptionPlaces([{ Protocol, Endpoint, SubscriptionArn }], "t");

describe("a subscription leads", () => {
  test.each<[string, string, string, (string | undefined)[]]>([
    ["to a queue's region", "sqs", "arn:aws:sqs:us-east-1:1:q", ["us-east-1"]],
    ["to a function's region", "lambda", "arn:aws:lambda:us-east-1:1:function:f", ["us-east-1"]],
    ["to a stream's region", "firehose", "arn:aws:firehose:us-east-1:1:deliverystream/s", ["us-east-1"]],
    ["nobody knows where, to what is no ARN", "sqs", "https://sqs.eu.amazonaws.com/1/q", [undefined]],
    [
      "to an application's region, and from there nobody knows where",
      "application",
      "arn:aws:sns:us-east-1:1:endpoint/GCM/app/x",
      ["us-east-1", undefined],
    ],
    ["nobody knows where, to an ARN without a region", "sqs", "arn:aws:sqs:::q", [undefined]],
    ["nobody knows where, to a region of markup", "sqs", "arn:aws:sqs:<b>:1:q", [undefined]],
    ["nobody knows where, by a word that every object knows", "constructor", "x", [undefined]],
    ["nobody knows where, to a telephone", "sms", "+4912345678", [undefined]],
    ["nobody knows where, by a protocol of tomorrow", "pigeon", "arn:aws:pigeon:us-east-1:1:p", [undefined]],
  ])("%s", (_, protocol, endpoint, regions) => {
    const { links, settings } = led(protocol, endpoint);
    expect(links.map(({ region }) => region)).toEqual(regions);
    expect(settings).toEqual([]);
  });

  test.each<[string, string, string, string | null]>([
    ["to the host of its URL", "https", "https://user:pass@Hooks.Example:8443/token", "hooks.example"],
    ["to the address in its URL", "http", "http://[fd10:20::5]/", "fd10:20::5"],
    ["to a mailbox's domain", "email", "jane.doe@mail.example", "mail.example"],
    ["to the last of several domains, which is the one", "email-json", '"a@b"@mail.example', "mail.example"],
    ["nobody can read where, by a URL that is none", "https", "hooks.example/token", null],
    ["nobody can read where, to a machine itself: a topic is on none", "http", "http://127.0.0.1/", null],
    ["nobody can read where, to nobody", "email", "", null],
  ])("%s", (_, protocol, endpoint, host) => {
    const setting = `the ${protocol} subscription of t`;
    expect(led(protocol, endpoint)).toEqual({
      links: [],
      settings: [host === null ? { what: "unreadable", setting } : { what: "host", setting, host }],
    });
  });
});

test("no path, login, mailbox or telephone number is written down, because it is a secret or somebody's", () => {
  const written = JSON.stringify([
    led("https", "https://user:pass@hooks.example/token?key=k#part"),
    led("email", "jane.doe@mail.example"),
    led("sms", "+4912345678"),
  ]);
  expect(written).not.toMatch(/user|pass|token|key|part|jane|4912/);
});

test("whatever a topic says of its subscriptions, it becomes places that fit the journal", () => {
  const protocol = fc.oneof(
    fc.string(),
    fc.constantFrom("sqs", "lambda", "application", "http", "https", "email", "sms"),
  );
  const endpoint = fc.oneof(
    fc.string(),
    fc.webUrl(),
    fc.string().map((text) => `${text}@mail.example`),
  );
  fc.assert(
    fc.property(
      protocol,
      endpoint,
      fc.string(),
      fc.string(),
      (Protocol, Endpoint, SubscriptionArn, topic) => {
        const { links, settings } = subscriptionPlaces([{ Protocol, Endpoint, SubscriptionArn }], topic);
        expect(links.length + settings.length).toBeGreaterThan(0);
        for (const link of links) expect(Link.safeParse(link).success).toBe(true);
        for (const place of settings) expect(NamedPlace.safeParse(place).success).toBe(true);
      },
    ),
  );
});
