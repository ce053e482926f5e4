import type { Subscription } from "@aws-sdk/client-sns";
import { inBlocks } from "../core/addresses.ts";
import type { Link, NamedPlace } from "../core/journal.ts";
import { regionOfArn } from "./aws-client.ts";
import { legibleText } from "./legible.ts";
import { towards, unreadable } from "./resource-policy.ts";

/** Where a topic sends: an ARN says its region, and of a URL or a mailbox the host is named. Nothing else of them is
 *  written down: a path may hold a token, and a mailbox or a telephone number is somebody's.
 *  Source: Amazon SNS API Reference, Subscribe. */
export function subscriptionLinks(
  subscriptions: readonly Subscription[],
  topic: string,
): { links: Link[]; settings: NamedPlace[] } {
  const all = subscriptions.map((one) => placesOf(one, topic));
  return { links: all.flatMap(({ links }) => links), settings: all.flatMap(({ settings }) => settings) };
}

/** A topic's name, short enough for what a line says of it. */
export function topicText(topic: string): string {
  return legibleText(topic).slice(0, 120);
}

function placesOf(
  { Protocol = "", Endpoint = "", SubscriptionArn }: Subscription,
  topic: string,
): { links: Link[]; settings: NamedPlace[] } {
  const pending = SubscriptionArn === "PendingConfirmation" ? "pending " : "";
  const what = `the ${pending}${legibleText(Protocol).slice(0, 20)} subscription of ${topicText(topic)}`;
  switch (Protocol) {
    case "sqs":
    case "lambda":
    case "firehose":
      return { links: [towards(what, Endpoint, regionOfArn(Endpoint))], settings: [] };
    case "application":
      // Its maker's push service sends it on to a device, wherever that is.
      return { links: [towards(what, Endpoint, regionOfArn(Endpoint)), to(what, "a device")], settings: [] };
    case "http":
    case "https":
      return { links: [], settings: [named(what, hostOfUrl(Endpoint))] };
    case "email":
    case "email-json":
      return { links: [], settings: [named(what, Endpoint.slice(Endpoint.lastIndexOf("@") + 1))] };
    case "sms":
      return { links: [to(what, "a telephone number")], settings: [] };
    default:
      return { links: [unreadable(what)], settings: [] };
  }
}

function to(what: string, peer: string): Link {
  return { what, peer, addresses: [] };
}

function hostOfUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") : "";
}

/** A topic is on no machine of ours: what only a machine itself can reach is no place. */
const local = ["127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10"];

function named(setting: string, host: string): NamedPlace {
  const plain = host.toLowerCase().replace(/\.$/, "");
  const isPlace = /^[a-z0-9._:-]{1,253}$/.test(plain) && plain !== "localhost" && !inBlocks(plain, local);
  return isPlace ? { what: "host", setting, host: plain } : { what: "unreadable", setting };
}
