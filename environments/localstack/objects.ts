import { text } from "node:stream/consumers";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { z } from "zod";

export const ObjectPlace = z.strictObject({
  endpoint: z.string(),
  region: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
});
export type ObjectPlace = z.infer<typeof ObjectPlace>;

const verbs = ["get", "put", "remove", "createBucket", "removeBucket"] as const;
export const ObjectJob = z.strictObject({
  place: ObjectPlace,
  verb: z.enum(verbs),
  bucket: z.string(),
  key: z.string().default(""),
  body: z.string().default(""),
});
export type ObjectJob = z.input<typeof ObjectJob>;

/** A region's object store, as its administrator uses it. */
export function objectsOf(place: ObjectPlace) {
  const { accessKeyId, secretAccessKey, ...where } = place;
  const client = new S3Client({
    ...where,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
  });
  return {
    async get(Bucket: string, Key: string): Promise<string> {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      return (await Body?.transformToString()) ?? "";
    },
    async put(Bucket: string, Key: string, Body: string): Promise<void> {
      await client.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
    async remove(Bucket: string, Key: string): Promise<void> {
      await client.send(new DeleteObjectCommand({ Bucket, Key }));
    },
    /** One that is there already stays. us-east-1 is no location constraint, as on AWS. */
    async createBucket(Bucket: string): Promise<void> {
      const elsewhere = where.region !== "us-east-1";
      const constraint = {
        CreateBucketConfiguration: { LocationConstraint: where.region as "eu-central-1" },
      };
      await client
        .send(new CreateBucketCommand({ Bucket, ...(elsewhere ? constraint : {}) }))
        .catch((error: { name?: string }) => {
          if (error.name !== "BucketAlreadyOwnedByYou") throw error;
        });
    },
    async removeBucket(Bucket: string): Promise<void> {
      await client.send(new DeleteBucketCommand({ Bucket }));
    },
  };
}

/** Run in a region's runner, for whoever stands outside its network; the job comes on stdin. */
if (process.argv[1] === import.meta.filename) {
  const { place, verb, bucket, key, body } = ObjectJob.parse(JSON.parse(await text(process.stdin)));
  const done = await objectsOf(place)[verb](bucket, key, body);
  process.stdout.write(JSON.stringify({ done: done ?? null }));
}
