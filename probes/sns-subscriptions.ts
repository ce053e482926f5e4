import type { Subscription } from "@aws-sdk/client-sns";
import { inBlocks } from "../core/addresses.ts";
import type { Link, NamedPlace } from "../core/journal.ts";
import { regionOfArn } from "./aws-client.ts";
import { legibleText } from "./legible.ts";
import { towards, unreadable } from "./resource-policy.ts";

export interface Places {
  links: Link[];
  settings: NamedPlace[];
}

/** Where a topic sends: an ARN says its region, and of a URL or a mailbox the host is named. Nothing else of them is
 *  written down: a path may hold a token, and a mailbox or a telephone number is somebody's. */
export function subscriptionPlaces(subscriptions: readonly Subscription[], topic: string): Places {
  const all = subscriptions.map((one) => placesOf(one, topic));
  return { links: all.flatMap(({ links }) => links), settings: all.flatMap(({ settings }) => settings) };
}

/** A topic's name, short enough for what a line says of it. */
export function topicText(topic: string): string {
  return legibleText(topic).slice(0, 120);
}

function placesOf({ Protocol = "", Endpoint = "", SubscriptionArn }: Subscription, topic: string): Places {
  const pending = SubscriptionArn === "PendingConfirmation" ? "pending " : "";
  const way = Object.hasOwn(ways, Protocol) ? ways[Protocol] : undefined;
  const what = `the ${pending}${way ? `${Protocol} ` : ""}subscription of ${topicText(topic)}`;
  return way ? way(what, Endpoint) : { links: [unreadable(what)], settings: [] };
}

/** By protocol. Source: Amazon SNS API Reference, Subscribe. */
const ways: Readonly<Record<string, (what: string, endpoint: string) => Places>> = {
  sqs: byArn,
  lambda: byArn,
  firehose: byArn,
  application: byPush,
  http: byUrl,
  https: byUrl,
  email: byMailbox,
  "email-json": byMailbox,
  sms: (what) => ({ links: [nowhereKnown(what, "a telephone number")], settings: [] }),
};

function byArn(what: string, arn: string): Places {
  const isArn = /^arn:[\w-]+:[\w-]+:[\w-]{0,64}:[\w:/.-]*$/.test(arn);
  return { links: [isArn ? towards(what, arn, regionOfArn(arn)) : unreadable(what)], settings: [] };
}

/** A maker's push service sends it on to a device, wherever that is. */
function byPush(what: string, arn: string): Places {
  return { links: [...byArn(what, arn).links, nowhereKnown(what, "a device")], settings: [] };
}

function byUrl(what: string, url: string): Places {
  const host = URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") : "";
  return { links: [], settings: [named(what, host)] };
}

function byMailbox(what: string, mailbox: string): Places {
  return { links: [], settings: [named(what, mailbox.slice(mailbox.lastIndexOf("@") + 1))] };
}

function nowhereKnown(what: string, peer: string): Link {
  return { what, peer, addresses: [] };
}

/** A topic is on no machine of ours: what only a machine itself can reach is no place. */
const local = ["127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10"];

function named(setting: string, host: string): NamedPlace {
  const plain = host.toLowerCase().replace(/\.$/, "");
  const isPlace = /^[a-z0-9._:-]{1,253}$/.test(plain) && plain !== "localhost" && !inBlocks(plain, local);
  return isPlace ? { what: "host", setting, host: plain } : { what: "unreadable", setting };
}
