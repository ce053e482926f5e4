import type { S3Client } from "@aws-sdk/client-s3";
import type { Link } from "../core/journal.ts";
import { canaryDigest, canaryLength } from "./canary.ts";
import { legibleText } from "./legible.ts";
import type { Answer } from "./probe.ts";
import { clientFor, readObject, requireService } from "./s3-client.ts";
import { copiesOf, keysOf, readOutcome, type S3Context } from "./s3-endpoint.ts";

/** Reads the own canary, and looks around in the own bucket as the probe asks. */
export async function lookInside(context: S3Context): Promise<Answer> {
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
  const { LocationConstraint } = requireService(
    await client.s3.send(new GetBucketLocationCommand({ Bucket: own.bucket })),
  );
  const region = isRegion(LocationConstraint) ? LocationConstraint : await regionOf(client.s3, own.bucket);
  return { outcome, findings: { canaries, ...(region ? { servedFrom: { addresses: [], region } } : {}) } };
}

/** Nothing is us-east-1 by S3's word, and nothing at all by another store's; "EU" is what eu-west-1 was once called.
 *  Source: Amazon S3 API Reference, GetBucketLocation. */
function isRegion(constraint: string | undefined): constraint is string {
  return constraint !== undefined && constraint !== "" && constraint !== "EU";
}

const keysInPage = 500;
const mostPages = 100;
const mostLinks = 100;

/** Reads every object of exactly a canary's size, whatever its key, older versions and what a deletion
 *  left behind included; no other object is opened. */
async function strayObjects(
  s3: S3Client,
  bucket: string,
  { passOver }: { passOver: string },
): Promise<string[]> {
  const { ListObjectVersionsCommand } = await import("@aws-sdk/client-s3");
  const canaries = new Set<string>();
  let after: { KeyMarker?: string; VersionIdMarker?: string } = {};
  for (let page = 0; page < mostPages; page++) {
    const answer = requireService(
      await s3.send(new ListObjectVersionsCommand({ Bucket: bucket, MaxKeys: keysInPage, ...after })),
    );
    for (const { Key, Size, VersionId, IsLatest } of answer.Versions ?? []) {
      if (!Key || Size !== canaryLength || Key.startsWith(passOver)) continue;
      // Where no versions are kept there is one, "null", and reading it takes no right to read versions.
      const version = IsLatest && VersionId === "null" ? undefined : VersionId;
      const digest = canaryDigest(await readObject(s3, bucket, Key, version));
      if (digest) canaries.add(digest);
    }
    if (answer.IsTruncated === false) return [...canaries].sort();
    if (!answer.NextKeyMarker) break;
    after = {
      KeyMarker: answer.NextKeyMarker,
      ...(answer.NextVersionIdMarker ? { VersionIdMarker: answer.NextVersionIdMarker } : {}),
    };
  }
  throw Object.assign(new Error("too many objects"), { name: "SEARCH_TRUNCATED" });
}

/** Where the bucket's replication rules copy to. */
async function bucketLinks(s3: S3Client, bucket: string): Promise<Link[]> {
  const { GetBucketReplicationCommand } = await import("@aws-sdk/client-s3");
  const rules = await s3.send(new GetBucketReplicationCommand({ Bucket: bucket })).then(
    (answer) => {
      const { Rules = [] } = requireService(answer).ReplicationConfiguration ?? {};
      if (Rules.length > 0) return Rules;
      throw Object.assign(new Error("a success without a rule"), { name: "NO_RULE_IN_ANSWER" });
    },
    (error: { name?: string; $metadata?: { requestId?: string } }) => {
      const { name, $metadata } = error;
      if (name === "ReplicationConfigurationNotFoundError" && $metadata?.requestId) return [];
      throw error;
    },
  );
  if (rules.length > mostLinks)
    throw Object.assign(new Error("too many rules"), { name: "SEARCH_TRUNCATED" });
  return Promise.all(
    rules.map(async ({ Destination }) => {
      const target = Destination?.Bucket?.replace(/^arn:[^:]*:s3:::/, "") ?? "";
      const region = await regionOf(s3, target);
      return {
        what: "the replication rule",
        peer: legibleText(target),
        addresses: [],
        ...(region ? { region } : {}),
      };
    }),
  );
}

/** S3 tells anyone a bucket's region, in the answer or in the redirect. */
async function regionOf(s3: S3Client, bucket: string): Promise<string | undefined> {
  const { HeadBucketCommand } = await import("@aws-sdk/client-s3");
  try {
    return (await s3.send(new HeadBucketCommand({ Bucket: bucket }))).BucketRegion;
  } catch (error) {
    const { $response } = error as { $response?: { headers?: Record<string, string> } };
    return $response?.headers?.["x-amz-bucket-region"];
  }
}
