import {
  anyOf,
  crossing,
  type Drill,
  type DrillTools,
  type Hole,
  inside,
  type PolicyText,
  sending,
} from "../core/drill.ts";
import type { PlannedItem } from "../core/plan.ts";
import { ap, eu, us } from "./holes.ts";

const path = "object-storage";
const bucketOf = (region: string) => `acme-uploads-${region}`;
const key = "ringfence/canary";
const usBucket = [`arn:aws:s3:::${bucketOf(us)}`, `arn:aws:s3:::${bucketOf(us)}/*`];
const notOwnVpc = { StringNotEquals: { "aws:SourceVpc": `vpc-${us}` } };

/** What the US bucket's canary credentials open, once nothing but the network condition held them back. */
const withCanaryKey = (narrow: { family?: 4 | 6; probes?: string[] } = {}) =>
  fromBoth({ ...narrow, probes: narrow.probes ?? ["s3-get", "s3-list"], credentials: "target" });
const sentFromBoth = anyOf(sending(eu, { to: [us] }), sending(ap, { to: [us] }));
const withLink = (family?: 4 | 6) => fromBoth({ probes: ["s3-presigned"], ...(family ? { family } : {}) });

function fromBoth(narrow: {
  family?: 4 | 6;
  probes?: string[];
  credentials?: string;
}): (item: PlannedItem) => boolean {
  return anyOf(crossing(eu, us, narrow), crossing(ap, us, narrow));
}

export const drills: Drill[] = [
  withPolicy(
    "allow-all",
    "the US bucket's policy allows everybody everything",
    [allow({})],
    anyOf(withCanaryKey(), withLink(), fromBoth({ probes: ["s3-get", "s3-list", "s3-copy"] }), sentFromBoth),
  ),
  {
    id: "object-storage-no-policy",
    path,
    title: "the US bucket lost its policy, and with it the Deny that kept the network out",
    open: (tools, hole) => setPolicy(tools, hole, null),
    expects: anyOf(withCanaryKey(), withLink()),
  },
  withPolicy(
    "requested-region",
    "the Deny looks at aws:RequestedRegion, which is the bucket's own region for every caller",
    [deny({ Condition: { StringNotEquals: { "aws:RequestedRegion": us } } })],
    anyOf(withCanaryKey(), withLink()),
  ),
  withPolicy(
    "secure-transport",
    "the Deny only refuses plain HTTP",
    [deny({ Condition: { Bool: { "aws:SecureTransport": "false" } } })],
    anyOf(withCanaryKey(), withLink()),
  ),
  withPolicy(
    "if-exists",
    "an Allow with StringEqualsIfExists on the VPC allows whoever comes through no VPC at all",
    [allow({ Condition: { StringEqualsIfExists: { "aws:SourceVpc": `vpc-${us}` } } })],
    anyOf(withCanaryKey(), withLink(), fromBoth({ probes: ["s3-get", "s3-list"] }), sentFromBoth),
  ),
  withPolicy(
    "null-check",
    "the Deny fires only when a VPC is named, and from abroad none is",
    [deny({ Condition: { Null: { "aws:SourceVpc": "false" }, ...notOwnVpc } })],
    anyOf(withCanaryKey(), withLink()),
  ),
  withPolicy(
    "misspelt-key",
    "the Deny is conditional on a key that does not exist",
    [deny({ Condition: { StringEquals: { "aws:SourceVPCId": "none" } } })],
    anyOf(withCanaryKey(), withLink()),
  ),
  withPolicy(
    "not-principal",
    "the Deny spares the canary user by NotPrincipal",
    [
      {
        Effect: "Deny",
        NotPrincipal: {
          AWS: ["arn:aws:iam::111122223333:root", `arn:aws:iam::111122223333:user/canary-uploads-${us}`],
        },
        Action: "s3:*",
        Resource: usBucket,
        Condition: notOwnVpc,
      },
    ],
    withCanaryKey(),
  ),
  withPolicy(
    "spared-users",
    "the Deny spares every user of the account by a wildcard",
    [deny({ Condition: { ...notOwnVpc, ArnNotLike: { "aws:PrincipalArn": "arn:aws:iam::*:user/*" } } })],
    anyOf(withCanaryKey(), withLink()),
  ),
  withPolicy(
    "spared-workload",
    "the Deny spares the US workload, so that the links it signs open from anywhere",
    [
      deny({
        Condition: {
          ...notOwnVpc,
          ArnNotLike: { "aws:PrincipalArn": `arn:aws:iam::111122223333:user/workload-uploads-${us}` },
        },
      }),
    ],
    withLink(),
  ),
  withPolicy(
    "links-spared",
    "the Deny covers signed headers, not presigned links",
    [deny({ Condition: { ...notOwnVpc, StringEquals: { "s3:authType": "REST-HEADER" } } })],
    withLink(),
  ),
  withPolicy(
    "old-links-only",
    "the Deny covers only links older than an hour, and no other request",
    [deny({ Condition: { NumericGreaterThan: { "s3:signatureAge": "3600000" } } })],
    anyOf(withCanaryKey(), withLink()),
  ),
  withPolicy(
    "objects-only",
    "the Deny covers the objects and forgets the bucket, so that it can be listed",
    [deny({ Resource: [`${usBucket[0]}/*`], Condition: notOwnVpc })],
    withCanaryKey({ probes: ["s3-list"] }),
  ),
  withPolicy(
    "list-only",
    "the Deny covers listing and forgets reading",
    [deny({ Action: "s3:ListBucket", Resource: [usBucket[0] ?? ""], Condition: notOwnVpc })],
    anyOf(withCanaryKey({ probes: ["s3-get"] }), withLink()),
  ),
  withPolicy(
    "ipv4-only",
    "the Deny names every IPv4 source and no IPv6 one",
    [deny({ Condition: { IpAddress: { "aws:SourceIp": "0.0.0.0/0" } } })],
    anyOf(withCanaryKey({ family: 6 }), withLink(6)),
  ),
  withPolicy(
    "office-range",
    "an Allow for a range of office addresses holds the EU's application host, too",
    [
      allow({ Condition: { IpAddress: { "aws:SourceIp": "10.10.0.0/16" } } }),
      deny({ Condition: { ...notOwnVpc, NotIpAddress: { "aws:SourceIp": "10.10.0.0/16" } } }),
    ],
    anyOf(
      crossing(eu, us, { family: 4, probes: ["s3-get", "s3-list", "s3-presigned"] }),
      sending(eu, { to: [us], family: 4 }),
    ),
  ),
  {
    id: "object-storage-role-trust",
    path,
    title: "the US canary role trusts every principal of the account, in any region",
    async open(tools, hole) {
      hole.closeBy(() => tools.store.resetPolicies());
      await tools.store.trust(
        `arn:aws:iam::111122223333:role/canary-reader-${us}`,
        document([{ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }]),
      );
    },
    expects: fromBoth({ probes: ["s3-assume-role"] }),
  },
  {
    id: "object-storage-role-named",
    path,
    title: "the US canary role trusts the EU workload by name",
    async open(tools, hole) {
      hole.closeBy(() => tools.store.resetPolicies());
      await tools.store.trust(
        `arn:aws:iam::111122223333:role/canary-reader-${us}`,
        document([
          {
            Effect: "Allow",
            Principal: { AWS: `arn:aws:iam::111122223333:user/workload-uploads-${eu}` },
            Action: "sts:AssumeRole",
          },
        ]),
      );
    },
    expects: crossing(eu, us, { probes: ["s3-assume-role"] }),
  },
  {
    id: "object-storage-broad-workload",
    path,
    title: "the EU workload may do everything to every bucket, and the US bucket lost its Deny",
    async open(tools, hole) {
      await setPolicy(tools, hole, null);
      await tools.store.userPolicies(tools.secret("EU_CENTRAL_1_UPLOADS_ACCESS_KEY_ID"), [
        document([{ Effect: "Allow", Action: ["s3:*", "sts:AssumeRole"], Resource: "*" }]),
      ]);
    },
    expects: anyOf(
      withCanaryKey(),
      withLink(),
      crossing(eu, us, { probes: ["s3-get", "s3-list", "s3-copy"] }),
      sending(eu, { to: [us] }),
    ),
  },
  {
    id: "object-storage-session-unbound",
    path,
    title: "a session of the US role is handed out without the session policy that bound it to its region",
    async open(tools, hole) {
      await setPolicy(tools, hole, null);
      await tools.store.trust(
        `arn:aws:iam::111122223333:role/canary-reader-${us}`,
        document([
          { Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "sts:AssumeRole" },
        ]),
      );
      await tools.store.userPolicies(tools.secret("AP_SOUTHEAST_2_UPLOADS_ACCESS_KEY_ID"), [
        document([
          {
            Effect: "Allow",
            Action: "s3:*",
            Resource: [`arn:aws:s3:::${bucketOf(ap)}`, `arn:aws:s3:::${bucketOf(ap)}/*`],
          },
          { Effect: "Allow", Action: "sts:AssumeRole", Resource: "*" },
        ]),
      ]);
    },
    expects: anyOf(withCanaryKey(), withLink(), crossing(ap, us, { probes: ["s3-assume-role"] })),
  },
  {
    id: "object-storage-replication",
    path,
    title: "a replication rule copies new EU objects into the US bucket, and one was just written",
    open: (tools, hole) => replicate(tools, hole),
    expects: anyOf(inside(eu, ["s3-links"]), inside(us, ["s3-stray"], { about: eu })),
  },
  {
    id: "object-storage-copied-object",
    path,
    title: "an export job left a copy of an EU object in Sydney's bucket",
    async open(tools, hole) {
      hole.closeBy(() => tools.store.remove(bucketOf(ap), "exports/2026-11/customers.csv"));
      await tools.store.put(
        bucketOf(ap),
        "exports/2026-11/customers.csv",
        String(await tools.store.get(bucketOf(eu), key)),
      );
    },
    expects: inside(ap, ["s3-stray"], { about: eu }),
  },
  {
    id: "object-storage-overwritten",
    path,
    title: "a synchronisation job wrote US objects into the EU bucket under the copies' own prefix",
    async open(tools, hole) {
      hole.closeBy(() => tools.store.remove(bucketOf(eu), "ringfence/copied/earlier-run/leftover"));
      await tools.store.put(
        bucketOf(eu),
        "ringfence/copied/earlier-run/leftover",
        String(await tools.store.get(bucketOf(us), key)),
      );
    },
    expects: inside(eu, ["s3-stray"], { about: us }),
  },
];

function withPolicy(id: string, title: string, statements: object[], expects: Drill["expects"]): Drill {
  return {
    id: `object-storage-${id}`,
    path,
    title,
    open: (tools, hole) => setPolicy(tools, hole, document(statements)),
    expects,
  };
}

async function setPolicy(tools: DrillTools, hole: Hole, policy: PolicyText | null): Promise<void> {
  hole.closeBy(() => tools.store.resetPolicies());
  await tools.store.bucketPolicy(bucketOf(us), policy);
}

function document(statements: object[]): PolicyText {
  return { Version: "2012-10-17", Statement: statements };
}

function allow(more: object): object {
  return { Effect: "Allow", Principal: "*", Action: "s3:*", Resource: usBucket, ...more };
}

function deny(more: object): object {
  return { Effect: "Deny", Principal: "*", Action: "s3:*", Resource: usBucket, ...more };
}

/** A rule as an administrator sets it, through the S3 API, and a new object for it to copy. */
async function replicate(tools: DrillTools, hole: Hole): Promise<void> {
  const canary = String(await tools.store.get(bucketOf(eu), key));
  hole.closeBy(() => tools.store.remove(bucketOf(us), "fresh/upload"));
  hole.closeBy(() => tools.store.remove(bucketOf(eu), "fresh/upload"));
  hole.closeBy(() => tools.store.stopReplication(bucketOf(eu)));
  hole.closeBy(() => tools.store.resetPolicies());
  for (const region of [eu, us]) await tools.store.bucketPolicy(bucketOf(region), sparingReplication(region));
  // Only this prefix: the harness's own copies in the EU bucket must not be carried along.
  const rule = { role: "arn:aws:iam::111122223333:role/replication", prefix: "fresh/" };
  await tools.store.replicate(bucketOf(eu), bucketOf(us), rule);
  await tools.store.upload(bucketOf(eu), "fresh/upload", canary);
}

/** The careful policy, with an exception for what S3 copies by itself. */
function sparingReplication(region: string): PolicyText {
  const spared = ["arn:aws:iam::*:role/replication", "arn:aws:iam::*:user/admin-*"];
  const bucket = `arn:aws:s3:::${bucketOf(region)}`;
  const abroad = {
    StringNotEquals: { "aws:SourceVpc": `vpc-${region}` },
    ArnNotLike: { "aws:PrincipalArn": spared },
  };
  return document([deny({ Resource: [bucket, `${bucket}/*`], Condition: abroad })]);
}
