import type { BackupClient } from "@aws-sdk/client-backup";
import type { DBInstanceAutomatedBackup, DBSnapshot, RDSClient } from "@aws-sdk/client-rds";
import type { Findings, Link } from "../core/journal.ts";
import { notAws, regionOfArn, requireAws } from "./aws-client.ts";
import { allPages, truncated } from "./aws-pages.ts";
import {
  canaryTag,
  type SnapshotsContext,
  type SnapshotsEndpoint,
  settingsFor,
  snapshotArn,
  vaultArn,
} from "./aws-snapshots-endpoint.ts";
import { canaryDigest } from "./canary.ts";
import { legibleText } from "./legible.ts";
import type { Answer } from "./probe.ts";

/** Reads the own canary, and looks around among the own snapshots, or the own backup plans. */
export async function lookInside(context: SnapshotsContext): Promise<Answer> {
  return context.item.probe === "backup-links" ? lookAtPlans(context) : lookAtSnapshots(context);
}

const mostLinks = 500;

async function lookAtSnapshots(context: SnapshotsContext): Promise<Answer> {
  const { RDSClient } = await import("@aws-sdk/client-rds");
  const { own, item } = context;
  const rds = new RDSClient(settingsFor(context, own, own.host));
  try {
    const snapshots = await allSnapshots(rds);
    const mine = snapshots.find(({ DBSnapshotArn }) => DBSnapshotArn === snapshotArn(own));
    const canary = mine && canaryOf(mine);
    if (!canary) return { outcome: { kind: "faulted", code: "NO_CANARY_IN_ANSWER" } };
    const findings = await look(rds, { probe: item.probe, own, snapshots });
    return {
      outcome: { kind: "reached", rung: "data", canary },
      findings: { canaries: [canary], ...findings },
    };
  } finally {
    rds.destroy();
  }
}

/** What AWS always tells, be it an empty list. */
function untold(what: string): Error {
  return Object.assign(new Error(`it does not tell ${what}`), { name: notAws.code });
}

function canaryOf({ TagList }: DBSnapshot): string | undefined {
  return canaryDigest(TagList?.find(({ Key }) => Key === canaryTag)?.Value);
}

async function look(
  rds: RDSClient,
  { probe, own, snapshots }: { probe: string; own: SnapshotsEndpoint; snapshots: DBSnapshot[] },
): Promise<Findings> {
  if (probe === "snapshot-stray" && snapshots.some(({ TagList }) => TagList === undefined))
    throw untold("the tags of a snapshot");
  if (probe === "snapshot-stray")
    return { canaries: [...new Set(snapshots.flatMap((one) => canaryOf(one) ?? []))].sort() };
  if (probe === "snapshot-wiring") {
    const arn = snapshots.find(
      ({ DBSnapshotIdentifier }) => DBSnapshotIdentifier === own.snapshot,
    )?.DBSnapshotArn;
    return { servedFrom: { addresses: [], region: regionOfArn(arn ?? "") } };
  }
  const shared = await sharedSnapshots(rds, snapshots, own.account);
  const backups = automatedBackupLinks(await allAutomatedBackups(rds));
  const links = [...snapshots.flatMap(originOf), ...shared, ...backups];
  if (links.length > mostLinks) throw truncated();
  return { links };
}

async function allSnapshots(rds: RDSClient): Promise<DBSnapshot[]> {
  const { DescribeDBSnapshotsCommand } = await import("@aws-sdk/client-rds");
  return allPages(async (Marker) => {
    const answer = requireAws(await rds.send(new DescribeDBSnapshotsCommand(Marker ? { Marker } : {})));
    return { found: answer.DBSnapshots ?? [], next: answer.Marker };
  });
}

async function allAutomatedBackups(rds: RDSClient): Promise<DBInstanceAutomatedBackup[]> {
  const { DescribeDBInstanceAutomatedBackupsCommand } = await import("@aws-sdk/client-rds");
  return allPages(async (Marker) => {
    const asked = new DescribeDBInstanceAutomatedBackupsCommand(Marker ? { Marker } : {});
    const answer = requireAws(await rds.send(asked));
    return { found: answer.DBInstanceAutomatedBackups ?? [], next: answer.Marker };
  });
}

function link(what: string, peer: string, region: string): Link {
  return { what, peer: legibleText(peer), addresses: [], ...(region ? { region: legibleText(region) } : {}) };
}

/** A copied snapshot says what it was copied from. */
function originOf({
  DBSnapshotIdentifier = "",
  SourceDBSnapshotIdentifier,
  SourceRegion,
}: DBSnapshot): Link[] {
  if (!SourceDBSnapshotIdentifier && !SourceRegion) return [];
  const region = SourceRegion ?? regionOfArn(SourceDBSnapshotIdentifier ?? "");
  return [
    link(
      `the origin of the snapshot ${legibleText(DBSnapshotIdentifier).slice(0, 100)}`,
      SourceDBSnapshotIdentifier ?? "",
      region,
    ),
  ];
}

const mostAsked = 100;

/** Whoever a snapshot is shared with may copy it to any region: "all" is everywhere, and of another account
 *  nobody can say where it leads. Only snapshots taken by hand can be shared. */
async function sharedSnapshots(rds: RDSClient, snapshots: DBSnapshot[], account: string): Promise<Link[]> {
  const { DescribeDBSnapshotAttributesCommand } = await import("@aws-sdk/client-rds");
  const manual = snapshots.filter(({ SnapshotType }) => SnapshotType !== "automated");
  if (manual.length > mostAsked) throw truncated();
  const links: Link[] = [];
  for (const { DBSnapshotIdentifier = "" } of manual) {
    const asked = new DescribeDBSnapshotAttributesCommand({ DBSnapshotIdentifier });
    const { DBSnapshotAttributesResult: said } = requireAws(await rds.send(asked));
    const restore = said?.DBSnapshotAttributes?.find(({ AttributeName }) => AttributeName === "restore");
    if (said?.DBSnapshotIdentifier !== DBSnapshotIdentifier || !restore)
      throw untold("with whom this snapshot is shared");
    const others = (restore.AttributeValues ?? []).filter((one) => one !== account);
    const what = `the sharing of the snapshot ${legibleText(DBSnapshotIdentifier).slice(0, 100)}`;
    links.push(...others.map((one) => link(what, one, one === "all" ? "everywhere" : "")));
  }
  return links;
}

/** Backups for a point in time that lie here, of whatever region's database, and where they are replicated to. */
export function automatedBackupLinks(backups: readonly DBInstanceAutomatedBackup[]): Link[] {
  return backups.flatMap(({ DBInstanceArn = "", Region, DBInstanceAutomatedBackupsReplications = [] }) => [
    link("the database of an automated backup", DBInstanceArn, regionOfArn(DBInstanceArn) || (Region ?? "")),
    ...DBInstanceAutomatedBackupsReplications.map(({ DBInstanceAutomatedBackupsArn: arn = "" }) =>
      link("the replica of an automated backup", arn, regionOfArn(arn)),
    ),
  ]);
}

async function lookAtPlans(context: SnapshotsContext): Promise<Answer> {
  const { BackupClient, ListTagsCommand } = await import("@aws-sdk/client-backup");
  const { own } = context;
  const backup = new BackupClient(settingsFor(context, own, own.backup));
  try {
    const tags = requireAws(await backup.send(new ListTagsCommand({ ResourceArn: vaultArn(own) }))).Tags;
    const canary = canaryDigest(tags?.[canaryTag]);
    if (!canary) return { outcome: { kind: "faulted", code: "NO_CANARY_IN_ANSWER" } };
    const links = await copyActions(backup);
    return { outcome: { kind: "reached", rung: "data", canary }, findings: { canaries: [canary], links } };
  } finally {
    backup.destroy();
  }
}

async function copyActions(backup: BackupClient): Promise<Link[]> {
  const { GetBackupPlanCommand, ListBackupPlansCommand } = await import("@aws-sdk/client-backup");
  const plans = await allPages(async (NextToken) => {
    const answer = requireAws(await backup.send(new ListBackupPlansCommand(NextToken ? { NextToken } : {})));
    return { found: answer.BackupPlansList ?? [], next: answer.NextToken };
  });
  if (plans.length > mostAsked) throw truncated();
  const links: Link[] = [];
  for (const { BackupPlanId } of plans) {
    const asked = new GetBackupPlanCommand({ BackupPlanId });
    const { BackupPlan } = requireAws(await backup.send(asked));
    if (!BackupPlan?.Rules) throw untold("the rules of this plan");
    for (const { CopyActions = [] } of BackupPlan.Rules) {
      links.push(
        ...CopyActions.map(({ DestinationBackupVaultArn: arn = "" }) =>
          link("the copy action of a backup plan", arn, regionOfArn(arn)),
        ),
      );
    }
  }
  if (links.length > mostLinks) throw truncated();
  return links;
}
