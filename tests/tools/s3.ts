import { readFileSync } from "node:fs";
import {
  CopyObjectCommand,
  DeleteBucketReplicationCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";

/** Breaks buckets of a replica as an administrator would; run inside it. argv: verb, state file, arguments. */
const [verb, stateFile = "", ...args] = process.argv.slice(2);
const { systems } = JSON.parse(readFileSync(stateFile, "utf8")) as {
  systems: Record<string, { admin: Record<string, string> }>;
};

function open(system: string) {
  const {
    accessKeyId = "",
    secretAccessKey = "",
    region = "",
    bucket = "",
    endpoint = "",
    canaryKey = "",
  } = systems[system]?.admin ?? {};
  const client = new S3Client({
    region,
    endpoint,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  return { client, bucket, canaryKey };
}

if (verb === "policy") {
  const { client, bucket } = open(args[0] ?? "");
  await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: args[1] }));
}
if (verb === "carry") {
  const from = open(args[0] ?? "");
  const to = open(args[1] ?? "");
  const object = await from.client.send(new GetObjectCommand({ Bucket: from.bucket, Key: from.canaryKey }));
  const Body = (await object.Body?.transformToByteArray()) ?? "";
  await to.client.send(new PutObjectCommand({ Bucket: to.bucket, Key: args[2] ?? "carried", Body }));
}
if (verb === "copy") {
  const from = open(args[0] ?? "");
  const to = open(args[1] ?? "");
  await to.client.send(
    new CopyObjectCommand({
      Bucket: to.bucket,
      Key: args[2] ?? "copied",
      CopySource: `${from.bucket}/${from.canaryKey}`,
    }),
  );
}
if (verb === "replicate") {
  const from = open(args[0] ?? "");
  const to = open(args[1] ?? "");
  for (const { client, bucket } of [from, to]) {
    await client.send(
      new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: "Enabled" } }),
    );
  }
  await from.client.send(
    new PutBucketReplicationCommand({
      Bucket: from.bucket,
      ReplicationConfiguration: {
        Role: "arn:aws:iam::111122223333:role/replication",
        Rules: [{ Status: "Enabled", Prefix: "", Destination: { Bucket: `arn:aws:s3:::${to.bucket}` } }],
      },
    }),
  );
}
if (verb === "remove") {
  const { client, bucket } = open(args[0] ?? "");
  const { Versions = [] } = await client.send(
    new ListObjectVersionsCommand({ Bucket: bucket, Prefix: args[1] }),
  );
  for (const { Key, VersionId } of Versions)
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }));
}
if (verb === "stop-replicating") {
  const { client, bucket } = open(args[0] ?? "");
  await client.send(new DeleteBucketReplicationCommand({ Bucket: bucket }));
}
process.stdout.write("done\n");
