import type { WrittenBackup } from "../../fixtures/aws-services/backup.ts";
import type { WrittenQueues } from "../../fixtures/aws-services/queues.ts";
import type { WrittenRds } from "../../fixtures/aws-services/rds-state.ts";
import type { WrittenTopics } from "../../fixtures/aws-services/topics.ts";
import type { User } from "../../fixtures/object-store/options.ts";
import { accountId, allow, policy, userName } from "./buckets.ts";
import { credentialOf, type Provision } from "./provision.ts";

export interface PlantedServices {
  sqs: Record<string, WrittenQueues>;
  sns: Record<string, WrittenTopics>;
  rds: Record<string, WrittenRds>;
  backup: Record<string, WrittenBackup>;
}

/** Queues, topics, snapshots and vaults as a careful company would have them, by region, each with its canary. */
export function planServices(provisions: readonly Provision[]): PlantedServices {
  const planted: PlantedServices = { sqs: {}, sns: {}, rds: {}, backup: {} };
  const addQueues = (region: string, queues: WrittenQueues) => {
    planted.sqs[region] = [...(planted.sqs[region] ?? []), ...queues];
  };
  for (const provision of provisions) {
    const { region, system } = provision.placement;
    if (system.kind === "sqs") addQueues(region, queuesOf(provision));
    if (system.kind === "sns") {
      planted.sns[region] = [...(planted.sns[region] ?? []), ...topicsOf(provision)];
      addQueues(region, [subscribedQueue(provision)]);
    }
    if (system.kind === "aws-snapshots") {
      planted.rds[region] = snapshotsOf(provision);
      planted.backup[region] = vaultsOf(provision);
    }
  }
  return planted;
}

const users: Record<string, (provision: Provision) => User[]> = {
  sqs: queueUsers,
  sns: topicUsers,
  "aws-snapshots": snapshotUsers,
};

export function serviceUsers(provisions: readonly Provision[]): User[] {
  return provisions.flatMap((provision) => users[provision.placement.system.kind]?.(provision) ?? []);
}

function field({ placement }: Provision, key: string): string {
  return String(placement.endpoint[key]);
}

function queueArns(provision: Provision): string[] {
  const { region, endpoint } = provision.placement;
  return [endpoint.queue, endpoint.deadLetterQueue]
    .filter((name) => name !== undefined)
    .map((name) => `arn:aws:sqs:${region}:${accountId}:${String(name)}`);
}

function queuesOf(provision: Provision): WrittenQueues {
  const { region, endpoint } = provision.placement;
  const [queue = "", dead] = queueArns(provision);
  const attributes = { "ringfence-region": region };
  const main = {
    name: field(provision, "queue"),
    policy: onlyFromOwnVpc(queue, region),
    deadLetterQueue: dead ?? null,
    messages: [{ body: provision.canary, attributes }],
  };
  if (!dead) return [main];
  return [main, { name: String(endpoint.deadLetterQueue), policy: onlyFromOwnVpc(dead, region) }];
}

function onlyFromOwnVpc(Resource: string, region: string) {
  return policy([
    {
      Sid: "OnlyFromOwnVpc",
      Effect: "Deny",
      Principal: "*",
      Action: `${Resource.split(":")[2]}:*`,
      Resource,
      Condition: { StringNotEquals: { "aws:SourceVpc": `vpc-${region}` } },
    },
  ]);
}

function queueUsers(provision: Provision): User[] {
  const { region } = provision.placement;
  const arns = queueArns(provision);
  const workload = [allow(["sqs:*"], arns, { StringEquals: { "aws:RequestedRegion": region } })];
  const canary = [allow(["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"], arns.slice(0, 1))];
  return [userOf(provision, "own", workload), userOf(provision, "canary", canary)];
}

/** The canary's topic first. */
function topicArns({ placement: { region, endpoint } }: Provision): [string, ...string[]] {
  const arnOf = (name: unknown) => `arn:aws:sns:${region}:${accountId}:${String(name)}`;
  return [arnOf(endpoint.topic), ...((endpoint.watched as string[] | undefined) ?? []).map(arnOf)];
}

function subscribedQueue(provision: Provision): WrittenQueues[number] {
  const { region, system } = provision.placement;
  const name = `acme-${system.id}-${region}`;
  const grant = {
    Effect: "Allow" as const,
    Principal: { Service: "sns.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: `arn:aws:sqs:${region}:${accountId}:${name}`,
    Condition: { ArnEquals: { "aws:SourceArn": topicArns(provision) } },
  };
  return { name, policy: policy([grant]) };
}

/** The watched topics are those that customers' events go through: to a queue, a function and a service of the region. */
function topicsOf(provision: Provision): WrittenTopics {
  const { region, system } = provision.placement;
  const queue = {
    protocol: "sqs" as const,
    endpoint: `arn:aws:sqs:${region}:${accountId}:${subscribedQueue(provision).name}`,
  };
  const [first, ...watched] = topicArns(provision).map((arn) => ({
    name: arn.split(":").at(-1) ?? "",
    policy: onlyFromOwnVpc(arn, region),
  }));
  const others = [
    { protocol: "lambda" as const, endpoint: `arn:aws:lambda:${region}:${accountId}:function:${system.id}` },
    { protocol: "https" as const, endpoint: `https://inbox.${region}.replica.internal:8444/events` },
  ];
  return [
    ...(first ? [{ ...first, tags: { "ringfence-canary": provision.canary }, subscriptions: [queue] }] : []),
    ...watched.map((topic) => ({ ...topic, subscriptions: [queue, ...others] })),
  ];
}

function topicUsers(provision: Provision): User[] {
  const { region } = provision.placement;
  const arns = topicArns(provision);
  const workload = [allow(["sns:*"], arns, { StringEquals: { "aws:RequestedRegion": region } })];
  const canary = [allow(["sns:Publish"], arns.slice(0, 1))];
  return [userOf(provision, "own", workload), userOf(provision, "canary", canary)];
}

function userOf(provision: Provision, role: "own" | "canary", policies: User["policies"]): User {
  const { accessKeyId = "", secretAccessKey = "" } = credentialOf(provision, role);
  return {
    name: userName(provision, role === "own" ? "workload" : role),
    accessKeyId,
    secretAccessKey,
    policies,
  };
}

function snapshotsOf(provision: Provision): WrittenRds {
  const { region } = provision.placement;
  const tags = { "ringfence-canary": provision.canary };
  const instance = `arn:aws:rds:${region}:${accountId}:db:orders`;
  return {
    snapshots: [{ id: field(provision, "snapshot"), instance: "orders-canary", tags }],
    automatedBackups: [{ instance, region }],
  };
}

function vaultsOf(provision: Provision): WrittenBackup {
  const name = field(provision, "vault");
  const tags = { "ringfence-canary": provision.canary };
  return { vaults: [{ name, tags }], plans: [{ id: "nightly", name: "nightly", vault: name }] };
}

/** Neither copies nor restores across regions: RDS and AWS Backup have no networks of their own, so that
 *  identity policies have to say so. */
function snapshotUsers(provision: Provision): User[] {
  const { region } = provision.placement;
  const home = { StringEquals: { "aws:RequestedRegion": region } };
  const workload = [
    allow(["rds:*"], [`arn:aws:rds:${region}:${accountId}:*`], home),
    allow(["backup:*"], [`arn:aws:backup:${region}:${accountId}:*`], home),
  ];
  const snapshot = `arn:aws:rds:${region}:${accountId}:snapshot:${field(provision, "snapshot")}`;
  const fromHome = { StringEquals: { "aws:SourceVpc": `vpc-${region}` } };
  const canary = [allow(["rds:DescribeDBSnapshots"], [snapshot], fromHome)];
  return [userOf(provision, "own", workload), userOf(provision, "canary", canary)];
}
