import type { Agent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import { z } from "zod";
import { Port, SecretReference } from "../core/residency-map.ts";
import type { Outcome } from "../core/vocabulary.ts";
import { brokenConnection } from "./attempt.ts";
import { pinnedAgent } from "./http.ts";
import type { Ladder } from "./ladder.ts";
import type { Keys } from "./s3-client.ts";

export const accessKey = z.strictObject({ accessKeyId: SecretReference, secretAccessKey: SecretReference });

/** What endpoints of AWS services have in common. */
export const awsEndpoint = {
  port: Port.default(443),
  tls: z.boolean().default(true).describe("false for an emulator that speaks plain HTTP"),
  region: z.string().min(1).describe("The AWS region"),
  account: z.string().regex(/^\d{12}$/, "an AWS account id of 12 digits"),
};

interface Place {
  tls: boolean;
  port: number;
  region: string;
}

export function urlAt({ tls, port }: Place, host: string): string {
  const usual = tls ? 443 : 80;
  return `${tls ? "https" : "http"}://${host}${port === usual ? "" : `:${port}`}`;
}

/** What the SDK would else look up for every client, in variables and files of whoever runs it: they are no
 *  part of the plan, and the looking takes a third of a client's time. */
export const settledSettings = {
  defaultsMode: "legacy",
  retryMode: "standard",
  maxAttempts: 1,
  authSchemePreference: [] as string[],
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  userAgentAppId: async () => undefined,
} as const;

export type ClientSettings = typeof settledSettings & {
  region: string;
  endpoint: string;
  credentials: Keys;
  requestHandler: {
    httpAgent: Agent;
    httpsAgent: HttpsAgent;
    connectionTimeout: number;
    requestTimeout: number;
  };
};

/** Settings of an SDK client whose sockets go to one literal address and are watched. It never tries twice:
 *  the attempt's deadline is the only one. `keepAlive`: for many questions, which then share a handshake. */
export function clientSettings(
  place: Place,
  {
    host,
    address,
    ladder,
    keys,
    keepAlive = false,
  }: { host: string; address: string; ladder: Ladder; keys: Keys; keepAlive?: boolean },
): ClientSettings {
  return {
    region: place.region,
    endpoint: urlAt(place, host),
    credentials: keys,
    ...settledSettings,
    requestHandler: {
      httpAgent: pinnedAgent("http:", { address, ladder, keepAlive }),
      httpsAgent: pinnedAgent("https:", { address, ladder, keepAlive }) as unknown as HttpsAgent,
      connectionTimeout: 0,
      requestTimeout: 0,
    },
  };
}

/** A 200 without what the service says in it is anyone's: a proxy's page looks like success, too. */
export const notAws = { kind: "faulted", code: "NOT_ANSWERED_BY_AWS" } as const satisfies Outcome;

/** Throws unless an answer carries a request id: only AWS itself, no proxy's page, has one. */
export function requireAws<Answer extends { $metadata: { requestId?: string | undefined } }>(
  answer: Answer,
): Answer {
  if (!answer.$metadata.requestId)
    throw Object.assign(new Error("no request id"), { name: "NOT_ANSWERED_BY_AWS" });
  return answer;
}

/** The last two are SNS's words for it. */
const refusals = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "AuthorizationError",
  "AuthorizationErrorException",
]);

/** AccessDenied counts only with AWS's own request id. `beyond`: the errors of a service that come after
 *  authorization, so that whoever gets one was let in. Everything else proves nothing: a missing queue, an
 *  unknown or expired key, a wrong clock, a throttle.
 *  Sources: AWS General Reference, "Common errors"; Amazon SNS API Reference, Publish, "Errors". */
export function explainAws(
  error: unknown,
  ladder: Ladder,
  { beyond }: { beyond: ReadonlySet<string> } = { beyond: new Set() },
): Outcome {
  const broken = brokenConnection(error, ladder);
  if (broken) return broken;
  const {
    name = "UNKNOWN",
    code,
    $metadata,
  } = error as { name?: string; code?: string; $metadata?: { requestId?: string } };
  const passed = beyond.has(name);
  if (!passed && !refusals.has(name)) return { kind: "faulted", code: code ?? name };
  if (!$metadata?.requestId) return notAws;
  if (passed) return { kind: "reached", rung: "authorization" };
  ladder.climb("authentication");
  return { kind: "refused", rung: "authorization", code: "AccessDenied" };
}

/** The region in an ARN: `arn:PARTITION:SERVICE:REGION:ACCOUNT:…`. Empty for what is global, or no ARN. */
export function regionOfArn(arn: string): string {
  const [first, , , region = ""] = arn.split(":");
  return first === "arn" ? region : "";
}
