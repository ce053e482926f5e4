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
import { ap, changeService, eu, us } from "./holes.ts";

const path = "backup";
const account = "111122223333";
const bucketOf = (region: string) => `acme-backups-${region}`;
const usBucket = [`arn:aws:s3:::${bucketOf(us)}`, `arn:aws:s3:::${bucketOf(us)}/*`];
const notOwnVpc = { StringNotEquals: { "aws:SourceVpc": `vpc-${us}` } };
const snapshotIn = (region: string) => `arn:aws:rds:${region}:${account}:snapshot:ringfence-canary`;

interface Rds {
  snapshots: { id: string; sharedWith: string[]; source: string | null }[];
  automatedBackups: { instance: string; region: string; replicatedTo: string[] }[];
}
interface Backup {
  vaults: { name: string; policy: unknown }[];
  plans: { copiesTo: string[] }[];
}

/** What the canary's credentials, or a link that was handed on, open once no network condition holds them back. */
const withCanaryKey = fromBoth({ probes: ["s3-get", "s3-list", "s3-restore"], credentials: "target" });
const withLink = fromBoth({ probes: ["s3-presigned"] });
const sent = anyOf(...[eu, ap].map((from) => sending(from, { to: [us], probes: ["s3-put-far"] })));

export const drills: Drill[] = [
  {
    id: "backup-bucket-open",
    path,
    title: "the US's bucket of backups is open to everybody",
    open: (tools, hole) =>
      setPolicy(
        tools,
        hole,
        document([{ Effect: "Allow", Principal: "*", Action: "s3:*", Resource: usBucket }]),
      ),
    expects: anyOf(
      withCanaryKey,
      withLink,
      sent,
      fromBoth({ probes: ["s3-get", "s3-list", "s3-copy", "s3-restore"], credentials: "own" }),
    ),
  },
  {
    id: "backup-bucket-policy-lost",
    path,
    title: "the US's bucket of backups lost its policy: its dump can be fetched and restored abroad",
    open: (tools, hole) => setPolicy(tools, hole, null),
    expects: anyOf(withCanaryKey, withLink),
  },
  {
    id: "backup-dumps-readable",
    path,
    title: "the Deny on the US's bucket of backups spares the folder of the dumps",
    open: (tools, hole) =>
      setPolicy(
        tools,
        hole,
        document([
          {
            Effect: "Deny",
            Principal: "*",
            Action: "s3:*",
            NotResource: [`${usBucket[0]}/orders/*`],
            Condition: notOwnVpc,
          },
        ]),
      ),
    expects: fromBoth({ probes: ["s3-restore"], credentials: "target" }),
  },
  {
    id: "backup-written-abroad",
    path,
    title: "the US's bucket takes backups from every region, and gives none out",
    open: (tools, hole) =>
      setPolicy(
        tools,
        hole,
        document([
          {
            Effect: "Allow",
            Principal: "*",
            Action: ["s3:PutObject", "s3:DeleteObject"],
            Resource: usBucket[1],
          },
          {
            Effect: "Deny",
            Principal: "*",
            Action: ["s3:Get*", "s3:List*"],
            Resource: usBucket,
            Condition: notOwnVpc,
          },
        ]),
      ),
    expects: sent,
  },
  {
    id: "backup-object-copied",
    path,
    title: "the EU's backups are copied into Sydney's bucket by a job",
    async open(tools, hole) {
      const copied = "from-eu/ringfence/canary";
      hole.closeBy(() => tools.store.remove(bucketOf(ap), copied));
      await tools.store.put(
        bucketOf(ap),
        copied,
        String(await tools.store.get(bucketOf(eu), "ringfence/canary")),
      );
    },
    expects: inside(ap, ["s3-stray"], { about: eu }),
  },
  {
    id: "backup-global-operator",
    path,
    title: "the EU's backup operator may do everything with RDS and AWS Backup, everywhere",
    async open(tools, hole) {
      hole.closeBy(() => tools.store.resetPolicies());
      await tools.store.userPolicies(tools.secret("EU_CENTRAL_1_ORDERS_SNAPSHOTS_ACCESS_KEY_ID"), [
        document([{ Effect: "Allow", Action: ["rds:*", "backup:*"], Resource: "*" }]),
      ]);
    },
    expects: anyOf(
      ...[us, ap].flatMap((to) => [
        crossing(eu, to, {
          probes: ["snapshot-read", "snapshot-pull", "snapshot-restore"],
          credentials: "own",
        }),
        sending(eu, { to: [to], probes: ["snapshot-push", "backup-copy"] }),
      ]),
    ),
  },
  {
    id: "backup-restore-abroad",
    path,
    title: "Sydney's restore test may restore any snapshot of the account, and copy none",
    async open(tools, hole) {
      const key = tools.secret("AP_SOUTHEAST_2_ORDERS_SNAPSHOTS_ACCESS_KEY_ID");
      const at = { StringEquals: { "aws:RequestedRegion": ap } };
      const home = ["rds", "backup"].map((service) => `arn:aws:${service}:${ap}:${account}:*`);
      hole.closeBy(() => tools.store.resetPolicies());
      await tools.store.userPolicies(key, [
        document([
          { Effect: "Allow", Action: ["rds:*", "backup:*"], Resource: home, Condition: at },
          { Effect: "Allow", Action: "rds:RestoreDBInstanceFromDBSnapshot", Resource: "*" },
        ]),
      ]);
    },
    expects: anyOf(...[eu, us].map((to) => crossing(ap, to, { probes: ["snapshot-restore"] }))),
  },
  {
    id: "backup-vault-open",
    path,
    title: "the US's vault takes copies from the whole account",
    open: (tools, hole) =>
      changeService<Backup>(tools, hole, { service: "backup", region: us }, (state) => ({
        ...state,
        vaults: state.vaults.map((vault) => ({
          ...vault,
          policy: document([
            { Effect: "Allow", Principal: "*", Action: "backup:CopyIntoBackupVault", Resource: "*" },
          ]),
        })),
      })),
    expects: anyOf(...[eu, ap].map((from) => sending(from, { to: [us], probes: ["backup-copy"] }))),
  },
  {
    id: "backup-plan-abroad",
    path,
    title: "the EU's backup plan copies every night to a vault in the US",
    open: (tools, hole) =>
      changeService<Backup>(tools, hole, { service: "backup", region: eu }, (state) => ({
        ...state,
        plans: state.plans.map((plan) => ({
          ...plan,
          copiesTo: [`arn:aws:backup:${us}:${account}:backup-vault:acme-nightly`],
        })),
      })),
    expects: inside(eu, ["backup-links"]),
  },
  {
    id: "backup-snapshot-public",
    path,
    title: "a snapshot of the US was shared with everybody",
    open: (tools, hole) =>
      changeService<Rds>(tools, hole, { service: "rds", region: us }, (state) => ({
        ...state,
        snapshots: state.snapshots.map((snapshot) => ({ ...snapshot, sharedWith: ["all"] })),
      })),
    expects: inside(us, ["snapshot-links"]),
  },
  {
    id: "backup-snapshot-copied",
    path,
    title: "a snapshot of the EU was copied to Sydney for a test, tags and all",
    async open(tools, hole) {
      const { snapshots } = (await tools.service.read("rds", eu)) as Rds;
      const copies = snapshots.map((one) => ({ ...one, id: "restore-test", source: snapshotIn(eu) }));
      await changeService<Rds>(tools, hole, { service: "rds", region: ap }, (state) => ({
        ...state,
        snapshots: [...state.snapshots, ...copies],
      }));
    },
    expects: anyOf(inside(ap, ["snapshot-stray"], { about: eu }), inside(ap, ["snapshot-links"])),
  },
  {
    id: "backup-automated-replica",
    path,
    title: "the EU's automated backups are replicated to the US, for disaster recovery",
    async open(tools, hole) {
      const there = `arn:aws:rds:${us}:${account}:auto-backup:ab-orders`;
      await changeService<Rds>(tools, hole, { service: "rds", region: eu }, (state) => ({
        ...state,
        automatedBackups: state.automatedBackups.map((one) => ({ ...one, replicatedTo: [there] })),
      }));
      const replica = { instance: `arn:aws:rds:${eu}:${account}:db:orders`, region: eu };
      await changeService<Rds>(tools, hole, { service: "rds", region: us }, (state) => ({
        ...state,
        automatedBackups: [...state.automatedBackups, replica],
      }));
    },
    expects: anyOf(inside(eu, ["snapshot-links"]), inside(us, ["snapshot-links"])),
  },
  {
    id: "backup-canary-key-unbound",
    path,
    title: "the policy of the US snapshots' readers lost its condition on the network",
    async open(tools, hole) {
      hole.closeBy(() => tools.store.resetPolicies());
      await tools.store.userPolicies(tools.secret("US_EAST_1_ORDERS_SNAPSHOTS_CANARY_ACCESS_KEY_ID"), [
        document([{ Effect: "Allow", Action: "rds:DescribeDBSnapshots", Resource: snapshotIn(us) }]),
      ]);
    },
    expects: fromBoth({ probes: ["snapshot-read"], credentials: "target" }),
  },
];

function fromBoth(narrow: { probes: string[]; credentials?: string }): (item: PlannedItem) => boolean {
  return anyOf(...[eu, ap].map((from) => crossing(from, us, narrow)));
}

async function setPolicy(tools: DrillTools, hole: Hole, policy: PolicyText | null): Promise<void> {
  hole.closeBy(() => tools.store.resetPolicies());
  await tools.store.bucketPolicy(bucketOf(us), policy);
}

function document(Statement: object[]): PolicyText {
  return { Version: "2012-10-17", Statement };
}
