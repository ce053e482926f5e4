import { Agent, request } from "node:https";
import { type ConnectionOptions, connect } from "node:tls";
import type { S3Client } from "@aws-sdk/client-s3";
import type { STSClient } from "@aws-sdk/client-sts";
import { canaryLength } from "./canary.ts";
import type { Ladder } from "./ladder.ts";
import type { S3Endpoint } from "./s3-endpoint.ts";

interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

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
    httpsAgent: pinnedAgent({ address, ladder }),
    connectionTimeout: 0,
    requestTimeout: 0,
  };
  const common = {
    region: endpoint.region,
    credentials: keys,
    requestHandler,
    maxAttempts: 1,
    followRegionRedirects: false,
  };
  const url = (host: string) => `https://${host}${endpoint.port === 443 ? "" : `:${endpoint.port}`}`;
  const s3 = new S3Client({ ...common, endpoint: url(endpoint.host), forcePathStyle: true });
  const sts = new STSClient({ ...common, endpoint: url(endpoint.sts) });
  return {
    s3,
    sts,
    [Symbol.dispose]() {
      s3.destroy();
      sts.destroy();
    },
  };
}

function pinnedAgent({ address, ladder }: { address: string | undefined; ladder: Ladder }): Agent {
  const agent = new Agent({ keepAlive: false });
  agent.createConnection = (options) => {
    const {
      host = "",
      port,
      servername,
    } = options as { host?: string; port?: number | string; servername?: string };
    const to = { host: address ?? host, port: Number(port ?? 443), servername: servername || host };
    const socket = connect({ ...to, autoSelectFamily: false } as ConnectionOptions);
    ladder.watch(socket);
    return socket;
  };
  return agent;
}

/** Reads at most a canary's length, and only from an answer that S3 signed with a request id. */
export async function readObject(s3: S3Client, bucket: string, key: string): Promise<string> {
  const { GetObjectCommand } = await import("@aws-sdk/client-s3");
  const range = `bytes=0-${canaryLength + 3}`;
  const answer = requireService(
    await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range: range })),
  );
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
  const port = endpoint.port === 443 ? "" : `:${endpoint.port}`;
  const s3 = new S3Client({
    region: endpoint.region,
    credentials,
    endpoint: `https://${endpoint.host}${port}`,
    forcePathStyle: true,
  });
  return getSignedUrl(s3, new GetObjectCommand({ Bucket: endpoint.bucket, Key: endpoint.canaryKey }), {
    expiresIn: linkLifetimeSeconds,
  });
}

/** A plain GET, as whoever was handed the link would make it. Redirects are not followed. */
export function fetchLink(
  link: string,
  to: { address: string; ladder: Ladder },
): Promise<{ status: number; body: string; requestId: string | undefined }> {
  return new Promise((done, fail) => {
    const call = request(link, { agent: pinnedAgent(to) }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", fail);
      answer.on("end", () => {
        const id = answer.headers["x-amz-request-id"];
        done({
          status: answer.statusCode ?? 0,
          body: Buffer.concat(chunks).toString("utf8"),
          requestId: typeof id === "string" ? id : undefined,
        });
      });
    });
    call.on("error", fail);
    call.end();
  });
}
