import { text } from "node:stream/consumers";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";

/** Exchanges one object of a bucket for another, as its administrator would; run inside the replica. The
 *  job comes on stdin: `admin` of the system, and the new body, or null to delete. No older version stays. Prints the old body. */
const { admin, body } = JSON.parse(await text(process.stdin)) as {
  admin: Record<string, string>;
  body: string | null;
};
const { accessKeyId = "", secretAccessKey = "", region = "", endpoint = "" } = admin;
const client = new S3Client({
  region,
  endpoint,
  forcePathStyle: true,
  credentials: { accessKeyId, secretAccessKey },
});
const object = { Bucket: admin.bucket, Key: admin.canaryKey };
const old = await client.send(new GetObjectCommand(object)).then(
  (answer) => answer.Body?.transformToString(),
  () => null,
);
await client.send(
  body === null ? new DeleteObjectCommand(object) : new PutObjectCommand({ ...object, Body: body }),
);
const { Versions = [], DeleteMarkers = [] } = await client.send(
  new ListObjectVersionsCommand({ Bucket: admin.bucket, Prefix: admin.canaryKey }),
);
for (const { Key, VersionId, IsLatest } of [...Versions, ...DeleteMarkers]) {
  const isLeft = Key === admin.canaryKey && !(IsLatest && body !== null);
  if (isLeft) await client.send(new DeleteObjectCommand({ Bucket: admin.bucket, Key, VersionId }));
}
process.stdout.write(JSON.stringify({ old }));
