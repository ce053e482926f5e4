import type { Outcome } from "../core/vocabulary.ts";
import { brokenConnection } from "./attempt.ts";
import { inside } from "./checks.ts";
import type { Ladder } from "./ladder.ts";
import { defineProbe } from "./probe.ts";
import { loadClients, presign } from "./s3-client.ts";
import { S3Endpoint } from "./s3-endpoint.ts";
import { lookInside } from "./s3-inside.ts";
import { trespassWays } from "./s3-trespass.ts";

const trespass = { family: "trespass", routes: ["name"], contacts: "target" } as const;

/** S3 is a public endpoint: the network is open by design, and authorization must stop the attempt.
 *  Error codes: Amazon S3 API reference, "Error responses". */
export const s3 = defineProbe({
  kind: "s3",
  endpoint: S3Endpoint,
  stopBy: "authorization",
  checks: [
    {
      ...trespass,
      routes: ["name", "address"],
      probe: "s3-get",
      credentials: ["own", "target"],
      goal: "data",
      proves: "no object of the far bucket can be read",
    },
    {
      ...trespass,
      probe: "s3-list",
      credentials: ["own", "target"],
      goal: "authorization",
      proves: "the far bucket cannot be listed",
    },
    {
      ...trespass,
      probe: "s3-copy",
      contacts: "own",
      about: "authorization",
      credentials: ["own"],
      goal: "data",
      proves: "no object of the far bucket can be copied into the own one",
    },
    {
      ...trespass,
      probe: "s3-presigned",
      credentials: ["target"],
      goal: "data",
      proves: "a link signed in the far region opens nothing here",
    },
    {
      ...trespass,
      probe: "s3-assume-role",
      contacts: "own",
      about: "authorization",
      credentials: ["own"],
      goal: "data",
      proves: "no role of the far region can be assumed",
    },
    {
      ...trespass,
      probe: "s3-put-far",
      family: "send",
      about: "authorization",
      credentials: ["own"],
      goal: "authorization",
      proves: "nothing of the own region can be put into the far bucket",
    },
    {
      ...trespass,
      probe: "s3-restore",
      needs: "restore",
      credentials: ["own", "target"],
      goal: "data",
      proves: "no backup of the far region can be fetched and restored here",
    },
    {
      ...inside,
      probe: "s3-stray",
      looksFor: "canaries",
      family: "stray",
      perOtherRegion: true,
      proves: "no canary of another region in the own bucket, older versions included",
    },
    {
      ...inside,
      probe: "s3-links",
      looksFor: "links",
      family: "stray",
      proves: "no replication rule to a bucket outside the region",
    },
    {
      ...inside,
      probe: "s3-wiring",
      looksFor: "place",
      family: "wiring",
      proves: "the own bucket is in the own region",
    },
  ],
  prepare: loadClients,
  contact: (endpoint, item) => ({
    host: item.probe === "s3-assume-role" ? endpoint.sts : endpoint.host,
    port: endpoint.port,
  }),
  async run(context) {
    const way = trespassWays[context.item.probe] ?? lookInside;
    return way(context);
  },
  explain,
  mint: ({ own, secret }) =>
    presign(own, {
      accessKeyId: secret(own.credentials.own.accessKeyId),
      secretAccessKey: secret(own.credentials.own.secretAccessKey),
    }),
});

const refusals: Record<string, Outcome> = {
  AccessDenied: { kind: "refused", rung: "authorization", code: "AccessDenied" },
  NoSuchKey: { kind: "refused", rung: "data", code: "NoSuchKey" },
  InvalidObjectState: { kind: "refused", rung: "data", code: "InvalidObjectState" },
  PreconditionFailed: { kind: "refused", rung: "data", code: "PreconditionFailed" },
};

/** AccessDenied counts only from S3 itself, which signs every answer with a request id. A missing bucket,
 *  an unknown or expired key, a wrong clock, a redirect, a throttle prove nothing. NoSuchKey is shown
 *  only to those who may list. */
function explain(error: unknown, ladder: Ladder): Outcome {
  const broken = brokenConnection(error, ladder);
  if (broken) return broken;
  const {
    name = "UNKNOWN",
    requestId,
    $metadata,
    code,
  } = error as {
    name?: string;
    requestId?: string;
    code?: string;
    $metadata?: { requestId?: string };
  };
  const known = refusals[name];
  if (known?.kind !== "refused") return { kind: "faulted", code: code ?? name };
  if (!requestId && !$metadata?.requestId) return { kind: "faulted", code: "NOT_ANSWERED_BY_S3" };
  ladder.climb(known.rung === "data" ? "authorization" : "authentication");
  return known;
}
