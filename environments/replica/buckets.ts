import type { ObjectStoreOptions, User } from "../../fixtures/object-store/options.ts";
import type { PolicyDocument } from "../../fixtures/object-store/policy-document.ts";
import { credentialOf, type Provision } from "./provision.ts";
import { isMoved } from "./tenant-moves.ts";
import type { Topology } from "./topology.ts";

export const accountId = "111122223333";

export interface PlantedStore {
  options: Omit<ObjectStoreOptions, "tls">;
  objects: { bucket: string; key: string; body: string }[];
}

/** Buckets as a careful company would have them: reachable from everywhere, open to their own VPC only, and
 *  keeping versions. */
export function planStore(
  topology: Topology,
  provisions: readonly Provision[],
  beside: { users: readonly User[]; provisions: readonly Provision[] } = { users: [], provisions: [] },
): PlantedStore {
  const regions = Object.keys(topology.blocks);
  return {
    options: {
      listen: listenersOf([...provisions, ...beside.provisions]),
      account: {
        id: accountId,
        users: merged<User>(
          [...provisions.flatMap(usersOf), ...beside.users],
          ({ accessKeyId }) => accessKeyId,
        ),
        roles: [...merged(provisions.map(roleOf), ({ name }) => name), replicationRole],
      },
      networks: regions.map((region) => ({
        vpc: `vpc-${region}`,
        vpce: `vpce-${region}`,
        region,
        cidrs: topology.blocks[region] ?? [],
      })),
      buckets: provisions.map((provision) => ({
        name: bucketOf(provision),
        region: provision.placement.region,
        policy: bucketPolicy(provision),
        versioning: "Enabled",
      })),
    },
    objects: provisions
      .filter(({ placement }) => !isMoved(placement.system))
      .map((provision) => ({
        bucket: bucketOf(provision),
        key: keyOf(provision),
        body: provision.canary,
      })),
  };
}

/** Each address and port once, however many buckets are behind it. */
function listenersOf(provisions: readonly Provision[]): ObjectStoreOptions["listen"] {
  const all = provisions.map(({ placement: { region, address, port } }) => ({
    region,
    addresses: [address[4], address[6]],
    port,
  }));
  return [...new Map(all.map((one) => [`${one.addresses} ${one.port}`, one])).values()];
}

/** One key pair, or one role, may serve several buckets: it is one, with the policies of all. */
function merged<T extends { policies: readonly PolicyDocument[] }>(
  all: readonly T[],
  keyOf: (one: T) => string,
): T[] {
  const known = new Map<string, T>();
  for (const one of all) {
    const earlier = known.get(keyOf(one));
    known.set(keyOf(one), earlier ? { ...earlier, policies: [...earlier.policies, ...one.policies] } : one);
  }
  return [...known.values()];
}

export function bucketOf({ placement }: Provision): string {
  return String(placement.endpoint.bucket);
}

export function keyOf({ placement }: Provision): string {
  return String(placement.endpoint.canaryKey);
}

/** The canary object, and the dump of the canary's table where backups lie. */
function keysForCanary(provision: Provision): string[] {
  const restore = provision.placement.endpoint.restore as { key: string } | undefined;
  return [keyOf(provision), ...(restore ? [restore.key] : [])];
}

export function userName({ placement }: Provision, role: string): string {
  return `${role}-${placement.system.id}-${placement.region}`;
}

function usersOf(provision: Provision) {
  const { placement, admin } = provision;
  const bucket = `arn:aws:s3:::${bucketOf(provision)}`;
  const { accessKeyId = "", secretAccessKey = "" } = credentialOf(provision, "own");
  const canary = credentialOf(provision, "canary");
  return [
    {
      name: userName(provision, "workload"),
      accessKeyId,
      secretAccessKey,
      policies: [
        allow(["s3:*"], [bucket, `${bucket}/*`], {
          StringEquals: { "aws:RequestedRegion": placement.region },
        }),
        allow(["sts:AssumeRole"], [String(placement.endpoint.canaryRole)]),
      ],
    },
    {
      name: userName(provision, "canary"),
      accessKeyId: canary.accessKeyId ?? "",
      secretAccessKey: canary.secretAccessKey ?? "",
      policies: [
        allow(
          ["s3:GetObject"],
          keysForCanary(provision).map((key) => `${bucket}/${key}`),
        ),
        allow(["s3:ListBucket"], [bucket], { StringLike: { "s3:prefix": keyOf(provision) } }),
      ],
    },
    {
      name: userName(provision, "admin"),
      accessKeyId: admin.accessKeyId,
      secretAccessKey: admin.password,
      policies: [allow(["s3:*", "sts:*", "iam:PassRole"], ["*"])],
    },
  ];
}

function roleOf(provision: Provision) {
  const { placement } = provision;
  const workload = `arn:aws:iam::${accountId}:user/${userName(provision, "workload")}`;
  const bucket = `arn:aws:s3:::${bucketOf(provision)}`;
  return {
    name: String(placement.endpoint.canaryRole).replace(/^.*:role\//, ""),
    trust: policy([
      {
        Effect: "Allow",
        Principal: { AWS: workload },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:RequestedRegion": placement.region } },
      },
    ]),
    policies: [allow(["s3:GetObject"], [`${bucket}/${keyOf(provision)}`])],
  };
}

/** What S3 itself would copy with, had a bucket a replication rule; none has, until somebody breaks it. */
const replicationRole = {
  name: "replication",
  trust: policy([{ Effect: "Allow", Principal: { Service: "s3.amazonaws.com" }, Action: "sts:AssumeRole" }]),
  policies: [
    allow(
      ["s3:GetReplicationConfiguration", "s3:GetObjectVersionForReplication", "s3:ReplicateObject"],
      ["*"],
    ),
  ],
};

/** Nobody comes in but through the region's own VPC; the administrator may, to repair and to drill. */
function bucketPolicy(provision: Provision): PolicyDocument {
  const bucket = `arn:aws:s3:::${bucketOf(provision)}`;
  return policy([
    {
      Sid: "OnlyFromOwnVpc",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: [bucket, `${bucket}/*`],
      Condition: {
        StringNotEquals: { "aws:SourceVpc": `vpc-${provision.placement.region}` },
        ArnNotLike: { "aws:PrincipalArn": `arn:aws:iam::${accountId}:user/admin-*` },
      },
    },
  ]);
}

export function allow(
  Action: string[],
  Resource: string[],
  Condition?: Record<string, Record<string, string>>,
): PolicyDocument {
  return policy([{ Effect: "Allow", Action, Resource, ...(Condition ? { Condition } : {}) }]);
}

export function policy(Statement: unknown[]): PolicyDocument {
  return { Version: "2012-10-17", Statement } as PolicyDocument;
}
