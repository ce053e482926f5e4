import { z } from "zod";
import { HostName } from "../core/residency-map.ts";
import { accessKey, awsEndpoint, clientSettings } from "./aws-client.ts";
import type { TryContext } from "./probe.ts";

export const SnapshotsEndpoint = z.strictObject({
  ...awsEndpoint,
  host: HostName.describe("The regional RDS endpoint, such as rds.eu-central-1.amazonaws.com"),
  backup: HostName.describe("The regional AWS Backup endpoint, such as backup.eu-central-1.amazonaws.com"),
  snapshot: z.string().min(1).max(255).describe("A snapshot of an empty database, tagged with the canary"),
  vault: z.string().min(2).max(64).describe("The backup vault, tagged with the canary, too"),
  copyRole: z.string().startsWith("arn:").describe("The role that copy jobs of the region run with"),
  credentials: z.strictObject({
    own: accessKey.describe("The strongest the region's workload holds: it may copy and restore at home"),
    canary: accessKey.describe("Describes the canary snapshot and nothing else; the other regions try it"),
  }),
});
export type SnapshotsEndpoint = z.infer<typeof SnapshotsEndpoint>;
export type SnapshotsContext = TryContext<SnapshotsEndpoint>;

/** The tag of the snapshot and of the vault whose value is the canary. */
export const canaryTag = "ringfence-canary";

export function snapshotArn({ region, account, snapshot }: SnapshotsEndpoint): string {
  return `arn:aws:rds:${region}:${account}:snapshot:${snapshot}`;
}

export function vaultArn({ region, account, vault }: SnapshotsEndpoint): string {
  return `arn:aws:backup:${region}:${account}:backup-vault:${vault}`;
}

/** Settings for a client of one side's endpoint, with the keys of the vector. */
export function settingsFor(
  { item, own, target, address, ladder, secret }: SnapshotsContext,
  endpoint: SnapshotsEndpoint,
  host: string,
) {
  const pair = item.vector.credentials === "target" ? target.credentials.canary : own.credentials.own;
  const keys = { accessKeyId: secret(pair.accessKeyId), secretAccessKey: secret(pair.secretAccessKey) };
  return clientSettings(endpoint, { host, address, ladder, keys });
}
