import { randomBytes } from "node:crypto";
import type { Outcome } from "../core/vocabulary.ts";
import { canaryDigest } from "./canary.ts";
import type { Answer } from "./probe.ts";
import { clientFor, fetchLink, readObject, requireService } from "./s3-client.ts";
import { copiesOf, keysOf, readOutcome, type S3Context } from "./s3-endpoint.ts";
import { restore } from "./s3-restore.ts";

/** The ways to a far bucket, by probe. */
export const trespassWays: Record<string, (context: S3Context) => Promise<Answer>> = {
  "s3-get": getCanary,
  "s3-list": list,
  "s3-copy": copy,
  "s3-presigned": presigned,
  "s3-assume-role": assumeRole,
  "s3-put-far": putFar,
  "s3-restore": restore,
};

/** A 200 without what S3 says in it is anyone's. */
const notS3 = { outcome: { kind: "faulted", code: "NOT_ANSWERED_BY_S3" } } as const;

async function getCanary(context: S3Context) {
  const { target, address, ladder } = context;
  using client = await clientFor(target, { address, ladder, keys: keysOf(context) });
  return { outcome: readOutcome(await readObject(client.s3, target.bucket, target.canaryKey)) };
}

async function list(context: S3Context) {
  const { ListObjectsV2Command } = await import("@aws-sdk/client-s3");
  const { target, address, ladder } = context;
  using client = await clientFor(target, { address, ladder, keys: keysOf(context) });
  const listing = requireService(
    await client.s3.send(
      new ListObjectsV2Command({ Bucket: target.bucket, Prefix: target.canaryKey, MaxKeys: 5 }),
    ),
  );
  if (listing.Name !== target.bucket) return notS3;
  return { outcome: { kind: "reached", rung: "authorization" } as const };
}

/** Asks the own endpoint to fetch the far object: the packets never cross a border that we could see. */
async function copy(context: S3Context) {
  const { CopyObjectCommand, DeleteObjectCommand } = await import("@aws-sdk/client-s3");
  const { own, target, address, ladder, item } = context;
  using client = await clientFor(own, { address, ladder, keys: keysOf(context) });
  const key = `${copiesOf(context)}${item.to.region}-ipv${item.vector.addressFamily}-${Date.now()}`;
  const copied = requireService(
    await client.s3.send(
      new CopyObjectCommand({
        Bucket: own.bucket,
        Key: key,
        CopySource: `${target.bucket}/${target.canaryKey}`,
      }),
    ),
  );
  const body = await readObject(client.s3, own.bucket, key).catch(() => "");
  // Where the bucket keeps versions, a DELETE without one would leave the copy there.
  const written = {
    Bucket: own.bucket,
    Key: key,
    ...(copied.VersionId ? { VersionId: copied.VersionId } : {}),
  };
  const done = await client.s3.send(new DeleteObjectCommand(written)).then(
    () => true,
    () => false,
  );
  const canary = canaryDigest(body);
  const authorized = copied.CopyObjectResult?.ETag
    ? ({ kind: "reached", rung: "authorization" } as const)
    : notS3.outcome;
  return {
    outcome: canary ? ({ kind: "reached", rung: "data", canary } as const) : authorized,
    removed: { what: `s3://${own.bucket}/${key}`, done },
  };
}

/** Writes a token that is no canary, as a backup job would that was given the wrong bucket. */
async function putFar(context: S3Context) {
  const { PutObjectCommand, DeleteObjectCommand } = await import("@aws-sdk/client-s3");
  const { target, address, ladder, item, runId } = context;
  using client = await clientFor(target, { address, ladder, keys: keysOf(context) });
  const token = `ringfence-token-${runId}-${randomBytes(16).toString("base64url")}`;
  const place = { Bucket: target.bucket, Key: `${copiesOf(context)}sent-from-${item.from.region}-${token}` };
  const put = requireService(await client.s3.send(new PutObjectCommand({ ...place, Body: token })));
  if (!put.ETag) return notS3;
  const done = await client.s3.send(new DeleteObjectCommand(place)).then(
    () => true,
    () => false,
  );
  return {
    outcome: { kind: "reached", rung: "authorization" } as const,
    removed: { what: `s3://${place.Bucket}/${place.Key}`, done },
  };
}

async function presigned({ offer, address, ladder }: S3Context) {
  if (!offer) return { outcome: { kind: "faulted", code: "NO_LINK_OFFERED" } as const };
  const answer = await fetchLink(offer, { address, ladder });
  if (answer.status === 200) return { outcome: readOutcome(answer.body) };
  const code = /<Code>([A-Za-z.]{1,80})<\/Code>/.exec(answer.body)?.[1];
  throw Object.assign(new Error("refused"), {
    name: code ?? `HTTP_${answer.status}`,
    requestId: answer.requestId,
  });
}

async function assumeRole(context: S3Context) {
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
