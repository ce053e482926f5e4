import type {
  ListObjectVersionsCommandInput,
  ListObjectVersionsCommandOutput,
  ObjectLockMode,
  S3Client,
  S3ClientConfig,
} from "@aws-sdk/client-s3";
import { RingfenceError } from "../../core/errors.ts";
import { type HistoryStore, mostBytes, unavailable } from "./store.ts";

const callDeadlineMs = 20_000;
const dayMs = 86_400_000;

interface Place {
  bucket: string;
  /** Empty, or ending in a slash. */
  prefix: string;
  lock: { mode: ObjectLockMode; days: number } | null;
}

type Sdk = typeof import("@aws-sdk/client-s3");

/** A history in a bucket. Keys, region and endpoint are found as the AWS SDK finds them. */
export class S3Store implements HistoryStore {
  readonly name: string;
  readonly #place: Place;
  readonly #sdk: Sdk;
  readonly #client: S3Client;

  private constructor(name: string, place: Place, { sdk, client }: { sdk: Sdk; client: S3Client }) {
    this.name = name;
    this.#place = place;
    this.#sdk = sdk;
    this.#client = client;
  }

  /** `s3://BUCKET/PREFIX`, with `?lock=compliance&days=400` (or `governance`) where each object is to carry a
   *  retention of its own. Throws USAGE. */
  static async open(given: string, configuration: S3ClientConfig = fromEnvironment()): Promise<S3Store> {
    const place = placeOf(given);
    const sdk = await import("@aws-sdk/client-s3");
    return new S3Store(given, place, { sdk, client: new sdk.S3Client(configuration) });
  }

  async list(): Promise<string[]> {
    const { bucket: Bucket, prefix: Prefix } = this.#place;
    const names: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const asked = new this.#sdk.ListObjectsV2Command({ Bucket, Prefix, ContinuationToken });
      const answer = await this.#client.send(asked, deadline()).catch((cause) => {
        throw unavailable(this.name, "cannot be listed", cause);
      });
      if (answer.KeyCount === undefined || answer.KeyCount !== (answer.Contents?.length ?? 0))
        throw unavailable(this.name, "answered something else than a list of a bucket");
      names.push(...namesOf(answer.Contents ?? [], Prefix));
      const next = answer.NextContinuationToken;
      if (answer.IsTruncated && (!next || next === ContinuationToken))
        throw unavailable(this.name, "gave half of its list, and no way to the rest");
      ContinuationToken = next;
    } while (ContinuationToken);
    return names.sort();
  }

  /** Where a bucket keeps versions, a lock keeps them from being removed, and not from being hidden. */
  async replaced(): Promise<string[] | null> {
    const { bucket: Bucket, prefix: Prefix } = this.#place;
    const keys = new Set<string>();
    let next: Pick<ListObjectVersionsCommandInput, "KeyMarker" | "VersionIdMarker"> | null = {};
    while (next) {
      const asked: ListObjectVersionsCommandInput = { Bucket, Prefix, ...next };
      const answer: ListObjectVersionsCommandOutput | null = await this.#client
        .send(new this.#sdk.ListObjectVersionsCommand(asked), deadline())
        .catch((cause: Error) => {
          if (["AccessDenied", "NotImplemented"].includes(cause.name)) return null;
          throw unavailable(this.name, "cannot list its versions", cause);
        });
      if (answer === null) return null;
      if (answer.IsTruncated === undefined)
        throw unavailable(this.name, "answered something else than a list of versions");
      const older = (answer.Versions ?? []).filter(({ IsLatest }) => !IsLatest);
      for (const name of namesOf([...older, ...(answer.DeleteMarkers ?? [])], Prefix)) keys.add(name);
      const { NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = answer;
      const isStuck = KeyMarker === next.KeyMarker && VersionIdMarker === next.VersionIdMarker;
      if (answer.IsTruncated && (!KeyMarker || isStuck))
        throw unavailable(this.name, "gave half of its versions, and no way to the rest");
      next = answer.IsTruncated ? { KeyMarker, VersionIdMarker } : null;
    }
    return [...keys].sort();
  }

  async read(name: string): Promise<Buffer | null> {
    const { bucket: Bucket, prefix } = this.#place;
    const asked = { Bucket, Key: prefix + name, ChecksumMode: "ENABLED" as const };
    try {
      const { ContentLength, Body } = await this.#client.send(
        new this.#sdk.GetObjectCommand(asked),
        deadline(),
      );
      if (ContentLength === undefined || ContentLength > mostBytes)
        throw new Error(`${name} has ${ContentLength ?? "no"} bytes`);
      const content = Buffer.from((await Body?.transformToByteArray()) ?? []);
      if (content.length !== ContentLength)
        throw new Error(`${name} gave ${content.length} of ${ContentLength} bytes`);
      return content;
    } catch (error) {
      if (error instanceof this.#sdk.NoSuchKey) return null;
      throw unavailable(this.name, "cannot be read", error);
    }
  }

  async create(name: string, content: Buffer): Promise<"created" | "exists"> {
    const { bucket: Bucket, prefix, lock } = this.#place;
    const retention = lock && {
      ObjectLockMode: lock.mode,
      ObjectLockRetainUntilDate: new Date(Date.now() + lock.days * dayMs),
    };
    const asked = new this.#sdk.PutObjectCommand({
      Bucket,
      Key: prefix + name,
      Body: content,
      IfNoneMatch: "*",
      ChecksumAlgorithm: "SHA256",
      ContentType: name.endsWith(".json") ? "application/json" : "text/plain; charset=utf-8",
      ...retention,
    });
    try {
      await this.#client.send(asked, deadline());
      return "created";
    } catch (error) {
      const { name: code } = error as Error;
      if (code === "PreconditionFailed" || code === "ConditionalRequestConflict") return "exists";
      throw unavailable(this.name, `did not take ${name}`, error);
    }
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }
}

/** Without the empty object by which a console shows the place itself as a folder. */
function namesOf(objects: readonly { Key?: string | undefined }[], prefix: string): string[] {
  return objects.map(({ Key = "" }) => Key.slice(prefix.length)).filter((name) => name !== "");
}

/** An endpoint of one's own seldom has a name for each bucket. */
function fromEnvironment(): S3ClientConfig {
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  return endpoint ? { endpoint, forcePathStyle: true } : {};
}

function deadline() {
  return { abortSignal: AbortSignal.timeout(callDeadlineMs) };
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function placeOf(given: string): Place {
  const url = URL.canParse(given) ? new URL(given) : null;
  const { lock, days, ...more } = Object.fromEntries(url?.searchParams ?? []);
  const known = lock === undefined || lock === "compliance" || lock === "governance";
  const wrong =
    !url?.hostname || url.port || url.username || url.password || url.hash || !isDecodable(url.pathname)
      ? "it names no bucket, or more than a bucket and a prefix"
      : Object.keys(more).length > 0
        ? `it has the unknown option ${Object.keys(more)[0]}`
        : !known
          ? `it has the unknown lock ${lock}`
          : (lock === undefined) !== (days === undefined) || !/^[1-9]\d{0,4}$/.test(days ?? "1")
            ? "`lock` needs `days`, a whole number, and `days` needs `lock`"
            : null;
  if (!url || wrong !== null)
    // Before an @ somebody may have put a secret.
    throw new RingfenceError(
      "USAGE",
      `${given.replace(/^.*@/s, "s3://…@")} is no place for a history: ${wrong}`,
      {
        fix: "write s3://BUCKET/PREFIX, and behind it ?lock=compliance&days=400 where objects are to be locked",
      },
    );
  const path = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, "");
  return {
    bucket: url.hostname,
    prefix: path === "" ? "" : `${path}/`,
    lock:
      lock === undefined
        ? null
        : { mode: lock === "compliance" ? "COMPLIANCE" : "GOVERNANCE", days: Number(days) },
  };
}
