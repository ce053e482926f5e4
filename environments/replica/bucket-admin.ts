import { text } from "node:stream/consumers";
import {
  DeleteBucketReplicationCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { z } from "zod";

/** Replication is the one thing that has to come through the S3 API, as an administrator's change does.
 *  Run on a host of the replica; the job, with the administrator's key, comes on stdin. */
const Place = z.object({
  bucket: z.string(),
  region: z.string(),
  endpoint: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
});
const Job = z.discriminatedUnion("verb", [
  z.object({ verb: z.literal("replicate"), from: Place, to: Place, role: z.string(), prefix: z.string() }),
  z.object({ verb: z.literal("stop-replication"), from: Place }),
  z.object({ verb: z.literal("upload"), from: Place, key: z.string(), body: z.string() }),
]);
export type BucketJob = z.infer<typeof Job>;

function clientOf({ region, endpoint, accessKeyId, secretAccessKey }: z.infer<typeof Place>): S3Client {
  return new S3Client({
    region,
    endpoint,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
}

const job = Job.parse(JSON.parse(await text(process.stdin)));
const client = clientOf(job.from);
const Bucket = job.from.bucket;
switch (job.verb) {
  case "replicate":
    for (const place of [job.from, job.to]) {
      const VersioningConfiguration = { Status: "Enabled" } as const;
      await clientOf(place).send(
        new PutBucketVersioningCommand({ Bucket: place.bucket, VersioningConfiguration }),
      );
    }
    await client.send(
      new PutBucketReplicationCommand({
        Bucket,
        ReplicationConfiguration: {
          Role: job.role,
          Rules: [
            {
              Status: "Enabled",
              Prefix: job.prefix,
              Destination: { Bucket: `arn:aws:s3:::${job.to.bucket}` },
            },
          ],
        },
      }),
    );
    break;
  case "stop-replication":
    await client.send(new DeleteBucketReplicationCommand({ Bucket }));
    break;
  case "upload":
    await client.send(new PutObjectCommand({ Bucket, Key: job.key, Body: job.body }));
    break;
}
