import type { S3Client } from "@aws-sdk/client-s3";
import type { STSClient } from "@aws-sdk/client-sts";
import { settledSettings } from "./aws-client.ts";
import { canaryLength } from "./canary.ts";
import { pinnedAgent, request } from "./http.ts";
import type { Ladder } from "./ladder.ts";
import type { S3Endpoint } from "./s3-endpoint.ts";

export interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

const settledForS3 = {
  requestChecksumCalculation: "WHEN_SUPPORTED",
  responseChecksumValidation: "WHEN_SUPPORTED",
  sigv4aSigningRegionSet: async () => undefined,
  useArnRegion: false,
  disableS3ExpressSessionAuth: false,
} as const;

export interface AwsClient extends Disposable {
  s3: S3Client;
  sts: STSClient;
}

/** Throws unless an answer carries a request id: only AWS itself, no proxy's page, has one. */
export function requireService<Answer extends { $metadata: { requestId?: string | undefined } }>(
  answer: Answer,
): Answer {
  if (!answer.$metadata.requestId)
    throw Object.assign(new Error("no request id"), { name: "NOT_ANSWERED_BY_S3" });
  return answer;
}

/** The SDK takes half a second of CPU to load, and would hold up whatever waits for an answer meanwhile. */
export function loadClients(): Promise<unknown> {
  return Promise.all([
    import("@aws-sdk/client-s3"),
    import("@aws-sdk/client-sts"),
    import("@aws-sdk/s3-request-presigner"),
  ]);
}

/** AWS SDK clients whose sockets go to one literal address (any, when left out) and are watched. */
export async function clientFor(
  endpoint: S3Endpoint,
  { address, ladder, keys }: { address?: string; ladder: Ladder; keys: Keys },
): Promise<AwsClient> {
  const [{ S3Client }, { STSClient }] = await Promise.all([
    import("@aws-sdk/client-s3"),
    import("@aws-sdk/client-sts"),
  ]);
  const requestHandler = {
    httpAgent: pinnedAgent("http:", { address, ladder }),
    httpsAgent: pinnedAgent("https:", { address, ladder }),
    connectionTimeout: 0,
    requestTimeout: 0,
  };
  const common = {
    region: endpoint.region,
    credentials: keys,
    requestHandler,
    followRegionRedirects: false,
    ...settledSettings,
  };
  const s3 = new S3Client({
    ...common,
    ...settledForS3,
    endpoint: urlOf(endpoint, endpoint.host),
    forcePathStyle: true,
  });
  const sts = new STSClient({ ...common, endpoint: urlOf(endpoint, endpoint.sts) });
  return {
    s3,
    sts,
    [Symbol.dispose]() {
      s3.destroy();
      sts.destroy();
    },
  };
}

function urlOf({ tls, port }: S3Endpoint, host: string): string {
  const usual = tls ? 443 : 80;
  return `${tls ? "https" : "http"}://${host}${port === usual ? "" : `:${port}`}`;
}

/** Reads at most a canary's length, and only from an answer that S3 signed with a request id. */
export async function readObject(
  s3: S3Client,
  bucket: string,
  key: string,
  version?: string,
): Promise<string> {
  const { GetObjectCommand } = await import("@aws-sdk/client-s3");
  const range = `bytes=0-${canaryLength + 3}`;
  const asked = { Bucket: bucket, Key: key, Range: range, ...(version ? { VersionId: version } : {}) };
  const answer = requireService(await s3.send(new GetObjectCommand(asked)));
  if ((answer.ContentLength ?? 0) > canaryLength + 4) return "";
  return (await answer.Body?.transformToString()) ?? "";
}

const linkLifetimeSeconds = 300;

/** A link to the canary object that needs no credentials, signed by the region's own workload. */
export async function presign(endpoint: S3Endpoint, credentials: Keys): Promise<string> {
  const [{ S3Client, GetObjectCommand }, { getSignedUrl }] = await Promise.all([
    import("@aws-sdk/client-s3"),
    import("@aws-sdk/s3-request-presigner"),
  ]);
  const s3 = new S3Client({
    region: endpoint.region,
    credentials,
    endpoint: urlOf(endpoint, endpoint.host),
    forcePathStyle: true,
  });
  return getSignedUrl(s3, new GetObjectCommand({ Bucket: endpoint.bucket, Key: endpoint.canaryKey }), {
    expiresIn: linkLifetimeSeconds,
  });
}

/** A plain GET, as whoever was handed the link would make it. Redirects are not followed. */
export async function fetchLink(
  link: string,
  to: { address: string; ladder: Ladder },
): Promise<{ status: number; body: string; requestId: string | undefined }> {
  const { protocol, hostname, port, pathname, search } = new URL(link);
  const tls = protocol !== "http:";
  const { status, body, headers } = await request({
    ...to,
    tls,
    host: hostname,
    port: Number(port || (tls ? 443 : 80)),
    path: `${pathname}${search}`,
  });
  const id = headers["x-amz-request-id"];
  return { status, body, requestId: typeof id === "string" ? id : undefined };
}
