import type { WrittenBackup } from "../../fixtures/aws-services/backup.ts";
import type { WrittenQueues } from "../../fixtures/aws-services/queues.ts";
import type { WrittenRds } from "../../fixtures/aws-services/rds-state.ts";
import type { User } from "../../fixtures/object-store/options.ts";
import { accountId, allow, policy, userName } from "./buckets.ts";
import { credentialOf, type Provision } from "./provision.ts";

export interface PlantedServices {
  sqs: Record<string, WrittenQueues>;
  rds: Record<string, WrittenRds>;
  backup: Record<string, WrittenBackup>;
}

/** Queues, snapshots and vaults as a careful company would have them, by region, each with its canary. */
export function planServices(provisions: readonly Provision[]): PlantedServices {
  const planted: PlantedServices = { sqs: {}, rds: {}, backup: {} };
  for (const provision of provisions) {
    const { region, system } = provision.placement;
    if (system.kind === "sqs") planted.sqs[region] = [...(planted.sqs[region] ?? []), ...queuesOf(provision)];
    if (system.kind === "aws-snapshots") {
      planted.rds[region] = snapshotsOf(provision);
      planted.backup[region] = vaultsOf(provision);
    }
  }
  return planted;
}

const users: Record<string, (provision: Provision) => User[]> = {
  sqs: queueUsers,
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
      Action: "sqs:*",
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
