import { randomBytes } from "node:crypto";
import { notAws, requireAws } from "./aws-client.ts";
import {
  canaryTag,
  type SnapshotsContext,
  settingsFor,
  snapshotArn,
  vaultArn,
} from "./aws-snapshots-endpoint.ts";
import { canaryDigest } from "./canary.ts";
import type { Answer } from "./probe.ts";

/** The ways to carry a snapshot across, by probe. Each asks for what cannot succeed even where it is allowed
 *  (a key, an instance class, a recovery point that nobody has): authorization is decided first. */
export const crossingWays: Record<string, (context: SnapshotsContext) => Promise<Answer>> = {
  "snapshot-read": read,
  "snapshot-pull": (context) => copy(context, { from: context.target, at: context.own }),
  "snapshot-push": (context) => copy(context, { from: context.own, at: context.target }),
  "snapshot-restore": restore,
  "backup-copy": startCopyJob,
};

type Endpoint = SnapshotsContext["own"];

const impossible = { key: "alias/ringfence-no-such-key", instanceClass: "db.ringfence.none" };
const freshName = () => `ringfence-${randomBytes(8).toString("hex")}`;

/** Should it succeed all the same, what was made is named, for whoever has to remove it. */
const made = (what: string): Answer => ({
  outcome: { kind: "reached", rung: "authorization" },
  removed: { what, done: false },
});

async function read(context: SnapshotsContext): Promise<Answer> {
  const { RDSClient, DescribeDBSnapshotsCommand } = await import("@aws-sdk/client-rds");
  const { target } = context;
  const rds = new RDSClient(settingsFor(context, target, target.host));
  try {
    const asked = new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: target.snapshot });
    const found = requireAws(await rds.send(asked)).DBSnapshots?.[0];
    if (found?.DBSnapshotArn !== snapshotArn(target)) return { outcome: notAws };
    const canary = canaryDigest(found.TagList?.find(({ Key }) => Key === canaryTag)?.Value);
    if (!canary) return { outcome: { kind: "reached", rung: "authorization" } };
    return { outcome: { kind: "reached", rung: "data", canary } };
  } finally {
    rds.destroy();
  }
}

async function copy(
  context: SnapshotsContext,
  { from, at }: { from: Endpoint; at: Endpoint },
): Promise<Answer> {
  const { RDSClient, CopyDBSnapshotCommand } = await import("@aws-sdk/client-rds");
  const rds = new RDSClient(settingsFor(context, at, at.host));
  const TargetDBSnapshotIdentifier = freshName();
  try {
    const answer = requireAws(
      await rds.send(
        new CopyDBSnapshotCommand({
          SourceDBSnapshotIdentifier: snapshotArn(from),
          TargetDBSnapshotIdentifier,
          KmsKeyId: impossible.key,
        }),
      ),
    );
    if (!answer.DBSnapshot?.DBSnapshotArn) return { outcome: notAws };
    return made(`rds:${at.region}:snapshot:${TargetDBSnapshotIdentifier}`);
  } finally {
    rds.destroy();
  }
}

async function restore(context: SnapshotsContext): Promise<Answer> {
  const { RDSClient, RestoreDBInstanceFromDBSnapshotCommand } = await import("@aws-sdk/client-rds");
  const { own, target } = context;
  const rds = new RDSClient(settingsFor(context, own, own.host));
  const DBInstanceIdentifier = freshName();
  try {
    const answer = requireAws(
      await rds.send(
        new RestoreDBInstanceFromDBSnapshotCommand({
          DBSnapshotIdentifier: snapshotArn(target),
          DBInstanceIdentifier,
          DBInstanceClass: impossible.instanceClass,
        }),
      ),
    );
    if (!answer.DBInstance?.DBInstanceArn) return { outcome: notAws };
    return made(`rds:${own.region}:db:${DBInstanceIdentifier}`);
  } finally {
    rds.destroy();
  }
}

async function startCopyJob(context: SnapshotsContext): Promise<Answer> {
  const { BackupClient, StartCopyJobCommand } = await import("@aws-sdk/client-backup");
  const { own, target } = context;
  const backup = new BackupClient(settingsFor(context, own, own.backup));
  const nobodys = "00000000-0000-0000-0000-000000000000";
  try {
    const answer = requireAws(
      await backup.send(
        new StartCopyJobCommand({
          RecoveryPointArn: `arn:aws:backup:${own.region}:${own.account}:recovery-point:${nobodys}`,
          SourceBackupVaultName: own.vault,
          DestinationBackupVaultArn: vaultArn(target),
          IamRoleArn: own.copyRole,
        }),
      ),
    );
    return answer.CopyJobId
      ? made(`a copy job from ${own.vault} to ${vaultArn(target)}`)
      : { outcome: notAws };
  } finally {
    backup.destroy();
  }
}
