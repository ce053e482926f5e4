import { z } from "zod";
import { HostName, Port, SecretReference } from "../core/residency-map.ts";
import type { Outcome } from "../core/vocabulary.ts";
import { brokenConnection } from "./attempt.ts";
import { canaryDigest } from "./canary.ts";
import type { Ladder } from "./ladder.ts";
import { defineProbe, type TryContext } from "./probe.ts";
import { clientFor, fetchLink, presign, readObject, requireService } from "./s3-client.ts";
import { bucketLinks, strayObjects } from "./s3-inside.ts";

const accessKey = z.strictObject({ accessKeyId: SecretReference, secretAccessKey: SecretReference });

export const S3Endpoint = z.strictObject({
  host: HostName.describe("The regional S3 endpoint, such as s3.eu-central-1.amazonaws.com"),
  sts: HostName.describe("The regional STS endpoint"),
  port: Port.default(443),
  region: z.string().min(1).describe("The AWS region of the bucket"),
  bucket: z.string().min(3).max(63),
  canaryKey: z.string().min(1).default("ringfence/canary"),
  canaryRole: z.string().startsWith("arn:").describe("A role of the home region that may read the canary"),
  credentials: z.strictObject({
    own: accessKey.describe("The region's workload"),
    canary: accessKey.describe("Reads the canary object and nothing else; the other regions try it"),
  }),
});
export type S3Endpoint = z.infer<typeof S3Endpoint>;
type Context = TryContext<S3Endpoint>;

const trespass = { family: "trespass", routes: ["name"], contacts: "target" } as const;
const inside = { routes: ["name"], credentials: ["own"], goal: "data", contacts: "own" } as const;

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
      credentials: ["own"],
      goal: "data",
      proves: "no role of the far region can be assumed",
    },
    {
      ...inside,
      probe: "s3-stray",
      family: "stray",
      perOtherRegion: true,
      proves: "no canary of another region in the own bucket",
    },
    {
      ...inside,
      probe: "s3-links",
      family: "stray",
      proves: "no replication rule to a bucket outside the region",
    },
    { ...inside, probe: "s3-wiring", family: "wiring", proves: "the own bucket is in the own region" },
  ],
  contact: (endpoint, item) => ({
    host: item.probe === "s3-assume-role" ? endpoint.sts : endpoint.host,
    port: endpoint.port,
  }),
  async run(context) {
    const ways: Record<string, (context: Context) => ReturnType<typeof getCanary>> = {
      "s3-get": getCanary,
      "s3-list": list,
      "s3-copy": copy,
      "s3-presigned": presigned,
      "s3-assume-role": assumeRole,
    };
    const way = ways[context.item.probe];
    return way ? way(context) : look(context);
  },
  explain,
  mint: ({ own, secret }) =>
    presign(own, {
      accessKeyId: secret(own.credentials.own.accessKeyId),
      secretAccessKey: secret(own.credentials.own.secretAccessKey),
    }),
});

function keysOf({ item, own, target, secret }: Context) {
  const pair = item.vector.credentials === "target" ? target.credentials.canary : own.credentials.own;
  return { accessKeyId: secret(pair.accessKeyId), secretAccessKey: secret(pair.secretAccessKey) };
}

/** Bytes that are no canary prove nothing: a proxy's page looks like success, too. */
function readOutcome(body: string): Outcome {
  const canary = canaryDigest(body);
  return canary
    ? { kind: "reached", rung: "data", canary }
    : { kind: "faulted", code: "NO_CANARY_IN_ANSWER" };
}

async function getCanary(context: Context) {
  const { target, address, ladder } = context;
  using client = await clientFor(target, { address, ladder, keys: keysOf(context) });
  return { outcome: readOutcome(await readObject(client.s3, target.bucket, target.canaryKey)) };
}

async function list(context: Context) {
  const { ListObjectsV2Command } = await import("@aws-sdk/client-s3");
  const { target, address, ladder } = context;
  using client = await clientFor(target, { address, ladder, keys: keysOf(context) });
  requireService(
    await client.s3.send(
      new ListObjectsV2Command({ Bucket: target.bucket, Prefix: target.canaryKey, MaxKeys: 5 }),
    ),
  );
  return { outcome: { kind: "reached", rung: "authorization" } as const };
}

/** Where this run's own copies lie for the moment until they are removed; a search passes them over. */
function copiesOf({ runId }: Context): string {
  return `ringfence/copied/${runId}/`;
}

/** Asks the own endpoint to fetch the far object: the packets never cross a border that we could see. */
async function copy(context: Context) {
  const { CopyObjectCommand, DeleteObjectCommand } = await import("@aws-sdk/client-s3");
  const { own, target, address, ladder, item } = context;
  using client = await clientFor(own, { address, ladder, keys: keysOf(context) });
  const key = `${copiesOf(context)}${item.to.region}-ipv${item.vector.addressFamily}-${Date.now()}`;
  requireService(
    await client.s3.send(
      new CopyObjectCommand({
        Bucket: own.bucket,
        Key: key,
        CopySource: `${target.bucket}/${target.canaryKey}`,
      }),
    ),
  );
  const body = await readObject(client.s3, own.bucket, key).catch(() => "");
  const done = await client.s3.send(new DeleteObjectCommand({ Bucket: own.bucket, Key: key })).then(
    () => true,
    () => false,
  );
  const canary = canaryDigest(body);
  return {
    outcome: canary
      ? ({ kind: "reached", rung: "data", canary } as const)
      : ({ kind: "reached", rung: "authorization" } as const),
    removed: { what: `s3://${own.bucket}/${key}`, done },
  };
}

async function presigned({ offer, address, ladder }: Context) {
  if (!offer) return { outcome: { kind: "faulted", code: "NO_LINK_OFFERED" } as const };
  const answer = await fetchLink(offer, { address, ladder });
  if (answer.status === 200) return { outcome: readOutcome(answer.body) };
  const code = /<Code>([A-Za-z.]{1,80})<\/Code>/.exec(answer.body)?.[1];
  throw Object.assign(new Error("refused"), {
    name: code ?? `HTTP_${answer.status}`,
    requestId: answer.requestId,
  });
}

async function assumeRole(context: Context) {
  const { AssumeRoleCommand } = await import("@aws-sdk/client-sts");
  const { own, target, address, ladder, item } = context;
  using client = await clientFor(own, { address, ladder, keys: keysOf(context) });
  const RoleSessionName = `ringfence-${item.from.region}`;
  const { Credentials: session } = requireService(
    await client.sts.send(
      new AssumeRoleCommand({ RoleArn: target.canaryRole, RoleSessionName, DurationSeconds: 900 }),
    ),
  );
  if (!session?.AccessKeyId || !session.SecretAccessKey || !session.SessionToken) {
    return { outcome: { kind: "faulted", code: "NO_CREDENTIALS_ISSUED" } as const };
  }
  const keys = {
    accessKeyId: session.AccessKeyId,
    secretAccessKey: session.SecretAccessKey,
    sessionToken: session.SessionToken,
  };
  using reader = await clientFor(target, { ladder, keys });
  const body = await readObject(reader.s3, target.bucket, target.canaryKey).catch(() => "");
  const canary = canaryDigest(body);
  return {
    outcome: {
      kind: "reached",
      rung: canary ? "data" : "authorization",
      ...(canary ? { canary } : {}),
    } as Outcome,
  };
}

async function look(context: Context) {
  const { GetBucketLocationCommand } = await import("@aws-sdk/client-s3");
  const { own, address, ladder, item } = context;
  using client = await clientFor(own, { address, ladder, keys: keysOf(context) });
  const outcome = readOutcome(await readObject(client.s3, own.bucket, own.canaryKey));
  const canaries = outcome.kind === "reached" && outcome.canary ? [outcome.canary] : [];
  if (item.probe === "s3-stray")
    return {
      outcome,
      findings: { canaries: await strayObjects(client.s3, own.bucket, { passOver: copiesOf(context) }) },
    };
  if (item.probe === "s3-links")
    return { outcome, findings: { canaries, links: await bucketLinks(client.s3, own.bucket) } };
  const { LocationConstraint } = await client.s3.send(new GetBucketLocationCommand({ Bucket: own.bucket }));
  return {
    outcome,
    findings: { canaries, servedFrom: { addresses: [], region: LocationConstraint ?? "us-east-1" } },
  };
}

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
  if (known?.kind !== "refused") return { kind: "faulted", code: (code ?? name).slice(0, 120) };
  if (!requestId && !$metadata?.requestId) return { kind: "faulted", code: "NOT_ANSWERED_BY_S3" };
  ladder.climb(known.rung === "data" ? "authorization" : "authentication");
  return known;
}
