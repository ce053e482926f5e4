import type { PlannedItem } from "./plan.ts";
import type { AddressFamily, LeakPath } from "./vocabulary.ts";

/** An IAM or bucket policy document, as its owner would write it. */
export type PolicyText = Record<string, unknown>;

export interface HttpRequest {
  method: "GET" | "PUT" | "POST" | "DELETE";
  path: string;
  body?: unknown;
}
/** Beside S3 and STS. */
export type AwsService = "sqs" | "sns" | "rds" | "backup";

/** What an operator of a replica can turn. A real region has none of it: drills cannot be aimed there. */
export interface DrillTools {
  /** Where a system is served. */
  place(region: string, system: string): { address: Record<AddressFamily, string>; port: number };
  /** Runs a command on a host ("core", "internet", "R/app", "R/data"); rejects with its complaint. */
  command(host: string, argv: readonly string[], input?: string): Promise<string>;
  /** Starts a command that stays, on a host; `hole` ends it. `asPostgres`: not as root, which PostgreSQL refuses. */
  daemon(hole: Hole, host: string, argv: readonly string[], options?: { asPostgres: boolean }): Promise<void>;
  /** SQL as the superuser of a region's PostgreSQL. Rows as objects. */
  sql(
    region: string,
    system: string,
    statement: string,
    database?: string,
  ): Promise<Record<string, unknown>[]>;
  /** A command as the administrator of a region's Redis. */
  redis(region: string, system: string, ...command: string[]): Promise<unknown>;
  /** A request to one of a region's own HTTP services as its administrator; gives the body, and rejects with
   *  anything but a success. `body` is sent as JSON. */
  http(region: string, system: string, request: HttpRequest): Promise<string>;
  /** The object store's administration. */
  store: {
    get(bucket: string, key: string): Promise<string | null>;
    put(bucket: string, key: string, body: string): Promise<void>;
    /** As if the key had never been written: no version is left. */
    remove(bucket: string, key: string): Promise<void>;
    /** What a plain DELETE does: the versions stay, under a marker. */
    discard(bucket: string, key: string): Promise<void>;
    bucketPolicy(bucket: string, policy: PolicyText | null): Promise<void>;
    trust(roleArn: string, policy: PolicyText): Promise<void>;
    userPolicies(accessKeyId: string, policies: readonly PolicyText[]): Promise<void>;
    /** Through the S3 API, as an administrator does: a rule that copies keys with a prefix, its end, an upload. */
    replicate(from: string, to: string, rule: { role: string; prefix: string }): Promise<void>;
    stopReplication(from: string): Promise<void>;
    upload(bucket: string, key: string, body: string): Promise<void>;
    /** Puts every policy back to what it was when the replica started. */
    resetPolicies(): Promise<void>;
  };
  /** What another AWS service keeps of one region (queues, snapshots, vaults), as plain data, and other data put
   *  in its place. */
  service: {
    read(name: AwsService, region: string): Promise<unknown>;
    write(name: AwsService, region: string, state: unknown): Promise<void>;
  };
  /** The value behind a credential's NAME in the map (`env:NAME`). */
  secret(name: string): string;
  /** A host's file as seen from here: its work folder, where servers keep their data. */
  fileOf(host: string, path: string): string;
  /** The folder in which each host sees its own files, and "core" all of them, as hosts/R.data. */
  work: string;
  /** The file that a region's resolver answers from, in the format of /etc/hosts. */
  namesOf(region: string): string;
}

/** What an operator of a replica made of containers can turn. */
export interface DockerTools {
  /** Where a system is served in its own region's network. */
  place(region: string, system: string): { address: Record<AddressFamily, string>; port: number };
  /** Runs a docker command; gives what it printed, rejects with its complaint. */
  docker(argv: readonly string[], input?: string): Promise<string>;
  /** A region's container, by system id, "runner" or "seed". */
  container(region: string, role: string): string;
  /** A container's addresses in its own region's network. */
  address(region: string, role: string): Record<AddressFamily, string>;
  network(region: string): string;
  /** The image a container was made from. */
  image(region: string, role: string): Promise<string>;
  /** A name for something new, which goes with the environment whatever happens. */
  newName(what: string): { name: string; labels: readonly string[] };
  /** SQL as the superuser of a region's PostgreSQL; what psql prints, unaligned. */
  sql(region: string, system: string, statement: string, database?: string): Promise<string>;
  /** A command as the administrator of a region's Redis; what redis-cli prints. */
  redis(region: string, system: string, ...command: string[]): Promise<string>;
  /** A region's object store. */
  objects: {
    get(region: string, bucket: string, key: string): Promise<string>;
    put(region: string, bucket: string, key: string, body: string): Promise<void>;
    remove(region: string, bucket: string, key: string): Promise<void>;
    createBucket(region: string, bucket: string): Promise<void>;
    removeBucket(region: string, bucket: string): Promise<void>;
  };
  /** The value behind a credential's NAME in the map (`env:NAME`). */
  secret(name: string): string;
}

type Close = () => Promise<unknown>;

/** A hole that knows how it is closed before it is opened. Disposing closes everything, last first, even
 *  when one closing fails; then it throws what failed. */
export class Hole implements AsyncDisposable {
  readonly #closings: Close[] = [];

  closeBy(close: Close): void {
    this.#closings.push(close);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closings.splice(0).reverse()) {
      await close().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0)
      throw new AggregateError(failures, `a hole could not be closed: ${String(failures[0])}`);
  }
}

/** A hole opened on purpose, and exactly what must be found. */
export interface Drill<Tools = DrillTools> {
  id: string;
  path: LeakPath;
  /** What is opened, in words an engineer knows. */
  title: string;
  open(tools: Tools, hole: Hole): Promise<void>;
  /** Attempts of `path` that must turn breached: all of them, or (a hole that opens only sometimes) at least one. */
  expects: (item: PlannedItem) => boolean;
  atLeastOne?: true;
  /** How long attempts wait, where it matters, in ms. */
  deadlineMs?: number;
}

interface Narrow {
  family?: AddressFamily;
  probes?: readonly string[];
  credentials?: string;
  route?: PlannedItem["vector"]["route"];
}

/** The attempts to reach another region's system from one, narrowed as far as is told. */
export function crossing(from: string, to: string, narrow: Narrow = {}): (item: PlannedItem) => boolean {
  return (item) => item.family === "trespass" && between(from, to, narrow)(item);
}

function between(from: string, to: string, narrow: Narrow): (item: PlannedItem) => boolean {
  return (item) =>
    (narrow.route === undefined || item.vector.route === narrow.route) &&
    item.from.region === from &&
    item.to.region === to &&
    (narrow.family === undefined || item.vector.addressFamily === narrow.family) &&
    (narrow.probes === undefined || narrow.probes.includes(item.probe)) &&
    (narrow.credentials === undefined || item.vector.credentials === narrow.credentials);
}

/** What one region sends to other regions' systems (`to`) and to a vendor's other endpoints (`hosts`; a text
 *  that begins with "." stands for every host below it), narrowed as far as is told. */
export function sending(
  from: string,
  narrow: {
    system?: string;
    to?: readonly string[];
    hosts?: readonly string[];
    family?: AddressFamily;
    probes?: readonly string[];
    credentials?: string;
    route?: PlannedItem["vector"]["route"];
  },
): (item: PlannedItem) => boolean {
  const isHost = (host: string) =>
    narrow.hosts?.some((wanted) => (wanted.startsWith(".") ? host.endsWith(wanted) : host === wanted));
  return (item) =>
    item.family === "send" &&
    item.from.region === from &&
    (narrow.system === undefined || item.to.system === narrow.system) &&
    (narrow.probes === undefined || narrow.probes.includes(item.probe)) &&
    (narrow.family === undefined || item.vector.addressFamily === narrow.family) &&
    (narrow.route === undefined || item.vector.route === narrow.route) &&
    (narrow.credentials === undefined || item.vector.credentials === narrow.credentials) &&
    ((narrow.to === undefined && narrow.hosts === undefined) ||
      (item.to.endpoint === undefined
        ? narrow.to?.includes(item.to.region) === true
        : isHost(item.to.endpoint.host) === true));
}

/** The looks inside one region by these probes; `about`: only those for that region's canary. */
export function inside(
  region: string,
  probes: readonly string[],
  narrow: { about?: string; family?: AddressFamily } = {},
): (item: PlannedItem) => boolean {
  return (item) =>
    item.from.region === region &&
    probes.includes(item.probe) &&
    (narrow.about === undefined || item.about === undefined || item.about === narrow.about) &&
    (narrow.family === undefined || item.vector.addressFamily === narrow.family);
}

export function anyOf(...all: readonly ((item: PlannedItem) => boolean)[]): (item: PlannedItem) => boolean {
  return (item) => all.some((one) => one(item));
}
