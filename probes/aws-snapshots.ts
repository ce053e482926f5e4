import { explainAws } from "./aws-client.ts";
import { crossingWays } from "./aws-snapshots-crossing.ts";
import { SnapshotsEndpoint } from "./aws-snapshots-endpoint.ts";
import { lookInside } from "./aws-snapshots-inside.ts";
import { inside } from "./checks.ts";
import { defineProbe } from "./probe.ts";

const byOwn = { routes: ["name"], credentials: ["own"], goal: "authorization" } as const;

/** RDS snapshots and AWS Backup, over their public control planes: authorization must stop the attempt. No
 *  attempt can succeed in making anything. */
export const awsSnapshots = defineProbe({
  kind: "aws-snapshots",
  endpoint: SnapshotsEndpoint,
  stopBy: "authorization",
  checks: [
    {
      probe: "snapshot-read",
      family: "trespass",
      routes: ["name"],
      credentials: ["own", "target"],
      goal: "data",
      contacts: "target",
      proves: "the far region's snapshots cannot be looked up",
    },
    {
      ...byOwn,
      probe: "snapshot-pull",
      family: "trespass",
      contacts: "own",
      about: "authorization",
      proves: "no snapshot of the far region can be copied here",
    },
    {
      ...byOwn,
      probe: "snapshot-push",
      family: "send",
      contacts: "target",
      about: "authorization",
      proves: "no own snapshot can be copied into the far region",
    },
    {
      ...byOwn,
      probe: "snapshot-restore",
      family: "trespass",
      contacts: "own",
      about: "authorization",
      proves: "no snapshot of the far region can be restored here",
    },
    {
      ...byOwn,
      probe: "backup-copy",
      family: "send",
      contacts: "own",
      about: "authorization",
      proves: "no backup can be copied into the far region's vault",
    },
    {
      ...inside,
      probe: "snapshot-stray",
      looksFor: "canaries",
      family: "stray",
      perOtherRegion: true,
      proves: "no snapshot with another region's canary in the own region",
    },
    {
      ...inside,
      probe: "snapshot-links",
      looksFor: "links",
      family: "stray",
      proves: "no snapshot or automated backup came from abroad, goes there, or is shared with everybody",
    },
    {
      ...inside,
      probe: "backup-links",
      looksFor: "links",
      family: "stray",
      proves: "no backup plan copies to a vault outside the region",
    },
    {
      ...inside,
      probe: "snapshot-wiring",
      looksFor: "place",
      family: "wiring",
      proves: "the own snapshots are in the own region",
    },
  ],
  prepare: () => Promise.all([import("@aws-sdk/client-rds"), import("@aws-sdk/client-backup")]),
  contact: ({ host, backup, port }, { probe }) => ({
    host: probe.startsWith("backup-") ? backup : host,
    port,
  }),
  run(context) {
    const way = crossingWays[context.item.probe] ?? lookInside;
    return way(context);
  },
  explain: (error, ladder) => explainAws(error, ladder, { beyond }),
});

/** Errors that only those get who were let in. Sources: Amazon RDS API Reference, CopyDBSnapshot and
 *  RestoreDBInstanceFromDBSnapshot, "Errors"; AWS Backup API Reference, StartCopyJob, "Errors". */
const beyond: ReadonlySet<string> = new Set([
  "DBSnapshotNotFound",
  "DBSnapshotNotFoundFault",
  "DBSnapshotAlreadyExists",
  "DBSnapshotAlreadyExistsFault",
  "DBInstanceAlreadyExists",
  "DBInstanceAlreadyExistsFault",
  "InvalidDBSnapshotState",
  "InvalidDBSnapshotStateFault",
  "InvalidParameterCombination",
  "InvalidParameterValue",
  "InvalidParameterValueException",
  "InvalidRequestException",
  "InsufficientDBInstanceCapacity",
  "InsufficientDBInstanceCapacityFault",
  "InstanceQuotaExceeded",
  "InstanceQuotaExceededFault",
  "KMSKeyNotAccessibleFault",
  "LimitExceededException",
  "ResourceNotFoundException",
  "SnapshotQuotaExceeded",
  "SnapshotQuotaExceededFault",
]);
